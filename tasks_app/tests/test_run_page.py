"""The page of one run and its progress bar wherever it is shown."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tasks_app import run_pages
from tasks_app.models import RunStatus, TaskRun, TaskRunLog

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def make(status=RunStatus.RUNNING, **values):
    now = timezone.now()
    ended = {} if status in ("running", "queued") else {"completed_at": now}
    return TaskRun.objects.create(
        task_id="sample",
        lock_key="sample",
        title="Sample <b>",
        status=status,
        started_at=now - timedelta(minutes=1),
        **ended,
        **values,
    )


def part(client, name, run, **query):
    return client.get(reverse(f"tasks:{name}", args=[run.pk]), query, headers=HTMX)


def test_an_active_bar_asks_again_and_an_ended_one_tells_the_page_once(alice):
    run = make(phase="merging", phase_started_at=timezone.now() - timedelta(seconds=10), current=25_000, total=100_000)
    page = part(alice, "run_progress", run).content.decode()
    assert "every 2s" in page
    assert "25,000 of 100,000 (25.0 %)" in page
    assert "about 30 s left" in page
    assert 'aria-valuenow="25"' in page
    TaskRun.objects.update(status=RunStatus.COMPLETED, completed_at=timezone.now(), message="Done http://u:p@h/")
    response = part(alice, "run_progress", run)
    assert "every 2s" not in response.content.decode()
    assert "http://***@h/" in response.content.decode()
    assert json.loads(response["HX-Trigger"])["run:finished"] == {"run": run.pk, "task": "sample", "status": "completed"}


def test_the_page_shows_parameters_counts_log_and_details_masked(alice):
    run = make(
        RunStatus.FAILED,
        message="Failed <script>",
        parameters={"account_ids": [], "url": "http://joe:pw@h/", "token": "abc"},
        details={"first": "http://joe:pw@h/", "count": 3},
        failed_count=1234,
    )
    TaskRunLog.objects.create(run=run, level="ERROR", text="bad <i> http://joe:pw@h/")
    page = alice.get(reverse("tasks:run", args=[run.pk])).content.decode()
    for text in (
        "Sample &lt;b&gt;",
        "Failed &lt;script&gt;",
        "1,234",
        "(all)",
        "bad &lt;i&gt; http://***@h/",
        "&quot;count&quot;: 3",
    ):
        assert text in page
    assert "joe:pw" not in page
    assert "abc" not in page


def test_the_log_grows_while_the_run_works_and_ends_with_it(alice):
    run = make()
    first = TaskRunLog.objects.create(run=run, level="INFO", text="first line")
    page = part(alice, "run_log", run).content.decode()
    assert "first line" in page
    assert f"?after={first.pk}" in page
    TaskRunLog.objects.create(run=run, level="INFO", text="second line")
    page = part(alice, "run_log", run, after=first.pk).content.decode()
    assert "first line" not in page
    assert "second line" in page
    TaskRun.objects.update(status=RunStatus.COMPLETED, completed_at=timezone.now())
    assert "?after=" not in part(alice, "run_log", run, after=first.pk).content.decode()
    assert part(alice, "run_log", run, after="x'--").status_code == 200


def test_a_long_log_opens_at_its_end_and_can_be_read_whole(alice, monkeypatch):
    monkeypatch.setattr(run_pages, "LOG_PAGE", 10)
    run = make(RunStatus.COMPLETED)
    TaskRunLog.objects.bulk_create(TaskRunLog(run=run, level="INFO", text=f"line {number:03}.") for number in range(30))
    page = alice.get(reverse("tasks:run", args=[run.pk])).content.decode()
    assert "20 earlier lines not shown" in page
    assert "line 029." in page
    assert "line 019." not in page
    whole = alice.get(reverse("tasks:run", args=[run.pk]), {"log": "all"}).content.decode()
    assert "line 000." in whole
    assert "not shown" not in whole


def test_cancelling_answers_with_the_bar_or_leads_back(alice):
    run = make()
    response = alice.post(reverse("tasks:run_cancel", args=[run.pk]), headers=HTMX)
    assert "Cancelling" in response.content.decode()
    run.refresh_from_db()
    assert run.cancel_requested
    plain = alice.post(reverse("tasks:run_cancel", args=[run.pk]), {"next": "/m3u/"})
    assert plain.url == "/m3u/"
    outside = alice.post(reverse("tasks:run_cancel", args=[run.pk]), {"next": "https://evil.example/"})
    assert outside.url == reverse("tasks:run", args=[run.pk])
    assert alice.get(reverse("tasks:run_cancel", args=[run.pk])).status_code == 405


def test_a_waiting_run_that_is_cancelled_has_ended_at_once(alice):
    run = make(RunStatus.QUEUED)
    response = alice.post(reverse("tasks:run_cancel", args=[run.pk]), headers=HTMX)
    assert "run:finished" in response["HX-Trigger"]
    run.refresh_from_db()
    assert (run.status, run.message) == (RunStatus.CANCELLED, "Cancelled before it began.")


def test_a_run_that_is_gone_is_not_found(alice):
    for name in ("run", "run_progress", "run_log"):
        assert alice.get(reverse(f"tasks:{name}", args=[999])).status_code == 404
