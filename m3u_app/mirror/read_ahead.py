"""Streams of the server in portions, the next ones already on their way while one is being looked at."""

import threading
from array import array
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextvars import copy_context

from django.db import connections

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.session import stopping_when
from ecm_site.dispatcharr.shapes import Stream as Row
from tasks_app.progress import Progress

PORTION = 5_000  # 3 MB of answer
AT_ONCE = 2  # requests; the server works on two in the time of one (NOTES), more only need memory
_LOOK_EVERY = 0.5  # seconds between looks whether somebody cancelled


def read_streams(client: Dispatcharr, ids: "array[int]", progress: Progress) -> Iterator[list[Row]]:
    """The rows of ``ids`` in their order, PORTION at a time; those that are gone are left out.

    What an answer leaves out is asked for once more, because what is not there is deleted here. Raises ``Cancelled`` and
    any ``DispatcharrError``.
    """
    stop = threading.Event()
    starts = iter(range(0, len(ids), PORTION))
    waiting: deque[Future[list[Row]]] = deque()
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="mirror-streams") as pool:

        def ask() -> None:
            start = next(starts, None)
            if start is not None:
                waiting.append(pool.submit(copy_context().run, _portion, client, ids[start : start + PORTION], stop))

        try:
            for _ in range(AT_ONCE):
                ask()
            while waiting:
                rows = _patiently(waiting.popleft(), progress)
                ask()
                yield rows
        finally:
            stop.set()


def _portion(client: Dispatcharr, ids: "array[int]", stop: threading.Event) -> list[Row]:
    try:
        with stopping_when(stop.is_set):  # the caller's own check asks the database, which is not for this thread
            rows = [row for part in client.streams.by_ids(ids, batch=PORTION) for row in part]
            missing = set(ids).difference(row["id"] for row in rows)
            if missing:
                rows += [row for part in client.streams.by_ids(sorted(missing), batch=PORTION) for row in part]
            rows.sort(key=lambda row: row["id"])
            return rows
    finally:
        connections.close_all()


def _patiently(future: "Future[list[Row]]", progress: Progress) -> list[Row]:
    while True:
        try:
            return future.result(timeout=_LOOK_EVERY)
        except NotYet:
            if future.done():
                raise
            progress.raise_if_cancelled()
