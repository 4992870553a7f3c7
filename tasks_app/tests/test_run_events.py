"""Others hear what happens to runs, and can neither fail nor delay them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import OperationalError
from django.utils import timezone

from tasks_app import run_events
from tasks_app.engine import request_cancel, run_here, start_run
from tasks_app.healing import heal_interrupted_runs
from tasks_app.models import RunStatus, TaskRun
from tasks_app.registry import TaskResult
from tasks_app.tests.helpers import known_task

pytestmark = pytest.mark.django_db


@contextmanager
def listening(*, failing: Exception | None = None) -> Iterator[list[tuple]]:
    """What was told, as (event, status, current, inside)."""
    heard: list[tuple] = []
    receivers = []
    for name in ("run_started", "run_progressed", "run_finished"):

        def hear(sender, run, inside, name=name, **rest):
            heard.append((name, str(run.status), run.current, inside))
            if failing is not None:
                raise failing

        getattr(run_events, name).connect(hear)
        receivers.append((name, hear))
    try:
        yield heard
    finally:
        for name, hear in receivers:
            getattr(run_events, name).disconnect(hear)


def count(task):
    task.progress.report(phase="counting", total=3)
    for step in (1, 2, 3):
        task.progress.report(current=step)
    return TaskResult(True, "Counted.")


def test_start_and_end_are_told_once_and_progress_now_and_then():
    with known_task(count), listening() as heard:
        run_here("sample")
    assert [told[0] for told in heard if told[0] != "run_progressed"] == ["run_started", "run_finished"]
    assert len([told for told in heard if told[0] == "run_progressed"]) <= 1
    assert heard[-1] == ("run_finished", "completed", 3, None)


def test_progress_is_told_with_the_values_of_the_moment_and_not_more_often_than_agreed(monkeypatch):
    monkeypatch.setattr(run_events, "PROGRESS_EVERY_SECONDS", 0.0)

    def work(task):
        task.progress.report(phase="counting", current=0, total=9)
        task.progress.report(phase="adding", current=7, total=9)
        return TaskResult(True, "")

    with known_task(work), listening() as heard:
        run_here("sample")
    assert [told[2] for told in heard if told[0] == "run_progressed"] == [0, 7]


@pytest.mark.parametrize("failure", [ValueError("broken"), OperationalError("database is locked")])
def test_a_receiver_that_fails_costs_the_run_nothing(failure, caplog):
    with known_task(count), listening(failing=failure) as heard:
        run = run_here("sample")
    assert run.status == RunStatus.COMPLETED
    assert len(heard) >= 2
    assert "Error calling" in caplog.text


def test_a_run_inside_another_one_says_so():
    def outer(task):
        run_here("inner")
        return TaskResult(True, "")

    with known_task(outer), known_task(count, "inner"), listening() as heard:
        run = run_here("sample")
    told = [(name, inside) for name, _, _, inside in heard if name != "run_progressed"]
    assert told == [("run_started", None), ("run_started", run.pk), ("run_finished", run.pk), ("run_finished", None)]


def test_a_killed_run_is_told_as_ended_when_it_is_closed():
    TaskRun.objects.create(
        task_id="sample",
        lock_key="sample",
        title="Sample",
        status=RunStatus.RUNNING,
        worker="gone:1@1",
        started_at=timezone.now(),
    )
    with known_task(count), listening() as heard:
        heal_interrupted_runs(timezone.now())
        heal_interrupted_runs(timezone.now())
    assert heard == [("run_finished", "terminated", 0, None)]


def test_a_run_that_never_began_has_no_end_to_tell():
    with known_task(count), listening() as heard:
        request_cancel(start_run("sample").pk)
    assert heard == []


def test_nobody_listening_costs_no_copy(monkeypatch):
    monkeypatch.setattr(run_events.run_progressed, "has_listeners", lambda sender: False)
    monkeypatch.setattr(run_events, "tell_progressed", lambda run: pytest.fail("nobody asked"))
    with known_task(count):
        started = time.monotonic()
        run_here("sample")
    assert time.monotonic() - started < 60
