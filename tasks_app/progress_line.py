"""Shows on a terminal where a run stands that a command does in its own process; silent everywhere else."""

import threading
from types import TracebackType
from typing import TextIO

from django.db import connections

from tasks_app.queries import active_runs

LOOK_EVERY = 1.0  # seconds


class ProgressLine:
    """Use as a context manager around the run whose lock is ``lock_key``."""

    def __init__(self, lock_key: str, stream: TextIO) -> None:
        self._key = lock_key
        self._stream = stream
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True) if stream.isatty() else None

    def __enter__(self) -> None:
        if self._thread is not None:
            self._thread.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._thread is not None:
            self._over.set()
            self._thread.join()
            self._stream.write("\r\x1b[K")

    def _watch(self) -> None:
        try:
            while not self._over.wait(LOOK_EVERY):
                run = active_runs([self._key]).get(self._key)
                if run is not None:
                    share = f" {run.percentage:.0f} %" if run.total else ""
                    self._stream.write(f"\r\x1b[K{run.phase}{share} {run.current_item}")
                    self._stream.flush()
        finally:
            connections.close_all()  # those of this thread
