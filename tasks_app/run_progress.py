"""Keeps a run's row true while the run works: progress, heartbeat, log lines out; the wish to cancel in.

The work only leaves values here, which costs next to nothing. A watching thread with a database connection of its own
carries them to the row, so that progress is seen even while the work sits inside a transaction. Where the run was
started inside somebody's transaction (tests) no other connection can see the row, and the work's own calls do the carrying.
"""

import copy
import logging
import threading
import time
from types import TracebackType
from typing import Any, Self

from django.db import DatabaseError, connection, connections
from django.utils import timezone

from ecm_site.masking import mask_text
from tasks_app import run_events, shutdown
from tasks_app.models import RunStatus, TaskRun
from tasks_app.progress import Cancelled
from tasks_app.run_log import RunLogHandler

logger = logging.getLogger(__name__)

WRITE_EVERY_SECONDS = 0.5  # how often progress may be written
PHASE_GAP_SECONDS = 0.05  # a new phase is written at once, yet a thousand phases a second are not
HEARTBEAT_SECONDS = 8.0  # ≤ 10 s as healing expects
CANCELLED_BY_OPERATOR = "cancelled"
INTERRUPTED = "interrupted"
LOST = "lost"  # healing has closed this run, perhaps another one has begun: stop touching things


class RunProgress:
    """The :class:`tasks_app.progress.Progress` of a real run. Use as a context manager around the work."""

    def __init__(self, run: TaskRun, log: RunLogHandler) -> None:
        self._run_id = run.pk
        self._shown = copy.copy(run)  # what the row holds by now, for those who listen
        self._told_at = 0.0
        self._worker = run.worker
        self._log = log
        self._phase = run.phase
        self._pending: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._over = threading.Event()
        self._phase_changed = False
        self._written_at = self._beaten_at = time.monotonic()
        self._thread: threading.Thread | None = None
        self.stop_reason = ""
        self.was_stopped = False  # the work was told to stop, whatever it makes of that (T-22)
        self.counts = {"success_count": 0, "failed_count": 0, "skipped_count": 0}

    def __enter__(self) -> Self:
        if not connection.in_atomic_block:
            self._thread = threading.Thread(target=self._watch, name=f"run-{self._run_id}-watch", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    # --- what the work calls ------------------------------------------------------------------------------------------

    def report(
        self,
        *,
        phase: str | None = None,
        current: int | None = None,
        total: int | None = None,
        item: str | None = None,
        succeeded: int | None = None,
        failed: int | None = None,
        skipped: int | None = None,
    ) -> None:
        with self._lock:
            if phase is not None and phase != self._phase:
                self._phase = phase
                self._pending |= {"phase": phase[:40], "phase_started_at": timezone.now(), "current": 0, "total": 0}
                self._pending["current_item"] = ""
                self._phase_changed = True
            if current is not None:
                self._pending["current"] = max(0, current)
            if total is not None:
                self._pending["total"] = max(0, total)
            if item is not None:
                self._pending["current_item"] = item
            for name, value in (("success_count", succeeded), ("failed_count", failed), ("skipped_count", skipped)):
                if value is not None:
                    self._pending[name] = self.counts[name] = max(0, value)
        if self._phase_changed:
            self._wake.set()
        if self._thread is None:
            self._carry_if_due()

    def raise_if_cancelled(self) -> None:
        if self._thread is None:
            self._carry_if_due()
        if self.stop_reason:
            self.was_stopped = True
            raise Cancelled(self.stop_reason)

    def last_values(self) -> dict[str, Any]:
        """Where the work stood at its end; perhaps not all of it is in the row yet. Call after the block."""
        with self._lock:
            return {name: self._pending.get(name, getattr(self._shown, name)) for name in ("current", "total")}

    # --- carrying -----------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        try:
            while not self._over.is_set():
                self._wake.wait(WRITE_EVERY_SECONDS)
                self._wake.clear()
                if not self._over.is_set():
                    self._carry()
                    self._over.wait(PHASE_GAP_SECONDS)
        finally:
            connections.close_all()  # those of this thread

    def _carry_if_due(self) -> None:
        if self._phase_changed or time.monotonic() - self._written_at >= WRITE_EVERY_SECONDS:
            self._carry()

    def _carry(self) -> None:
        try:
            self._write_row()
            self._log.store()
            self._look_for_stop()
            self._tell()
        except DatabaseError as error:  # locked for long, disk full: the work itself goes on, the next round tries again
            logger.warning("[TASKS] Progress of run %s could not be stored: %s", self._run_id, error)
        self._written_at = time.monotonic()

    def _write_row(self) -> None:
        now = time.monotonic()
        with self._lock:
            changes, self._pending, self._phase_changed = self._pending, {}, False
        if "current_item" in changes:
            changes["current_item"] = mask_text(changes["current_item"])[:255]
        if not changes and now - self._beaten_at < HEARTBEAT_SECONDS:
            return
        changes["heartbeat_at"] = timezone.now()
        mine = TaskRun.objects.filter(pk=self._run_id, status=RunStatus.RUNNING, worker=self._worker)
        try:
            if not mine.update(**changes):
                self.stop_reason = LOST
        except DatabaseError:
            with self._lock:
                self._pending = changes | self._pending  # newer values win
            raise
        self._beaten_at = now
        for name, value in changes.items():
            setattr(self._shown, name, value)

    def _tell(self) -> None:
        """Pass on where the run stands, now and then, if anybody listens."""
        now = time.monotonic()
        due = now - self._told_at >= run_events.PROGRESS_EVERY_SECONDS
        if due and not self.stop_reason and run_events.run_progressed.has_listeners(TaskRun):
            self._told_at = now
            run_events.tell_progressed(copy.copy(self._shown))

    def _look_for_stop(self) -> None:
        if self.stop_reason:
            return
        if shutdown.is_interrupting():
            self.stop_reason = INTERRUPTED
            return
        row = TaskRun.objects.filter(pk=self._run_id).values_list("status", "cancel_requested").first()
        if row is None or row[0] != RunStatus.RUNNING:
            self.stop_reason = LOST
        elif row[1]:
            self.stop_reason = CANCELLED_BY_OPERATOR
