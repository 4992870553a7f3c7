"""The Tasks page: what runs, what can be run, what ran; starting and stopping from it."""

import json

import pytest
from django import forms
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tasks_app import task_pages
from tasks_app.models import RunStatus, TaskRun, TaskRunLog, WorkerBeat
from tasks_app.registry import TaskResult
from tasks_app.task_pages import history
from tasks_app.tests.helpers import known_task

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def past(status=RunStatus.COMPLETED, task_id="sample", **values):
    now = timezone.now()
    values = {"title": f"Run of {task_id}", "started_at": now, "completed_at": now, **values}
    return TaskRun.objects.create(task_id=task_id, lock_key=task_id, status=status, **values)


def active(number=1, status=RunStatus.RUNNING):
    return TaskRun.objects.create(
        task_id="sample", lock_key=str(number), status=status, title=f"Active {number}", started_at=timezone.now()
    )


def page_of(client, query=""):
    return client.get(reverse("tasks:runs") + query).content.decode()


def test_the_page_shows_active_runs_tasks_and_past_runs(alice):
    active()
    past(message="Fetched http://joe:pw@h/", title="<b>bold</b>")
    with known_task(lambda task: TaskResult(True, ""), description="Does samples."):
        page = page_of(alice)
    for text in ("Active 1", "Sample sample", "Does samples.", "&lt;b&gt;bold", "http://***@h/", "No worker"):
        assert text in page
    assert "<b>bold" not in page
    WorkerBeat.objects.create(worker="here:1@1")
    assert "Worker ready" in page_of(alice)


def test_an_empty_page_says_what_to_expect(alice):
    page = page_of(alice)
    assert "Nothing runs at the moment." in page
    assert "Nothing ran yet" in page


def test_past_runs_are_filtered_by_task_and_outcome(alice):
    past(title="good one")
    past(RunStatus.FAILED, title="bad one")
    past(RunStatus.FAILED, "other", title="other bad one")
    titles = lambda **filters: [run.title for run in history(**filters).runs]  # noqa: E731
    assert titles(status="failed") == ["other bad one", "bad one"]
    assert titles(task_id="sample") == ["bad one", "good one"]
    assert titles(task_id="sample", status="failed") == ["bad one"]
    assert history(task_id="sample").success_rate == 50
    page = page_of(alice, "?task=sample&status=failed")
    assert "bad one" in page
    assert "good one" not in page
    assert "No run matches" in page_of(alice, "?task=nope")
    assert page_of(alice, "?status=odd").count("good one") >= 1


def test_paging_leads_to_every_run_and_back(monkeypatch):
    monkeypatch.setattr(task_pages, "HISTORY_PAGE", 2)
    ids = [past().pk for _ in range(5)][::-1]
    first = history()
    second = history(before=first.older)
    third = history(before=second.older)
    assert [run.pk for part in (first, second, third) for run in part.runs] == ids
    assert (first.newer, third.older) == (0, 0)
    back = history(after=third.newer)
    assert [run.pk for run in back.runs] == [run.pk for run in second.runs]
    assert [run.pk for run in history(after=back.newer).runs] == [run.pk for run in first.runs]
    assert history(after=back.newer).newer == 0


def test_what_runs_is_sent_again_only_when_it_changed(alice):
    run = active()
    url = reverse("tasks:active")
    token = task_pages.active_runs_now().token
    assert alice.get(url, {"seen": token}, headers=HTMX).status_code == 204
    run.status = RunStatus.COMPLETED
    run.save()
    response = alice.get(url, {"seen": token}, headers=HTMX)
    assert response.status_code == 200
    assert "runs:listed" in json.loads(response["HX-Trigger"])


def test_queries_do_not_grow_with_runs(alice, django_assert_num_queries):
    def grow(count, start):
        for number in range(start, start + count):
            run = past(task_id=f"task{number % 7}")
            TaskRunLog.objects.create(run=run, level="INFO", text="x")
            active(number)

    grow(3, 0)
    page_of(alice)
    with CaptureQueriesContext(connection) as few:
        page_of(alice)
    grow(40, 3)
    with django_assert_num_queries(len(few)):
        page_of(alice)


def test_run_now_starts_the_task_in_the_name_of_who_pressed_it(alice):
    with known_task(lambda task: TaskResult(True, "")):
        response = alice.post(reverse("tasks:run_now", args=["sample"]), headers=HTMX)
        assert response.status_code == 204
        assert "runs:changed" in json.loads(response["HX-Trigger"])
        run = TaskRun.objects.get()
        assert (run.status, run.triggered_by, run.user.username) == ("queued", "manual", "alice")
        again = alice.post(reverse("tasks:run_now", args=["sample"]), headers=HTMX)
        assert "already waiting to run" in again["HX-Trigger"]
        assert TaskRun.objects.count() == 1
        assert alice.post(reverse("tasks:run_now", args=["sample"])).status_code == 302


def test_a_task_with_parameters_asks_for_them_and_says_what_is_wrong(alice):
    fields = {"days": forms.IntegerField(min_value=1, max_value=30, label="Days")}
    with known_task(
        lambda task: TaskResult(True, ""),
        default_parameters={"days": 7},
        parameter_fields=classmethod(lambda cls: fields),
    ):
        url = reverse("tasks:run_now", args=["sample"])
        assert 'value="7"' in alice.get(url, headers=HTMX).content.decode()
        wrong = alice.post(url, {"p-days": "99"}, headers=HTMX)
        assert wrong.status_code == 422
        assert "less than or equal to 30" in wrong.content.decode()
        assert alice.post(url, {"p-days": "3"}, headers=HTMX).status_code == 204
        assert TaskRun.objects.get().parameters == {"days": 3}
        busy = alice.post(url, {"p-days": "3"}, headers=HTMX)
        assert busy.status_code == 422
        assert "already waiting" in busy.content.decode()


def test_unknown_tasks_and_those_not_meant_to_be_started_by_hand_are_not_found(alice):
    assert alice.post(reverse("tasks:run_now", args=["nope"])).status_code == 404
    assert alice.post(reverse("tasks:run_now", args=["undo_batch"])).status_code == 404
    assert not TaskRun.objects.exists()
