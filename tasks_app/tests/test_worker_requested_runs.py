"""Runs that are asked for "in a moment": bursts become one run, requests outlive restarts."""

import time

import pytest

from tasks_app.engine import request_run_soon
from tasks_app.models import JournalEntry, RunRequest, RunStatus, TaskRun
from tasks_app.tests.workers import SLOWEST, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]


def test_a_burst_makes_one_run_and_requests_during_it_make_exactly_one_more(start_worker, demo_tasks):
    start_worker()
    for _ in range(50):
        request_run_soon("demo_count", {"steps": 20}, delay_seconds=1)
    last = time.monotonic()
    first = wait_for(lambda: TaskRun.objects.filter(status=RunStatus.RUNNING).first(), 8)
    assert 0.9 < time.monotonic() - last < 4 * SLOWEST
    for _ in range(50):
        request_run_soon("demo_count", {"steps": 20}, delay_seconds=0)
    time.sleep(1)
    assert TaskRun.objects.count() == 1  # the second waits for the first
    second = wait_for(lambda: TaskRun.objects.exclude(pk=first.pk).filter(status=RunStatus.COMPLETED).first(), 15)
    time.sleep(1.5)
    assert TaskRun.objects.count() == 2
    first.refresh_from_db()
    assert second.started_at >= first.completed_at
    assert not JournalEntry.objects.filter(category="task").exists()  # such runs come every few seconds


def test_a_request_made_while_no_worker_lives_is_kept(start_worker):
    request_run_soon("demo_count", {"steps": 1}, delay_seconds=0)
    assert RunRequest.objects.count() == 1
    start_worker()
    wait_for(lambda: TaskRun.objects.filter(status=RunStatus.COMPLETED).exists(), 8)
    assert not RunRequest.objects.exists()


def test_two_workers_start_a_requested_run_once(start_worker, demo_tasks):
    start_worker()
    start_worker()
    for number in range(6):
        request_run_soon("demo_count", {"key": str(number), "steps": 1}, delay_seconds=0.2)
    wait_for(lambda: TaskRun.objects.filter(status=RunStatus.COMPLETED).count() == 6, 15)
    time.sleep(1)
    assert TaskRun.objects.count() == 6


def test_a_failing_requested_run_is_journalled(start_worker):
    start_worker()
    request_run_soon("demo_fail", delay_seconds=0)
    wait_for(lambda: JournalEntry.objects.filter(category="task", action_type="fail").exists(), 8)
    assert JournalEntry.objects.get().user_initiated is False
