"""A run that does another one inside itself: a cancel of the outer one must reach the inner one."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connections

from tasks_app import engine
from tasks_app.progress import Cancelled, Progress
from tasks_app.queries import active_runs

_LOOK_EVERY = 0.5  # seconds between looks whether the outer run was cancelled


@contextmanager
def pass_cancel_on(progress: Progress, inner_key: str) -> Iterator[None]:
    """Inside, whatever runs under the lock ``inner_key`` is asked to stop as soon as the run of ``progress`` is."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_LOOK_EVERY):
            try:
                progress.raise_if_cancelled()
            except Cancelled:
                run = active_runs([inner_key]).get(inner_key)
                if run is not None:
                    engine.request_cancel(run.pk)
                return

    watcher = threading.Thread(target=_with_own_connections(watch), name="m3u-cancel", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _with_own_connections(work: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()  # those of this thread

    return run
