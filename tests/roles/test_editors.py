"""Editors reach nothing that is for administrators by another way round: undoing, repeating, stopping."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from ecm_site.roles import Role
from tasks_app.models import JournalEntry, Notification, Task, TaskRun
from tasks_app.models.runs import RunStatus
from tasks_app.scheduling.edit_schedules import create_schedule, delete_schedule
from tasks_app.scheduling.edit_task import change_task
from tests.roles.populated import populate

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(client: Client) -> Client:
    """The administrator; ``bob`` is the editor of the same house."""
    client.force_login(populate()[Role.ADMINISTRATOR])
    return client


@pytest.fixture
def bob(alice: Client) -> Client:
    editor = Client()
    editor.force_login(User.objects.get(username="bob"))
    return editor


def changed_cleanup() -> JournalEntry:
    change_task("cleanup", enabled=False)
    return JournalEntry.objects.filter(entity_type="task_settings").latest("pk")


def scheduled_cleanup() -> JournalEntry:
    create_schedule("cleanup", {"schedule_type": "interval", "interval_seconds": 86_400})
    return JournalEntry.objects.filter(entity_type="schedule").latest("pk")


def unscheduled_cleanup() -> JournalEntry:
    entry = scheduled_cleanup()
    delete_schedule(entry.entity_id or 0)
    return JournalEntry.objects.filter(entity_type="schedule").latest("pk")


@pytest.mark.parametrize("made", [changed_cleanup, scheduled_cleanup, unscheduled_cleanup])
def test_changes_of_tasks_for_administrators_are_undone_by_them_alone(
    made: Callable[[], JournalEntry], alice: Client, bob: Client
) -> None:
    entry = made()
    undo = reverse("journal:undo", args=[entry.pk])
    assert bob.post(undo).status_code == 403
    entry.refresh_from_db()
    assert entry.undone_by_id is None
    assert alice.post(undo).status_code in (204, 302)
    entry.refresh_from_db()
    assert entry.undone_by_id is not None


def test_nor_as_a_part_of_a_bulk_change(alice: Client, bob: Client) -> None:
    entry = changed_cleanup()
    JournalEntry.objects.filter(pk=entry.pk).update(batch_id="many")
    undo = reverse("journal:undo_batch", args=["many"])
    assert bob.get(undo).status_code == 403
    assert bob.post(undo).status_code == 403
    assert not Task.objects.get(task_id="cleanup").enabled


def test_other_tasks_are_undone_by_editors(bob: Client) -> None:
    change_task("m3u_refresh", enabled=False)
    entry = JournalEntry.objects.filter(entity_type="task_settings").latest("pk")
    assert bob.post(reverse("journal:undo", args=[entry.pk])).status_code in (204, 302)
    assert Task.objects.get(task_id="m3u_refresh").enabled


def test_a_run_of_an_administrator_is_neither_repeated_nor_stopped(alice: Client, bob: Client) -> None:
    failed = TaskRun.objects.create(task_id="cleanup", title="Clean-up", status=RunStatus.FAILED, parameters={})
    told = Notification.objects.create(kind="error", message="The clean-up failed.", run=failed)
    assert bob.post(reverse("notifications:retry", args=[told.pk])).status_code == 403
    assert not TaskRun.objects.filter(task_id="cleanup").exclude(pk=failed.pk).exists()
    under_way = TaskRun.objects.create(
        task_id="switch_dispatcharr", title="Connect", lock_key="mirror", status=RunStatus.RUNNING
    )
    stop = reverse("tasks:run_cancel", args=[under_way.pk])
    assert bob.post(stop).status_code == 403
    under_way.refresh_from_db()
    assert not under_way.cancel_requested
    alice.post(stop)
    under_way.refresh_from_db()
    assert under_way.cancel_requested


def test_programs_of_editors_cannot_either(bob: Client) -> None:
    for task_id in ("cleanup", "switch_dispatcharr"):
        for verb in ("run", "cancel"):
            answer = bob.post(f"/api/tasks/{task_id}/{verb}", {}, content_type="application/json")
            assert answer.status_code in (403, 404), f"{task_id} {verb}: {answer.status_code}"
    for task_id in ("journal_purge", "undo_batch", "answer_outbox"):
        answer = bob.post(f"/api/tasks/{task_id}/run", {}, content_type="application/json")
        assert answer.status_code == 404, f"{task_id}: {answer.status_code}"
    assert not TaskRun.objects.exclude(pk=1).exists()
    assert not JournalEntry.objects.filter(action_type="purge").exists()


def test_pages_say_for_whom_stopping_and_repeating_is(bob: Client) -> None:
    failed = TaskRun.objects.create(task_id="cleanup", title="Clean-up", status=RunStatus.FAILED)
    Notification.objects.create(kind="error", message="It failed.", run=failed, metadata={"retry": True})
    assert f'data-for="administrators" method="post" action="/notifications/{Notification.objects.latest("pk").pk}/retry/"' in (
        bob.get(reverse("notifications:list")).content.decode()
    )
    for task_id, whom in (("switch_dispatcharr", "administrators"), ("m3u_refresh", "editors")):
        run = TaskRun.objects.create(task_id=task_id, title="Now", lock_key=task_id, status=RunStatus.RUNNING)
        assert f'<form data-for="{whom}"' in bob.get(reverse("tasks:run_progress", args=[run.pk])).content.decode()
