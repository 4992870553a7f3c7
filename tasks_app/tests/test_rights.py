"""People who are no administrators (50 U-5): what they may not change directly they may not change by a detour either."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from ecm_site.conf import get_settings
from tasks_app.change_settings import change_settings
from tasks_app.models import JournalEntry, Schedule, TaskRun
from tasks_app.scheduling.catalogue import ensure_tasks
from tasks_app.scheduling.edit_schedules import create_schedule

pytestmark = pytest.mark.django_db
EVERY_HOUR = {"schedule_type": "interval", "interval_seconds": 3600}


@pytest.fixture
def bob(db: None) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_user("bob", password="correct horse"))
    return client


@pytest.fixture
def changed_settings() -> JournalEntry:
    change = change_settings("General", {"time_zone": "Europe/Berlin"})
    return JournalEntry.objects.get(pk=change.entry_id)


def test_settings_are_put_back_by_administrators_only(alice: Client, bob: Client, changed_settings: JournalEntry) -> None:
    address = reverse("journal:undo", args=[changed_settings.pk])
    dialog = bob.get(address, headers={"HX-Request": "true"})
    assert "only they can undo it" in dialog.content.decode()
    assert 'type="submit"' not in dialog.content.decode()
    assert bob.post(address).status_code == 403
    assert get_settings().time_zone == "Europe/Berlin"
    assert alice.post(address).status_code == 302
    with_undone = JournalEntry.objects.get(pk=changed_settings.pk)
    assert with_undone.undone_by_id is not None


def test_neither_as_part_of_a_batch(alice: Client, bob: Client, changed_settings: JournalEntry) -> None:
    JournalEntry.objects.filter(pk=changed_settings.pk).update(batch_id="b1")
    address = reverse("journal:undo_batch", args=["b1"])
    assert [bob.get(address).status_code, bob.post(address).status_code] == [403, 403]
    assert JournalEntry.objects.get(pk=changed_settings.pk).undone_by_id is None
    assert alice.post(address).status_code == 302


def test_the_clean_up_deletes_the_journal_for_administrators_only(alice: Client, bob: Client) -> None:
    ensure_tasks()
    schedule = create_schedule("cleanup", EVERY_HOUR)
    kept = Schedule.objects.count()
    json = {"content_type": "application/json"}
    tries = [
        bob.post("/api/tasks/cleanup/run", {"parameters": {"journal_days": 1}}, **json),
        bob.patch("/api/tasks/cleanup", {"configuration": {"journal_days": 1}}, **json),
        bob.post("/api/tasks/cleanup/schedules", EVERY_HOUR, **json),
        bob.patch(f"/api/tasks/cleanup/schedules/{schedule.pk}", {"parameters": {"journal_days": 1}}, **json),
        bob.delete(f"/api/tasks/cleanup/schedules/{schedule.pk}"),
        bob.post(reverse("tasks:run_now", args=["cleanup"])),
        bob.post(reverse("tasks:task_save", args=["cleanup"])),
        bob.post(reverse("tasks:task_switch", args=["cleanup"])),
        bob.post(reverse("tasks:schedule_add", args=["cleanup"])),
        bob.post(reverse("tasks:schedule_edit", args=[schedule.pk])),
        bob.post(reverse("tasks:schedule_run", args=[schedule.pk])),
        bob.post(reverse("tasks:schedule_switch", args=[schedule.pk])),
        bob.post(reverse("tasks:schedule_delete", args=[schedule.pk])),
    ]
    assert [answer.status_code for answer in tries] == [403] * len(tries)
    assert tries[0].json() == {"detail": "Only administrators may start or change Database Cleanup."}
    assert (TaskRun.objects.count(), Schedule.objects.count()) == (0, kept)
    assert bob.get("/api/tasks/cleanup").status_code == 200
    assert alice.post("/api/tasks/cleanup/run", {"parameters": {"journal_days": 1}}, **json).status_code == 202


def test_other_tasks_are_for_everybody(bob: Client) -> None:
    ensure_tasks()
    assert bob.post("/api/tasks/m3u_refresh/schedules", EVERY_HOUR, content_type="application/json").status_code == 201


@pytest.mark.parametrize("address", ["/api/tasks/m3u_refresh/schedules", "/api/notifications", "/api/alert-methods"])
def test_half_a_letter_is_refused_and_no_error_of_ours(alice: Client, address: str) -> None:
    body = r'{"name": "\ud800", "message": "\ud800", "schedule_type": "interval", "interval_seconds": 3600}'
    assert alice.post(address, body, content_type="application/json").status_code in (400, 422)


def test_neither_is_a_nul_in_a_search(alice: Client) -> None:
    answer = alice.get("/api/journal", {"search": "a\0b"})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["search"])
