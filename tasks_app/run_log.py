"""Turns the log records of a run into rows, so that the run's page shows them while it works."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import DatabaseError
from django.utils import timezone

from ecm_site.masking import mask_text
from tasks_app.models import TaskRunLog

MAX_LINES = 2000  # a million bad playlist lines must not become a million rows
EXTRA_FOR_PROBLEMS = 200  # warnings and errors still get in after that: they are why somebody reads the log
MAX_TEXT = 4000

_run_of_thread: ContextVar[int | None] = ContextVar("run_of_thread", default=None)
_traceback = logging.Formatter()


def current_run_id() -> int | None:
    """The run during which the caller works; None outside of any."""
    return _run_of_thread.get()


class RunLogHandler(logging.Handler):
    """Collects records; :meth:`store` writes what has gathered. Lines beyond the limit are counted, not kept."""

    def __init__(self, run_id: int) -> None:
        super().__init__(level=logging.INFO)
        self._run_id = run_id
        self._lines: list[TaskRunLog] = []
        self._guard = threading.Lock()
        self._kept = 0
        self.dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        if _run_of_thread.get() not in (None, self._run_id):  # helper threads carry no run: they belong to this one
            return
        limit = MAX_LINES + (EXTRA_FOR_PROBLEMS if record.levelno >= logging.WARNING else 0)
        with self._guard:
            if self._kept >= limit:
                self.dropped += 1
                return
            self._kept += 1
        try:
            text = record.getMessage()
            if record.exc_info and record.exc_info[0] is not None:
                text = f"{text}\n{_traceback.formatException(record.exc_info)}"
        except Exception:  # a log call with wrong arguments must not break the work
            self.handleError(record)
            return
        self._add(record.levelname, text)

    def _add(self, level: str, text: str) -> None:
        text = mask_text(text.replace("\x00", ""))
        if len(text) > MAX_TEXT:
            text = text[: MAX_TEXT - 1] + "…"
        line = TaskRunLog(run_id=self._run_id, at=timezone.now(), level=level[:10], text=text)
        with self._guard:
            self._lines.append(line)

    def store(self) -> None:
        """Write the gathered lines. On failure they are kept for the next time and the database error is raised."""
        with self._guard:
            lines, self._lines = self._lines, []
        if not lines:
            return
        try:
            TaskRunLog.objects.bulk_create(lines, batch_size=200)
        except DatabaseError:
            with self._guard:
                self._lines = lines + self._lines
            raise

    def store_last(self) -> None:
        """Write what is left, with a closing line about what was dropped."""
        if self.dropped:
            self._add("WARNING", f"{self.dropped} further lines were left out here; they are in the server's log.")
            self.dropped = 0
        self.store()


@contextmanager
def capturing(run_id: int) -> Iterator[RunLogHandler]:
    """Collect the records of every logger while the block works."""
    handler = RunLogHandler(run_id)
    token = _run_of_thread.set(run_id)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield handler
    finally:
        root.removeHandler(handler)
        _run_of_thread.reset(token)
