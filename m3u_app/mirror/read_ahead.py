"""Streams of the server in portions, the next ones already on their way while one is being looked at."""

import threading
from array import array
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextvars import copy_context
from typing import Any, NamedTuple

from django.db import connections

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import Incomplete
from ecm_site.dispatcharr.session import stopping_when
from ecm_site.wording import counted
from tasks_app.progress import Progress

PORTION = 5_000  # 3 MB of answer
GONE_AT_ONCE = 20  # streams of a portion that may vanish between the list of ids and their rows,
GONE_SHARE = 0.05  # or this share of it: a refresh there deletes what has been stale for long
AT_ONCE = 2  # requests; the server works on two in the time of one (NOTES), more only need memory


class There(NamedTuple):
    """What is used of a stream of the server: a fifth of what it says. The first eleven are what can change about it."""

    id: int
    name: Any
    url: Any
    tvg_id: Any
    logo_url: Any
    stream_chno: Any
    is_adult: Any
    is_catchup: Any
    catchup_days: Any
    channel_group: Any
    stream_id: Any
    m3u_account: Any
    is_stale: Any
    last_seen: Any

    @property
    def content(self) -> bytes:
        """What its mark is made of: not when it was last seen, for every refresh there changes that."""
        return repr(self[:11]).encode("utf-8", "surrogatepass")


_LOOK_EVERY = 0.5  # seconds between looks whether somebody cancelled


def read_streams(
    client: Dispatcharr, ids: "array[int]", progress: Progress, *, are_listed: bool = False
) -> Iterator[list[There]]:
    """The rows of ``ids`` in their order, PORTION at a time; those that are gone are left out.

    What an answer leaves out is asked for once more, because what is not there is deleted here. ``are_listed``: the server
    gave the ids a moment ago, and can lack few of them now. Raises ``Cancelled`` and any ``DispatcharrError``.
    """
    stop = threading.Event()
    starts = iter(range(0, len(ids), PORTION))
    waiting: deque[Future[list[There]]] = deque()
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="mirror-streams") as pool:

        def ask() -> None:
            start = next(starts, None)
            if start is not None:
                waiting.append(
                    pool.submit(copy_context().run, _portion, client, ids[start : start + PORTION], stop, are_listed)
                )

        try:
            for _ in range(AT_ONCE):
                ask()
            while waiting:
                rows = _patiently(waiting.popleft(), progress)
                ask()
                yield rows
        finally:
            stop.set()


def _portion(client: Dispatcharr, ids: "array[int]", stop: threading.Event, are_listed: bool) -> list[There]:
    try:
        with stopping_when(stop.is_set):  # the caller's own check asks the database, which is not for this thread
            rows = _asked(client, ids)
            missing = set(ids).difference(rows)
            if missing:
                rows |= _asked(client, sorted(missing))
            gone = len(ids) - len(rows)
            if are_listed and gone > max(GONE_AT_ONCE, len(ids) * GONE_SHARE):
                raise Incomplete(
                    f"Dispatcharr lists {counted(len(ids), 'stream')} and then does not know {gone:,} of them. Nothing was"
                    " changed; they are asked for again."
                )
            return [rows[number] for number in sorted(rows)]
    finally:
        connections.close_all()


def _asked(client: Dispatcharr, ids: Iterable[int]) -> dict[int, There]:
    """By id. What was not asked for, or comes again, is passed over."""
    names, wanted = There._fields, set(ids)
    found: dict[int, There] = {}
    for part in client.streams.by_ids(sorted(wanted), batch=PORTION):
        for row in part:
            number = row.get("id")
            if type(number) is int and number in wanted and number not in found:
                found[number] = There._make([row.get(name) for name in names])
    return found


def _patiently(future: "Future[list[There]]", progress: Progress) -> list[There]:
    while True:
        try:
            return future.result(timeout=_LOOK_EVERY)
        except NotYet:
            if future.done():
                raise
            progress.raise_if_cancelled()
