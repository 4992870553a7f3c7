"""A real worker takes queued runs, shows their progress and stores how they ended."""

import pytest

from tasks_app.engine import AlreadyRunning, start_run
from tasks_app.models import JournalEntry, RunStatus, TaskRun
from tasks_app.tests.workers import wait_for

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


def ended(run: TaskRun) -> bool:
    run.refresh_from_db()
    return not run.is_active


def test_a_queued_run_is_taken_within_seconds_and_shows_where_it_stands(start_worker):
    start_worker()
    run = start_run("demo_count", {"steps": 20, "seconds": 0.15})

    def under_way():
        run.refresh_from_db()
        return 0 < run.current < 20

    wait_for(under_way, 6)
    assert (run.status, run.phase, run.total) == (RunStatus.RUNNING, "counting", 20)
    assert run.current_item.startswith("step")
    assert [line.text for line in run.log_lines.all()] == ["[DEMO] Counting to 20"]  # the log is there while it works

    wait_for(lambda: ended(run), 10)
    assert (run.status, run.severity, run.current, run.success_count) == (RunStatus.COMPLETED, "success", 20, 20)
    assert run.message == "Counted to 20."
    rows = JournalEntry.objects.filter(entity_type="task_run", entity_id=run.pk).order_by("pk")
    assert [row.action_type for row in rows] == ["start", "complete"]


def test_the_same_work_is_not_started_a_second_time_while_it_is_active(start_worker, demo_tasks):
    start_worker()
    run = start_run("demo_count", {"key": "a", "steps": 20})
    with pytest.raises(AlreadyRunning) as refused:
        start_run("demo_count", {"key": "a"})
    assert refused.value.run.pk == run.pk

    other = start_run("demo_count", {"key": "b", "steps": 1})
    wait_for(lambda: ended(other), 6)
    wait_for(lambda: ended(run), 10)
    again = start_run("demo_count", {"key": "a", "steps": 1})
    wait_for(lambda: ended(again), 6)
    assert TaskRun.objects.count() == 3


def test_a_failing_task_leaves_a_masked_message_and_its_traceback_in_the_log(start_worker):
    worker = start_worker()
    run = start_run("demo_fail")
    wait_for(lambda: ended(run), 6)
    assert (run.status, run.severity, run.success) == (RunStatus.FAILED, "error", False)
    assert run.message.startswith("cannot fetch http://***@provider.example/")
    log = "\n".join(run.log_lines.values_list("text", flat=True))
    assert "Traceback" in log
    journal = " ".join(JournalEntry.objects.values_list("description", flat=True))
    for place in (run.message, log, journal, worker.output()):
        assert "hunter2" not in place


def test_two_workers_never_do_a_run_twice(start_worker, demo_tasks):
    start_worker()
    start_worker()
    runs = [start_run("demo_count", {"key": str(number), "steps": 1, "seconds": 0.05}) for number in range(12)]
    for run in runs:
        wait_for(lambda run=run: ended(run), 20)
    assert {run.status for run in runs} == {RunStatus.COMPLETED}
    begun = [line.split()[0] for line in (demo_tasks / "begun").read_text().splitlines()]
    assert sorted(begun, key=int) == [str(number) for number in range(12)]
