"""What the bell tells about runs: one line each, closed with the outcome, quiet where nobody waits (50 §3.2, T-22, T-24)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tasks_app.engine import request_cancel, run_here
from tasks_app.healing import heal_interrupted_runs
from tasks_app.journal import log_entry
from tasks_app.models import Notification, RunStatus, Task, TaskRun, Trigger
from tasks_app.notifications import run_notices, store
from tasks_app.notifications.change_notifications import mark_all_read
from tasks_app.registry import TaskResult
from tasks_app.tests.helpers import known_task, known_undo, undo_beat

pytestmark = pytest.mark.django_db


def fine(task):
    return TaskResult(True, "All done.", success_count=3)


def broken(task):
    raise ValueError("cannot reach http://user:hunter2@provider.example/")


def run_of(body, trigger=Trigger.MANUAL, task_id="sample", parameters=None, **attributes):
    with known_task(body, task_id, **attributes):
        return run_here(task_id, parameters, triggered_by=trigger)


def the_only_one() -> Notification:
    return Notification.objects.get()


def test_a_run_has_one_live_line_that_becomes_its_outcome():
    seen = []

    def look(task):
        row = the_only_one()
        seen.append((row.pk, row.live, row.kind, row.source, row.source_id, row.title))
        task.progress.report(phase="counting", current=4, total=8)
        return TaskResult(True, "All done.", success_count=3)

    run = run_of(look)
    row = the_only_one()
    assert seen == [(row.pk, True, "info", "task_sample", str(run.pk), "Sample sample")]
    assert (row.live, row.kind, row.message, row.run_id, row.read) == (False, "success", "All done.", run.pk, False)
    assert row.metadata["success_count"] == 3
    assert (row.metadata["current"], row.metadata["total"], row.metadata["percentage"]) == (4, 8, 50.0)
    assert row.expires_at == run.completed_at + timedelta(days=7)
    assert "toast" not in row.metadata


def swallow_stop(task):
    request_cancel(TaskRun.objects.get().pk)
    for _ in range(200):
        task.progress.report(phase=str(_))
    task.progress.raise_if_cancelled()
    return TaskResult(True, "")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (fine, "success"),
        (lambda task: TaskResult(True, "", success_count=8, failed_count=2), "warning"),
        (lambda task: TaskResult(False, "No.", failed_count=5), "error"),
        (broken, "error"),
        (swallow_stop, "warning"),
    ],
    ids=["success", "failed items", "reported failure", "exception", "cancelled"],
)
def test_the_outcome_decides_the_severity(body, kind):
    run_of(body)
    assert the_only_one().kind == kind


def test_a_failure_offers_to_try_again_pops_up_for_who_started_it_and_hides_secrets():
    run_of(broken)
    row = the_only_one()
    assert row.metadata["retry"] is True
    assert row.metadata["toast"] is True
    assert row.news == row.revision
    assert "hunter2" not in row.message


def test_a_scheduled_failure_leads_to_its_schedule_and_does_not_pop_up():
    run_of(broken, Trigger.SCHEDULED)
    row = the_only_one()
    assert (row.metadata["action_type"], row.metadata["task_id"]) == ("configure_task", "sample")
    assert "toast" not in row.metadata


def test_a_task_that_is_not_started_by_hand_cannot_be_tried_again():
    run_of(broken, by_hand=False)
    assert "retry" not in the_only_one().metadata


@pytest.mark.parametrize("body", [fine, broken])
def test_with_the_bell_off_nothing_is_told(body):
    Task.objects.update_or_create(task_id="sample", defaults={"show_notifications": False})
    run_of(body)
    assert not Notification.objects.exists()


def test_what_a_change_started_is_told_only_when_it_fails():
    run_of(fine, Trigger.EVENT)
    assert not Notification.objects.exists()
    first = run_of(broken, Trigger.EVENT)
    second = run_of(broken, Trigger.EVENT)
    row = the_only_one()
    assert (row.kind, row.count, row.run_id, row.source_id) == ("error", 2, second.pk, str(second.pk))
    assert first.pk != second.pk


def test_a_quiet_task_that_nobody_waits_for_is_told_only_when_it_fails():
    run_of(fine, Trigger.SCHEDULED, quiet=True)
    assert not Notification.objects.exists()
    run_of(broken, Trigger.SCHEDULED, quiet=True)
    assert the_only_one().kind == "error"
    run_of(fine, Trigger.MANUAL, task_id="other", quiet=True)
    assert Notification.objects.get(source="task_other").kind == "success"


def test_a_schedule_that_fires_every_few_minutes_raises_no_line_each_time(time_machine_at):
    start = timezone.now()
    for minute in range(0, 10, 2):
        time_machine_at(start + timedelta(minutes=minute))
        run_of(fine, Trigger.SCHEDULED)
    assert Notification.objects.count() == 1


def test_the_newest_success_of_a_schedule_replaces_the_one_before_and_touches_nothing_else(time_machine_at):
    start = timezone.now()
    by_hand = run_of(fine)
    run_of(fine, Trigger.SCHEDULED, task_id="other")
    for hour in range(3):
        time_machine_at(start + timedelta(hours=hour + 1))
        last = run_of(fine, Trigger.SCHEDULED)
    time_machine_at(start + timedelta(hours=5))
    failed = run_of(broken, Trigger.SCHEDULED)
    rows = Notification.objects.filter(source="task_sample").order_by("run_id")
    assert [(row.run_id, row.kind) for row in rows] == [
        (by_hand.pk, "success"),
        (last.pk, "success"),
        (failed.pk, "error"),
    ]
    assert Notification.objects.filter(source="task_other").count() == 1


def test_the_same_failure_again_counts_up_instead_of_adding_a_line():
    run_of(broken)
    second = run_of(broken)
    row = the_only_one()
    assert (row.count, row.run_id, row.live) == (2, second.pk, False)
    mark_all_read()
    run_of(broken)
    assert sorted(Notification.objects.values_list("count", flat=True)) == [1, 2]


def test_runs_inside_a_run_are_told_only_when_they_fail():
    def outer(task):
        for number in (1, 2):
            run_here("inner", {"number": number}, triggered_by=Trigger.MANUAL)
        return TaskResult(True, "1 of 2 done.", success_count=1, failed_count=1)

    def inner(task):
        return fine(task) if task.parameters["number"] == 1 else broken(task)

    with known_task(inner, "inner"):
        run_of(outer)
    rows = {row.source: row.kind for row in Notification.objects.all()}
    assert rows == {"task_sample": "warning", "task_inner": "error"}


def test_a_killed_run_is_closed_as_an_error_and_the_runs_inside_it_say_nothing_of_their_own():
    outer, inner = (
        TaskRun.objects.create(
            task_id=name,
            lock_key=name,
            title=f"Sample {name}",
            status=RunStatus.RUNNING,
            worker="gone:1@1",
            started_at=timezone.now(),
        )
        for name in ("sample", "inner")
    )
    with known_task(fine), known_task(fine, "inner"):
        run_notices.on_run_started(outer)
        run_notices.on_run_started(inner, inside=outer.pk)
        heal_interrupted_runs(timezone.now())
    row = the_only_one()
    assert (row.run_id, row.live, row.kind, row.message) == (outer.pk, False, "error", "Interrupted by restart.")


def test_a_line_whose_end_was_lost_is_closed_on_the_next_tick(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(run_notices, "_put", lambda *args: None)
        ended = run_of(broken)
        with known_task(fine, "other"):
            gone = run_here("other")
    TaskRun.objects.filter(pk=gone.pk).delete()
    run_notices.close_orphans(timezone.now())
    assert Notification.objects.filter(live=True, run=ended).exists()  # whoever ended it may be about to write that
    run_notices.close_orphans(timezone.now() + timedelta(minutes=2))
    assert not Notification.objects.filter(live=True).exists()
    assert sorted(Notification.objects.values_list("kind", "source_id")) == [("error", str(ended.pk)), ("error", str(gone.pk))]


def test_a_line_of_a_working_run_is_left_alone_by_the_tick():
    run = TaskRun.objects.create(task_id="sample", lock_key="sample", title="Sample", status=RunStatus.RUNNING)
    run_notices.on_run_started(run)
    run_notices.close_orphans(timezone.now() + timedelta(days=1))
    assert the_only_one().live


def test_only_the_newest_is_kept_where_one_is_enough_and_none_when_cancelled():
    run_of(fine, one_notification=True)
    newest = run_of(fine, one_notification=True)
    assert the_only_one().run_id == newest.pk
    TaskRun.objects.exclude(pk=newest.pk).delete()
    TaskRun.objects.all().delete()
    run_of(swallow_stop, one_notification=True)
    assert not Notification.objects.filter(run__isnull=False).exists()


def test_an_undoable_batch_of_a_run_can_be_taken_back_from_its_line():
    def change(task):
        log_entry("task", "create", entity_type="beat", entity_name="x", description="x", batch_id="abcd1234", undoable=True)
        return TaskResult(True, "1 made.", details={"batch_id": "abcd1234"})

    with known_undo("beat", undo_beat):
        run_of(change)
    assert the_only_one().metadata["undo_batch"] == "abcd1234"
    run_of(lambda task: TaskResult(True, "", details={"batch_id": "nothing"}), task_id="other")
    assert "undo_batch" not in Notification.objects.get(source="task_other").metadata


def test_a_task_says_where_its_result_is_seen_and_a_broken_one_costs_only_the_link(caplog):
    def link(cls, parameters, *, succeeded):
        return ("Open account", f"/m3u/{parameters['id']}/{succeeded}/")

    def no_link(cls, parameters, *, succeeded):
        raise LookupError("gone")

    run_of(fine, parameters={"id": 7}, result_link=classmethod(link))
    row = the_only_one()
    assert (row.action_label, row.action_url) == ("Open account", "/m3u/7/True/")
    run_of(fine, task_id="other", result_link=classmethod(no_link))
    other = Notification.objects.get(source="task_other")
    assert (other.kind, other.action_url) == ("success", "")
    assert "cannot say where" in caplog.text


def test_telling_that_fails_never_fails_the_run(monkeypatch):
    def refuse():
        raise RuntimeError("broken")

    monkeypatch.setattr(store, "next_revision", refuse)
    run = run_of(fine)
    assert run.status == RunStatus.COMPLETED
    assert not Notification.objects.exists()
