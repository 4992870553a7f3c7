"""The history of one task, and what the page of a run says about its schedule (T-17, T-23)."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tasks_app import task_history
from tasks_app.models import RunStatus
from tasks_app.tests.task_page_helpers import HTMX, active_run, ended_run, sample_task, schedule_of

pytestmark = pytest.mark.django_db
URL = "/settings/scheduled-tasks/sample/history/"


@pytest.fixture(autouse=True)
def sample():
    with sample_task() as task:
        yield task


def rows_of(text):
    return [int(number) for number in re.findall(r'href="/tasks/runs/(\d+)/">', text)]


def test_ten_runs_first_then_fifty_more_newest_first_without_those_at_work(alice):
    ids = [ended_run().pk for _ in range(75)][::-1]
    ended_run(task_id="other")
    active_run()
    panel = alice.get(URL, headers=HTMX).content.decode()
    assert rows_of(panel) == ids[:10]
    assert "75 runs · 100 % succeeded" in panel
    more = re.search(r'hx-get="([^"]+before=\d+)"', panel)[1]
    rows = alice.get(more, headers=HTMX).content.decode()
    assert rows_of(rows) == ids[10:60]
    assert "data-panel" not in rows
    last = alice.get(re.search(r'hx-get="([^"]+before=\d+)"', rows)[1], headers=HTMX).content.decode()
    assert rows_of(last) == ids[60:]
    assert "Load more" not in last
    assert "<html" in alice.get(more).content.decode()  # without scripts: a page of its own


def test_the_footer_counts_all_and_rates_the_newest(alice, monkeypatch):
    monkeypatch.setattr(task_history, "RATED_RUNS", 4)
    for status in (RunStatus.FAILED, RunStatus.COMPLETED, RunStatus.CANCELLED, RunStatus.COMPLETED, RunStatus.COMPLETED):
        ended_run(status)
    text = alice.get(URL).content.decode()
    assert "5 runs · 75 % of the last 4 succeeded" in text


def test_a_row_tells_message_error_and_how_late_it_was_escaped_and_masked(alice):
    schedule = schedule_of(name="Nightly <i>")
    now = timezone.now()
    run = ended_run(
        RunStatus.FAILED,
        message="<b>Refused</b> by http://joe:pw@host/",
        error="TIMED_OUT",
        triggered_by="scheduled",
        schedule=schedule,
        started_at=now,
        planned_for=now - timedelta(days=3, hours=7),
        details={"password": "hunter2", "streams": ["<script>"]},
        parameters={"thing_ids": [2, 9], "timeout": 30},
    )
    text = alice.get(URL).content.decode()
    for part in ("&lt;b&gt;Refused&lt;/b&gt; by http://***@host/", "TIMED_OUT", "late by 3d 7h", "Nightly &lt;i&gt;"):
        assert part in text
    assert "hunter2" not in text
    result = alice.get(reverse("tasks:run_result", args=[run.pk])).content.decode()
    assert "hunter2" not in result
    assert "&lt;script&gt;" in result
    assert "Second, #9 (gone)" in result
    page = alice.get(reverse("tasks:run", args=[run.pk])).content.decode()
    for part in ("Sample sample", "late by 3d 7h", "Planned for", "Nightly &lt;i&gt;", "Second, #9 (gone)", "Timeout"):
        assert part in page


def test_a_run_that_took_a_schedule_s_settings_by_hand_says_so(alice):
    run = ended_run(schedule=schedule_of(name="Nightly"), parameters={"thing_ids": []})
    page = alice.get(reverse("tasks:run", args=[run.pk])).content.decode()
    assert "with the settings of <a" in page
    assert "All things" in page
    assert "late by" not in page


def test_a_task_that_is_gone_keeps_its_history_and_one_that_never_was_has_none(alice):
    ended_run(task_id="old_one")
    assert "old_one" in alice.get("/settings/scheduled-tasks/old_one/history/").content.decode()
    assert alice.get("/settings/scheduled-tasks/nope/history/").status_code == 404
    assert "has not run yet" in alice.get(URL).content.decode()


def test_queries_do_not_grow_with_the_history(alice, django_assert_num_queries):
    schedule = schedule_of()
    for _ in range(2):
        ended_run(schedule=schedule)
    alice.get(URL)
    with CaptureQueriesContext(connection) as few:
        alice.get(URL)
    for _ in range(9):
        ended_run(schedule=schedule)
    with django_assert_num_queries(len(few)):
        alice.get(URL)
