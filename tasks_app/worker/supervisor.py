"""The worker's parent process: keeps the pool alive, walks the rounds, stops everything in order (T-21)."""

import logging
import os
import signal
import threading
import time
from types import FrameType

from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from tasks_app import healing, shutdown
from tasks_app.process_identity import own_identity
from tasks_app.worker import beats
from tasks_app.worker.cluster import WorkerCluster
from tasks_app.worker.hang_guard import HangGuard
from tasks_app.worker.rounds import PAUSE_SECONDS, Rounds

logger = logging.getLogger(__name__)

FINISH_SECONDS = 5.0  # at most, and at most a quarter of the time there is: short runs may end by themselves
STOP_SECONDS = 25.0  # from the signal until everything that still runs is killed; T-21 allows 30
LONGEST_BACKOFF_SECONDS = 60.0


class Supervisor:
    """Runs until SIGTERM or SIGINT (or, with ``follow_parent``, until its parent is gone)."""

    def __init__(self, *, follow_parent: bool = False, stop_seconds: float = STOP_SECONDS) -> None:
        self._worker = own_identity()
        self._cluster = WorkerCluster()
        self._rounds = Rounds(self._worker, self._restart)
        self._stop = threading.Event()
        self._guard = HangGuard()
        self._parent = os.getppid() if follow_parent else None
        self._stop_seconds = stop_seconds
        self._backoff = 1.0

    def run(self) -> None:
        """Block until told to stop; everything is closed and stored on return."""
        shutdown.reset()
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        self._rounds.begin()
        self._cluster.start()
        self._guard.start()
        logger.info("[TASKS] Worker %s is ready", self._worker)
        try:
            self._go_round_and_round()
        finally:  # whatever ends the loop: children that nobody stops would be waited for without end
            self._guard.stop()
            self._shut_down()

    def _go_round_and_round(self) -> None:
        while not self._stop.is_set():
            self._keep_cluster_alive()
            self._rounds.go_round()
            self._guard.alive()
            self._stop.wait(PAUSE_SECONDS)
            if self._parent is not None and os.getppid() != self._parent:
                logger.warning("[TASKS] The process that started this worker is gone; stopping")
                break

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        if self._stop.is_set():
            shutdown.interrupt_runs()  # asked twice: do not wait for short runs to end by themselves
        self._stop.set()

    def _keep_cluster_alive(self) -> None:
        if self._cluster.is_alive():
            return
        logger.error("[TASKS] The worker processes have ended unexpectedly; starting them again in %.0f s", self._backoff)
        self._stop.wait(self._backoff)
        if not self._stop.is_set():
            self._backoff = min(2 * self._backoff, LONGEST_BACKOFF_SECONDS)
            try:
                self._restart()
            except OSError as error:  # no memory, or no room for what the processes write: it may pass
                logger.warning(
                    "[TASKS] The worker processes could not be started, trying again in %.0f s: %s", self._backoff, error
                )

    def _restart(self) -> None:
        self._cluster.kill()
        self._rounds.begin()
        self._cluster.start()

    def _shut_down(self) -> None:
        logger.info("[TASKS] Worker %s is stopping", self._worker)
        deadline = time.monotonic() + self._stop_seconds
        shutdown.start_draining()
        self._cluster.ask_to_stop()
        if not self._cluster.wait(min(FINISH_SECONDS, self._stop_seconds / 4)):
            logger.info("[TASKS] Asking running work to stop at its next safe point")
            shutdown.interrupt_runs()
        if not self._cluster.wait(max(0.0, deadline - time.monotonic())):
            logger.warning("[TASKS] Some work did not stop in time and is interrupted")
            self._cluster.kill()
        try:
            healing.heal_interrupted_runs(timezone.now())
            beats.forget(self._worker)
        except DatabaseError as error:  # the next worker does both when it starts
            logger.warning("[TASKS] The end of this worker could not be stored: %s", error)
        finally:
            close_old_connections()
        logger.info("[TASKS] Worker %s has stopped", self._worker)
