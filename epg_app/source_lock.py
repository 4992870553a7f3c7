"""One worker per guide source, across processes (30 §3.1 step 1, §24 saving).

A file lock: the kernel gives it back when its owner dies, so it needs neither a lifetime nor a heartbeat.
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from tasks_app.progress import Progress

POLL_SECONDS = 0.1


class SourceBusy(Exception):
    """Another process or thread is working on this source."""

    def __init__(self, source_id: int) -> None:
        super().__init__("This guide is being refreshed right now.")
        self.source_id = source_id


@contextmanager
def source_lock(source_id: int, *, wait_seconds: float = 0) -> Iterator[None]:
    """Hold the lock of a source. Raises :class:`SourceBusy` when it is not free within ``wait_seconds``."""
    path = Path(settings.SOURCE_CACHE_DIR) / f"guide-{source_id}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait_seconds
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise SourceBusy(source_id) from None
                time.sleep(POLL_SECONDS)
        yield


@contextmanager
def slot_for_import(progress: Progress) -> Iterator[None]:
    """Wait until no other guide is being imported: the database has one writer, and two big guides at once only get in
    each other's way (30 §3.1). Raises ``Cancelled`` while waiting."""
    path = Path(settings.SOURCE_CACHE_DIR) / "guide-import.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        told = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not told:
                    progress.report(phase="waiting for another guide", current=0, total=0, item="")
                    told = True
                progress.raise_if_cancelled()
                time.sleep(POLL_SECONDS)
        yield
