"""The engine as a process that can be killed at any request and at any statement, while others go on working."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, connections

from ecm_site.dispatcharr.errors import DispatcharrError
from ecm_site.dispatcharr.transport import Transport
from tasks_app.mirror import kinds
from tasks_app.mirror.deliver import deliver
from tasks_app.mirror.links import StoredLinks
from tasks_app.mirror.pull import PullFailed, pull
from tasks_app.mirror.trouble import Trouble
from tasks_app.models import OutboxEntry
from tests.dispatcharr.stories.small_world import client_of
from tests.fake_dispatcharr import FakeServer
from tests.fake_dispatcharr.server import READS_BY_POST

DELIVER, PULL, SYNC = "deliver", "pull", "sync"


class Killed(BaseException):
    """The process is gone: nobody catches it."""


class Worker:
    """``before_request``: called in the thread of the run before each of its requests; ``after_delivery``: between the two
    halves of a sync."""

    def __init__(self, fake: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fake, self.world = fake, fake.world
        self.client = client_of(self.world, fake.url)
        self.before_request: Callable[[], None] = lambda: None
        self.after_delivery: Callable[[], None] = lambda: None
        self._thread = threading.current_thread()
        self._requests_left = self._statements_left = -1  # until the kill; never when negative
        self._only_writes = False
        self._dead = False
        self._working = False
        self._real = Transport.send
        worker = self

        def send(transport: Transport, *args: Any, **options: Any) -> Any:
            return worker._send(transport, *args, **options)

        monkeypatch.setattr(Transport, "send", send)

    def work(self, what: str, *, requests: int = -1, writes: int = -1, statements: int = -1, names: Sequence[str] = ()) -> str:
        """Deliver, pull (``names``: only these kinds) or both; killed at a request, one that writes (an even number before it
        arrives, an odd one after its answer), or a statement. Returns what came of it, in a word."""
        self.world.clock.advance(90.0)  # sign-ins and pauses of outages are over
        OutboxEntry.objects.update(next_attempt_at=None)
        self._requests_left, self._statements_left = max(requests, writes), statements
        self._only_writes = writes >= 0
        try:
            with connection.execute_wrapper(self._statement):
                self._working = True
                self._run(what, names)
        except (Trouble, PullFailed):
            return "in vain"
        except Killed:
            self.start_again()
            return "killed"
        finally:
            self._working = False
        return "done"

    def ask_for_refresh(self, account_there: int) -> bool:
        try:
            self.client.accounts.refresh(account_there)
        except DispatcharrError:
            return False  # it may be gone there by now
        return True

    def start_again(self) -> None:
        """A new process knows nothing of the old one."""
        self._dead, self._requests_left, self._statements_left = False, -1, -1
        self.client.close()
        assert not connection.in_atomic_block
        connections.close_all()
        self.client = client_of(self.world, self.fake.url)
        kinds._kinds.update({name: type(kind)() for name, kind in kinds._kinds.items()})

    def _run(self, what: str, names: Sequence[str]) -> None:
        links = StoredLinks()
        if what != PULL and deliver(self.client, links=links).trouble:
            raise Trouble
        if what == SYNC:
            with self._apart():
                self.after_delivery()
        if what != DELIVER:
            pull(self.client, names, links=links)

    @contextmanager
    def _apart(self) -> Iterator[None]:
        """What others do meanwhile is not counted."""
        self._working = False
        try:
            yield
        finally:
            self._working = True

    def _send(self, transport: Transport, *args: Any, **options: Any) -> Any:
        if not self._working:
            return self._real(transport, *args, **options)
        if self._dead:
            raise Killed
        if threading.current_thread() is self._thread and not connection.in_atomic_block:
            with self._apart():
                self.before_request()
        method, path, *_ = args
        counts = not self._only_writes or (method != "GET" and not path.endswith(READS_BY_POST))
        kills = counts and self._requests_left in {0, 1}
        after = self._requests_left == 1
        self._requests_left -= 2 * counts
        if kills and not after:
            self._die()
        answer = self._real(transport, *args, **options)
        if kills:
            self._die()
        return answer

    def _statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if self._working:
            if self._dead:
                raise Killed
            if self._statements_left == 0:
                self._die()
            self._statements_left -= 1
        return execute(sql, params, many, context)

    def _die(self) -> None:
        self._dead = True
        raise Killed
