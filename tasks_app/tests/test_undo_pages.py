"""Undoing from the journal page: what will be restored is shown first; conflicts are told where one looks."""

import json

import pytest
from django.urls import reverse

from tasks_app.models import JournalEntry, TaskRun, WorkerBeat
from tasks_app.tests.helpers import known_undo, undo_beat
from tasks_app.tests.test_undo import renamed
from tasks_app.views import undo as undo_views

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def beats_can_be_undone():
    with known_undo("beat", undo_beat):
        yield


def toasts(response):
    return [item["text"] for item in json.loads(response["HX-Trigger"])["toasts"]["items"]]


def test_the_dialog_shows_what_will_be_restored_and_changes_nothing(alice):
    entry = renamed(old="the old name", new="the new name")
    page = alice.get(reverse("journal:undo", args=[entry.pk])).content.decode()
    assert "the old name" in page
    assert "<html" in page  # a plain link gets a page of its own
    part = alice.get(reverse("journal:undo", args=[entry.pk]), headers=HTMX).content.decode()
    assert "<html" not in part
    assert WorkerBeat.objects.get().worker == "the new name"


def test_undoing_says_so_and_tells_the_page_to_refresh(alice):
    entry = renamed()
    response = alice.post(reverse("journal:undo", args=[entry.pk]), headers={**HTMX, "HX-Target": "undo-form"})
    assert response.status_code == 204
    assert {"dialog:close", "journal:changed", "toasts"} <= json.loads(response["HX-Trigger"]).keys()
    assert toasts(response) == ["Undone: rename of beat 1"]
    assert JournalEntry.objects.order_by("-pk")[0].user_name == "alice"


def test_without_script_undoing_leads_back_to_the_journal(alice):
    response = alice.post(reverse("journal:undo", args=[renamed().pk]))
    assert (response.status_code, response.url) == (302, reverse("journal:list"))


def test_a_conflict_is_foreseen_in_the_dialog_and_told_when_it_comes_later(alice):
    entry = renamed()
    WorkerBeat.objects.update(worker="zzz")
    dialog = alice.get(reverse("journal:undo", args=[entry.pk]), headers=HTMX).content.decode()
    assert "it is called zzz now." in dialog
    assert 'type="submit"' not in dialog
    late = alice.post(reverse("journal:undo", args=[entry.pk]), headers={**HTMX, "HX-Target": "undo-form"})
    assert late.status_code == 422
    assert "it is called zzz now." in late.content.decode()


def test_a_conflict_after_undo_in_a_toast_is_told_as_a_toast(alice):
    entry = renamed()
    WorkerBeat.objects.update(worker="zzz")
    response = alice.post(reverse("journal:undo", args=[entry.pk]), headers=HTMX)
    assert response.status_code == 204
    assert toasts(response) == ["“beat 1”: it is called zzz now."]


def test_a_batch_shows_its_changes_and_reports_what_stayed(alice):
    renamed(1, "a", "b", "batch001")
    renamed(2, "c", "d", "batch001")
    WorkerBeat.objects.filter(pk=2).update(worker="zzz")
    url = reverse("journal:undo_batch", args=["batch001"])
    dialog = alice.get(url, headers=HTMX).content.decode()
    assert "2 changes will be taken back" in dialog
    report = alice.post(url, headers={**HTMX, "HX-Target": "undo-form"})
    assert report.status_code == 200
    assert "1 change undone, 1 left as it is" in report.content.decode()
    assert "it is called zzz now." in report.content.decode()
    assert "journal:changed" in report["HX-Trigger"]
    again = alice.get(reverse("journal:undo_batch", args=["unknown"]), headers=HTMX)
    assert "nothing left to undo" in again.content.decode()


def test_a_batch_undone_from_a_toast_tells_in_a_toast_what_stayed(alice):
    renamed(1, "a", "b", "batch001")
    renamed(2, "c", "d", "batch001")
    WorkerBeat.objects.filter(pk=2).update(worker="zzz")
    response = alice.post(reverse("journal:undo_batch", args=["batch001"]), headers=HTMX)
    assert response.status_code == 204
    [told] = toasts(response)
    assert told == "1 change undone, 1 not. “beat 2”: it is called zzz now."


def test_a_large_batch_becomes_a_run(alice, monkeypatch):
    monkeypatch.setattr(undo_views, "AT_ONCE", 1)
    renamed(1, "a", "b", "batch001")
    renamed(2, "c", "d", "batch001")
    url = reverse("journal:undo_batch", args=["batch001"])
    assert "go on in the background" in alice.get(url).content.decode()
    response = alice.post(url)
    run = TaskRun.objects.get()
    assert response.url == reverse("tasks:run", args=[run.pk])
    assert (run.task_id, run.parameters, run.title) == (
        "undo_batch",
        {"batch_id": "batch001"},
        "Undo a bulk change – batch batch001",
    )
    assert alice.post(url).url == response.url  # a second click leads to the same run


def test_the_run_that_undoes_a_batch_reports_conflicts(alice):
    from tasks_app.engine import run_here

    renamed(1, "a", "b", "batch001")
    renamed(2, "c", "d", "batch001")
    WorkerBeat.objects.filter(pk=2).update(worker="zzz")
    run = run_here("undo_batch", {"batch_id": "batch001"})
    assert (run.status, run.severity, run.success_count, run.failed_count) == ("completed", "warning", 1, 1)
    assert run.details["conflicts"] == ["“beat 2”: it is called zzz now."]
