"""The worker's loop: small duties, each with its own pace. None may stop the loop, whatever goes wrong in it."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from tasks_app import healing, queueing, ticks
from tasks_app.alerts import sender
from tasks_app.clock_set_back import mend_future_moments
from tasks_app.due_requests import start_due_requests
from tasks_app.scheduling.catalogue import ensure_tasks
from tasks_app.scheduling.prune import prune_schedules
from tasks_app.worker import beats
from tasks_app.worker.clock_watch import ClockWatch
from tasks_app.worker.stuck import StuckWatch

logger = logging.getLogger(__name__)

FIRST_TICK_SECONDS = 5.0  # after the start (50 T-15)
PRUNE_AFTER_SECONDS = 15.0  # after the start (50 T-3), then hourly
PAUSE_SECONDS = 0.5  # also the longest wait of a requested run beyond its delay


@dataclass
class Duty:
    """Something done every ``every`` seconds."""

    name: str
    every: float
    do: Callable[[], object]
    due: float = 0.0


class Rounds:
    """The duties of one worker. ``restart_cluster`` is called when work waits although there is room for it."""

    def __init__(self, worker: str, restart_cluster: Callable[[], None]) -> None:
        self._worker = worker
        self._stuck = StuckWatch()
        self._clock = ClockWatch()
        self._restart_cluster = restart_cluster
        self.duties = [
            Duty("start requested runs", PAUSE_SECONDS, lambda: start_due_requests(timezone.now())),
            Duty("heal interrupted runs", 2, lambda: healing.heal_interrupted_runs(timezone.now())),
            Duty("report alive", 8, lambda: beats.beat(worker, timezone.now())),
            Duty("tick", 5, self._tick, due=time.monotonic() + FIRST_TICK_SECONDS),
            Duty("prune schedules", 3600, prune_schedules, due=time.monotonic() + PRUNE_AFTER_SECONDS),
            Duty("look after the queue", 10, self._look_after_queue),
            Duty("send alerts", sender.EVERY_SECONDS, sender.look),
        ]

    def begin(self) -> None:
        """What is done once before any work is taken: close what an earlier worker left behind."""
        now = timezone.now()
        for duty in (
            Duty("forget dead workers", 0, lambda: beats.forget_dead_workers(now)),
            Duty("check the queue file", 0, queueing.ensure_queue_tables),
            Duty("bring what lies in the future back", 0, lambda: mend_future_moments(now)),
            Duty("heal interrupted runs", 0, lambda: healing.heal_interrupted_runs(now)),
            Duty("free queue entries", 0, queueing.free_locked_entries),
            Duty("queue lost runs again", 0, lambda: healing.requeue_lost_runs(now, at_start=True)),
            Duty("fill the catalogue of tasks", 0, ensure_tasks),
            Duty("report alive", 0, lambda: beats.beat(self._worker, now)),
        ):
            self._perform(duty)

    def go_round(self) -> None:
        """Do whatever is due."""
        if self._clock.jump():
            healing.expect_old_heartbeats()
            self._perform(Duty("mend after the clock was moved", 0, lambda: mend_future_moments(timezone.now())))
        for duty in self.duties:
            if time.monotonic() >= duty.due:
                self._perform(duty)

    def _perform(self, duty: Duty) -> None:
        duty.due = time.monotonic() + duty.every
        try:
            duty.do()
        except DatabaseError as error:  # locked or full: it will pass, and the next round tries again
            logger.warning("[TASKS] Could not %s: %s", duty.name, error)
        except Exception:  # the loop has to outlive every mistake in it
            logger.exception("[TASKS] Could not %s", duty.name)
        finally:
            close_old_connections()  # an idle connection keeps a deleted or restored file open

    def _tick(self) -> None:
        now = timezone.now()
        if ticks.claim_tick(now):
            ticks.run_due_checks(now)

    def _look_after_queue(self) -> None:
        made_anew = queueing.ensure_queue_tables()
        healing.requeue_lost_runs(timezone.now(), at_start=made_anew)
        if self._stuck.is_stuck():
            self._restart_cluster()
