"""Settings → Scheduled tasks: the cards, what keeps them fresh, the editor of a task."""

import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tasks_app.models import JournalEntry, RunStatus, Schedule, Task, TaskRun, WorkerBeat
from tasks_app.tests.task_page_helpers import HTMX, active_run, ended_run, sample_task, schedule_of

pytestmark = pytest.mark.django_db
PAGE = "/settings/scheduled-tasks/"
LIVE = "/settings/scheduled-tasks/live/"


@pytest.fixture
def sample():
    with sample_task() as task:
        yield task


def page_of(client, query=""):
    return client.get(PAGE + query).content.decode()


def seen_in(page, *task_ids):
    """The stamps of the parts of some cards, as the page's poller sends them."""
    stamps = re.findall(r'name="seen" form="task-poller" value="([^"]+)"', page)
    return [stamp for stamp in stamps if not task_ids or stamp.split(":")[1] in task_ids]


def card_in(page, task_id="sample"):
    start = page.index(f'id="task-{task_id}"')
    return page[start : page.index("</section>", start)]


def test_a_card_says_when_the_task_runs_when_it_ran_and_how_it_is(alice, sample):
    card = card_in(page_of(alice))
    for text in ("Sample sample", "Does samples.", "Enabled", "No schedule", "Never", "Idle", "Run now…"):
        assert text in card
    schedule_of(schedule_time="09:30")
    ended_run(RunStatus.FAILED, message="Refused by http://joe:pw@host/")
    card = card_in(page_of(alice))
    for text in ("Daily at 9:30 AM", "Failed", "just now", "http://***@host/"):
        assert text in card
    assert re.search(r"in \d+[mh]<", card)
    for hour in ("10:00", "11:00"):
        schedule_of(schedule_time=hour, name=f"At {hour} <i>")
    card = card_in(page_of(alice))
    assert "3 schedules active" in card
    assert "At 11:00 &lt;i&gt;" in card
    assert "<i>" not in card
    Task.objects.filter(task_id="sample").update(enabled=False)
    card = card_in(page_of(alice))
    assert "Disabled" in card
    assert card.count("Disabled") == 2  # the badge, and in place of the next run (T-5)


def test_what_is_overdue_or_cannot_run_is_said_on_the_card(alice, sample):
    late = schedule_of()
    Schedule.objects.filter(pk=late.pk).update(next_run_at=timezone.now() - timedelta(hours=1))
    assert "Overdue" in card_in(page_of(alice))
    run = active_run()
    Schedule.objects.filter(pk=late.pk).update(pending_run=run)
    assert "Overdue" not in card_in(page_of(alice))
    run.delete()
    Schedule.objects.filter(pk=late.pk).update(next_run_at=None, problem="The zone Mars/Base is gone.")
    card = card_in(page_of(alice))
    assert "Cannot run" in card
    assert "The zone Mars/Base is gone." in card


def test_a_damaged_schedule_does_not_take_the_page_down(alice, sample):
    broken = schedule_of()
    Schedule.objects.filter(pk=broken.pk).update(schedule_type="cron", cron_expression="nonsense", schedule_time="")
    assert "its rule cannot be read" in card_in(page_of(alice))


def test_the_address_opens_the_editor_of_a_task_and_an_unknown_one_opens_none(alice, sample):
    page = page_of(alice, "?task=sample")
    assert "Edit Sample sample" in page
    assert page.count("data-panel=") == 1
    assert "data-panel=" not in page_of(alice, "?task=nope")
    assert alice.get(reverse("tasks:task_panel", args=["sample"])).url == f"{PAGE}?task=sample#task-sample"
    panel = alice.get(reverse("tasks:task_panel", args=["sample"]), headers=HTMX).content.decode()
    assert panel.lstrip().startswith("<div")
    assert alice.get(reverse("tasks:task_panel", args=["nope"])).status_code == 404


def test_the_poller_gets_nothing_while_nothing_changes(alice, sample, time_machine_at):
    schedule_of()
    ended_run()
    page = page_of(alice, "?task=sample")
    assert {stamp.split(":")[0] for stamp in seen_in(page, "sample")} == {"head", "strip", "schedules"}
    answer = alice.get(LIVE, {"seen": seen_in(page), "pace": "5"}, headers=HTMX)
    assert answer.status_code == 204


def test_the_poller_gets_just_the_parts_that_changed_and_asks_faster_while_something_runs(alice, sample, time_machine_at):
    page = page_of(alice)
    seen = seen_in(page)
    run = active_run(phase="probing", current=4, total=10, current_item="http://joe:pw@h/x")
    answer = alice.get(LIVE, {"seen": seen, "pace": "5"}, headers=HTMX)
    body = answer.content.decode()
    assert 'hx-trigger="every 2s' in body
    assert f'name="run" value="{run.pk}"' in body
    assert re.findall(r'id="part-(\w+)-(\w+)"', body) == [("head", "sample"), ("strip", "sample")]
    assert "hx-swap-oob" in body
    assert "4 of 10 (40.0 %)" in body
    assert "http://***@h/x" in body
    run.status, run.message, run.completed_at = RunStatus.COMPLETED, "Did <b>ten</b>.", timezone.now()
    run.save()
    body = alice.get(LIVE, {"seen": seen_in(body), "pace": "2", "run": [run.pk]}, headers=HTMX).content.decode()
    assert 'hx-trigger="every 5s' in body
    assert "Active : Did &lt;b&gt;ten&lt;/b&gt;." in body.split('id="announcer"')[1]


def test_the_poller_survives_nonsense(alice, sample):
    odd = {"seen": ["", "a:b", "head:sample", "nope:sample:1", "head:nope:1", "x" * 500], "run": ["x", "9" * 30], "pace": "z"}
    assert alice.get(LIVE, odd, headers=HTMX).status_code == 200


def test_queries_do_not_grow_with_schedules_runs_or_history(alice, sample, django_assert_num_queries):
    def grow(count, start):
        for number in range(start, start + count):
            row = schedule_of(name=f"Schedule {number}", schedule_time=f"{number % 24:02}:00")
            ended_run(schedule=row)
            active_run(key=str(number))

    grow(2, 0)
    page_of(alice, "?task=sample")
    with CaptureQueriesContext(connection) as few:
        page = page_of(alice, "?task=sample")
    with CaptureQueriesContext(connection) as few_live:
        alice.get(LIVE, {"seen": [f"{part}x" for part in seen_in(page)]}, headers=HTMX)
    grow(12, 2)
    with django_assert_num_queries(len(few)):
        page_of(alice, "?task=sample")
    with django_assert_num_queries(len(few_live)):
        alice.get(LIVE, {"seen": [f"{part}x" for part in seen_in(page)]}, headers=HTMX)


def test_a_card_with_fifty_schedules_names_the_next_five(alice, sample):
    for number in range(50):
        schedule_of(name=f"Number {number:02}", schedule_time=f"{number % 24:02}:{number % 60:02}")
    card = card_in(page_of(alice))
    assert "50 schedules active" in card
    assert "and 45 more" in card
    assert len(re.findall(r"<span[^>]*>Number", card)) == 5


def test_switching_a_task_off_works_with_and_without_scripts(alice, sample):
    url = reverse("tasks:task_switch", args=["sample"])
    answer = alice.post(f"{url}?on=0")
    assert answer.url == f"{PAGE}?task=sample#task-sample"
    assert Task.objects.get(task_id="sample").enabled is False
    answer = alice.post(f"{url}?on=1", headers=HTMX)
    assert 'aria-checked="true"' in answer.content.decode()
    assert {"tasks:changed", "toasts"} <= set(json.loads(answer["HX-Trigger"]))
    assert Task.objects.get(task_id="sample").enabled is True
    assert JournalEntry.objects.filter(entity_type="task_settings").count() == 2
    assert alice.get(url).status_code == 405


def test_messages_alerts_and_configuration_are_saved_together(alice, sample):
    url = reverse("tasks:task_save", args=["sample"])
    given = {
        "show_notifications": "on",
        "alert_on_error": "on",
        "p-thing_ids-all": "0",
        "p-thing_ids": ["2"],
        "p-timeout": "30",
    }
    assert alice.post(url, given).status_code == 302
    row = Task.objects.get(task_id="sample")
    assert (row.show_notifications, row.send_alerts, row.alert_on_error, row.send_to_email) == (True, False, True, False)
    assert row.configuration == {"thing_ids": [2], "timeout": 30}
    page = page_of(alice, "?task=sample")
    assert re.search(r'value="2" checked', page)
    assert "&lt;b&gt;Third&lt;/b&gt;" in page
    assert 'value="30"' in page
    assert "Nothing was changed." in alice.post(url, given, headers=HTMX)["HX-Trigger"]
    given |= {"p-thing_ids-all": "1", "p-timeout": ""}
    assert alice.post(url, given, headers=HTMX).status_code == 200
    assert Task.objects.get(task_id="sample").configuration == {"thing_ids": []}


def test_what_is_wrong_with_the_configuration_is_said_beside_its_field_and_nothing_is_saved(alice, sample):
    url = reverse("tasks:task_save", args=["sample"])
    wrong = {"send_alerts": "", "p-thing_ids-all": "0", "p-timeout": "4"}
    for headers in (HTMX, {}):
        answer = alice.post(url, wrong, headers=headers)
        assert answer.status_code == 422
        text = answer.content.decode()
        assert "Choose at least one, or “All things”." in text
        assert "greater than or equal to 5" in text
    assert Task.objects.get(task_id="sample").send_alerts is True
    assert alice.post(url, {"p-thing_ids-all": "0", "p-thing_ids": ["99"]}, headers=HTMX).status_code == 422


def test_cancel_asks_every_run_of_the_task_to_stop(alice, sample):
    running, waiting, other = active_run(key="1"), active_run(RunStatus.QUEUED, key="2"), active_run(task_id="other")
    assert "Cancel" in card_in(page_of(alice))
    url = reverse("tasks:task_cancel", args=["sample"])
    answer = alice.post(url, headers=HTMX)
    assert answer.status_code == 204
    assert "runs:changed" in json.loads(answer["HX-Trigger"])
    running.refresh_from_db()
    waiting.refresh_from_db()
    other.refresh_from_db()
    assert (running.cancel_requested, waiting.status, other.cancel_requested) == (True, "cancelled", False)
    assert "Cancelling…" in card_in(page_of(alice))
    TaskRun.objects.all().delete()
    assert "was not running any more" in alice.post(url, headers=HTMX)["HX-Trigger"]
    assert alice.post(url, {"next": "https://evil.example/"}).url == PAGE
    assert alice.post(reverse("tasks:task_cancel", args=["nope"])).status_code == 404


def test_the_tasks_page_leads_to_the_schedules_and_says_what_comes_next(alice, sample):
    schedule_of()
    page = alice.get(reverse("tasks:runs")).content.decode()
    assert f"{PAGE}?task=sample#task-sample" in page
    assert re.search(r"Next in \d+[mh]", page)


def test_the_header_counts_what_keeps_work_from_being_done_and_says_it_in_words(alice, sample):
    page = page_of(alice)
    assert "Background work: 1 problem" in page  # no worker
    assert "Start ECM" in page
    WorkerBeat.objects.create(worker="here:1@1")
    assert "Background work: all is well" in page_of(alice)
    late = schedule_of(name="Nightly")
    Schedule.objects.filter(pk=late.pk).update(next_run_at=timezone.now() - timedelta(hours=7))
    for name in ("tasks:health", "tasks:health_panel", "tasks:problems_part"):
        text = alice.get(reverse(name)).content.decode()
        assert "Nightly" in text
        assert reverse("tasks:schedule_edit", args=[late.pk]) in text
    mark = reverse("tasks:health_mark")
    assert alice.get(mark, {"seen": "1"}, headers=HTMX).status_code == 204
    assert "1 problem" in alice.get(mark, {"seen": "0"}, headers=HTMX).content.decode()
