"""Schedules under real workers: killed in the middle, two at once, a clock that jumps. Nothing is lost or done twice."""

import os
import signal
import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone
from django_q.models import OrmQ

from ecm_site.conf import save_settings
from tasks_app.engine import start_run
from tasks_app.models import JournalEntry, RunStatus, Schedule, Task, TaskRun, Trigger
from tasks_app.process_identity import process_id
from tasks_app.scheduling.dispatch import start_due_schedules
from tasks_app.scheduling.edit_schedules import create_schedule
from tasks_app.tests.workers import exists, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]

HOURLY = {"schedule_type": "interval", "interval_seconds": 3600}


@pytest.fixture(autouse=True)
def quick_ticks():
    save_settings(task_tick_seconds=10)


def due(key, **parameters):
    """A schedule of the demo task that is due since two days."""
    schedule = create_schedule("demo_count", {**HOURLY, "parameters": {"key": key, **parameters}})
    make_due(schedule)
    return schedule


def make_due(schedule):
    Schedule.objects.filter(pk=schedule.pk).update(next_run_at=timezone.now() - timedelta(days=2))


def ended(schedule, number=1, seconds=30):
    """The ``number``-th run of the schedule, once it is over and the schedule knows."""

    def look():
        runs = list(schedule.runs.order_by("pk"))
        schedule.refresh_from_db()
        return len(runs) >= number and not runs[number - 1].is_active and schedule.pending_run is None and runs[number - 1]

    return wait_for(look, seconds, f"run {number} of {schedule}")


def test_two_workers_catch_up_once_and_a_killed_run_neither_repeats_nor_stops_its_schedule(start_worker, demo_tasks):
    schedules = [due("long", steps=300), due("short", steps=1)]
    first, second = start_worker(), start_worker()
    assert Task.objects.filter(task_id="m3u_refresh").exists()  # the catalogue is there as soon as a worker is
    long, short = schedules
    victim = wait_for(lambda: long.runs.filter(status=RunStatus.RUNNING, current__gt=0).first(), 25)
    assert victim.late_by >= timedelta(days=2)
    assert not short.runs.exists()  # of one task, one after the other

    os.kill(process_id(victim.worker), signal.SIGKILL)
    run = ended(long)
    assert (run.status, run.error) == (RunStatus.TERMINATED, "TERMINATED")
    assert (long.pending_run, long.last_run_at) == (None, run.completed_at)
    assert long.next_run_at > timezone.now() + timedelta(minutes=59)
    assert ended(short).status == RunStatus.COMPLETED
    assert TaskRun.objects.count() == 2
    begun = [line.split()[0] for line in (demo_tasks / "begun").read_text().splitlines()]
    assert begun == ["long", "short"]
    told = JournalEntry.objects.filter(category="task", entity_type="task_run").order_by("pk")
    assert [entry.action_type for entry in told] == ["start", "error", "start", "complete"]

    Schedule.objects.filter(pk=long.pk).update(parameters={"key": "long", "steps": 1})
    make_due(long)
    first.kill()  # the other one carries on alone
    assert ended(long, 2).status == RunStatus.COMPLETED
    assert exists(second.process.pid)
    assert TaskRun.objects.count() == 3


def test_a_clock_that_jumps_kills_nothing_loses_nothing_and_repeats_nothing(start_worker, demo_tasks):
    offset = demo_tasks / "clock_offset"
    planned = timezone.now() + timedelta(hours=1)
    schedule = create_schedule(
        "demo_count",
        {
            "schedule_type": "daily",
            "schedule_time": f"{planned:%H:%M}",
            "timezone": "UTC",
            "parameters": {"key": "daily", "steps": 1},
        },
    )
    worker = start_worker()
    working = start_run("demo_count", {"key": "working", "steps": 120})
    wait_for(lambda: TaskRun.objects.filter(pk=working.pk, current__gt=0).exists(), 10)

    offset.write_text(str(2 * 86400))  # forward two days
    wait_for(lambda: "clock was moved" in worker.output(), 10)
    wait_for(lambda: not TaskRun.objects.filter(status=RunStatus.RUNNING).exists(), 25)
    working.refresh_from_db()
    assert (working.status, working.current) == (RunStatus.COMPLETED, 120)  # its heartbeats only looked old
    run = ended(schedule)
    assert (run.status, run.planned_for) == (RunStatus.COMPLETED, planned.replace(second=0, microsecond=0))
    assert run.late_by > timedelta(days=1, hours=22)
    following = schedule.next_run_at
    assert following > timezone.now() + timedelta(days=2)

    waiting = start_run("demo_count", {"key": "waiting", "steps": 1})
    ahead = timezone.now() + timedelta(days=2)  # as if it had been asked for just before the clock went back
    if TaskRun.objects.filter(pk=waiting.pk, status=RunStatus.QUEUED).update(queued_at=ahead):
        OrmQ.objects.using("queue").update(lock=ahead)
    offset.write_text(str(2 * 86400 - 3600))  # back one hour
    wait_for(lambda: TaskRun.objects.filter(pk=waiting.pk, status=RunStatus.COMPLETED).exists(), 25)
    wait_for(lambda: worker.output().count("clock was moved") == 2, 10)
    schedule.refresh_from_db()
    assert (schedule.runs.count(), schedule.next_run_at, schedule.pending_run) == (1, following, None)
    begun = sorted(line.split()[0] for line in (demo_tasks / "begun").read_text().splitlines())
    assert begun == ["daily", "waiting", "working"]


def test_a_scheduled_run_survives_the_loss_of_the_queue_file(start_worker, demo_tasks):
    schedule = due("one", steps=1)
    [run] = start_due_schedules(timezone.now())
    OrmQ.objects.using("queue").all().delete()  # what a deleted file leaves behind
    start_worker()
    assert ended(schedule).pk == run.pk
    assert len((demo_tasks / "begun").read_text().splitlines()) == 1


def test_many_that_look_at_the_same_moment_start_each_schedule_once(demo_tasks, transactional_db):
    for number in range(3):
        due(str(number))
    now = timezone.now()
    barrier = threading.Barrier(6)
    found = []

    def look():
        try:
            barrier.wait()
            found.extend(start_due_schedules(now))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1  # one run of a task at a time
    assert TaskRun.objects.filter(triggered_by=Trigger.SCHEDULED).count() == 1
    assert Schedule.objects.filter(pending_run__isnull=False).count() == 1
