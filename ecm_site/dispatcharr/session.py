"""Requests with patience: signed in, repeated where that is safe, turned away while the server is down."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from ecm_site.dispatcharr.answers import RawAnswer, decode, error_for
from ecm_site.dispatcharr.errors import AnsweredElse, Busy, DispatcharrError, NotFound, ServerFault, Unreachable
from ecm_site.dispatcharr.patience import Backoff, CircuitBreaker
from ecm_site.dispatcharr.sign_in import SignIn
from ecm_site.dispatcharr.transport import USUAL, Patience, Transport
from ecm_site.http import looks_like_html

logger = logging.getLogger(__name__)

WAIT_MAX = 15.0  # a server that asks to wait longer is told to the caller instead of waited for
SLOW_SECONDS = 5.0

ShouldStop = Callable[[], bool | None]
_should_stop: ContextVar[ShouldStop | None] = ContextVar("dispatcharr_should_stop", default=None)


@contextmanager
def stopping_when(should_stop: ShouldStop) -> Iterator[None]:
    """Requests inside are given up within half a second once ``should_stop`` says so (or raises what it likes)."""
    token = _should_stop.set(should_stop)
    try:
        yield
    finally:
        _should_stop.reset(token)


@dataclass
class Tally:
    """What a session has done since it began, for reports and benchmarks."""

    requests: int = 0
    repeats: int = 0
    seconds: float = 0.0
    bytes: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)


class Session:
    """All requests to one server go through here. Safe to share between threads."""

    def __init__(
        self,
        transport: Transport,
        sign_in: SignIn | None,
        *,
        backoff: Backoff | None = None,
        breaker: CircuitBreaker | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.transport = transport
        self.tally = Tally()
        self.breaker = breaker or CircuitBreaker()
        self.stream_writes = threading.Lock()  # two of one channel at once answer 500 (NOTES §6)
        self._sign_in = sign_in
        if sign_in is not None:
            sign_in.send = self._once  # so that the breaker sees sign-ins as well
        self._backoff = backoff or Backoff()
        self._sleep = sleep

    def get(self, path: str, *, what: str, params: Any = None, patience: Patience = USUAL, open_to_all: bool = False) -> Any:
        return self._json("GET", path, what=what, params=params, patience=patience, repeatable=True, open_to_all=open_to_all)

    def get_body(self, path: str, *, what: str, params: Any = None, patience: Patience = USUAL) -> bytes:
        """The JSON of a long list as it came, for :func:`~ecm_site.dispatcharr.row_stream.rows_in`."""
        answer = self._answered("GET", path, what=what, params=params, patience=patience, repeatable=True)
        if answer is None:
            return b""
        if looks_like_html(answer.body):
            decode(answer, what=what)  # raises, with the sentence for web pages
        return answer.body

    def read(self, path: str, body: Any, *, what: str, patience: Patience = USUAL) -> Any:
        """A POST that only reads (``by-ids/``), and may therefore be repeated."""
        return self._json("POST", path, what=what, json=body, patience=patience, repeatable=True)

    def post(self, path: str, body: Any = None, *, what: str, params: Any = None, patience: Patience = USUAL) -> Any:
        """Creates or starts something: repeated only when it certainly did not arrive."""
        return self._json("POST", path, what=what, params=params, json=body, patience=patience)

    def upload(
        self, path: str, fields: Mapping[str, str], file: tuple[str, bytes, str], *, what: str, patience: Patience = USUAL
    ) -> Any:
        """``file`` is (name, content, media type)."""
        return self._json("POST", path, what=what, data=dict(fields), files={"file": file}, patience=patience)

    def patch(self, path: str, body: Any, *, what: str, patience: Patience = USUAL) -> Any:
        """Sets values: the same again changes nothing, so it is repeated after a lost connection."""
        return self._json("PATCH", path, what=what, json=body, patience=patience, repeatable=True)

    def set_by_post(self, path: str, body: Any, *, what: str, patience: Patience = USUAL) -> Any:
        """A POST that sets values (``assign/``, ``batch-set-epg/``) and does nothing when it comes twice."""
        return self._json("POST", path, what=what, json=body, patience=patience, repeatable=True)

    def delete(self, path: str, body: Any = None, *, what: str, patience: Patience = USUAL) -> Any:
        """Deletes; what a repeated attempt no longer finds was deleted by the one whose answer was lost.

        Raises :class:`NotFound` when the first attempt already finds nothing.
        """
        return self._json("DELETE", path, what=what, json=body, patience=patience, repeatable=True, gone_is_done=True)

    def _json(self, method: str, path: str, *, what: str, **options: Any) -> Any:
        answer = self._answered(method, path, what=what, **options)
        try:
            return None if answer is None else decode(answer, what=what)
        except AnsweredElse as error:
            error.maybe_done = method != "GET"  # it said yes, in whatever language
            raise

    def _answered(
        self,
        method: str,
        path: str,
        *,
        what: str,
        repeatable: bool = False,
        gone_is_done: bool = False,
        open_to_all: bool = False,
        **options: Any,
    ) -> RawAnswer | None:
        """The successful answer, after as many attempts as the request allows. None = found to be done already.

        The error of a repeated request says ``maybe_done`` if any of the attempts may have been carried out.
        """
        renewed = False
        attempt = 0
        patience: Patience = options.get("patience", USUAL)
        ends = time.monotonic() + patience.total
        perhaps = False
        while True:
            attempt += 1
            try:
                headers = {} if open_to_all else self._headers()
                answer = self._once(method, path, headers=headers, **options)
                if answer.status == 401 and not renewed and not open_to_all:
                    renewed = True
                    if self._renewed(answer, headers):
                        attempt -= 1  # refused before it was looked at: not an attempt
                        continue
                if 200 <= answer.status < 300:
                    return answer
                raise error_for(answer, what=what)
            except NotFound:
                if gone_is_done and perhaps:
                    return None
                raise
            except DispatcharrError as error:
                perhaps = perhaps or error.maybe_done
                wait = self._wait_before_repeating(error, attempt, repeatable=repeatable, reads=method == "GET")
                if wait is None or time.monotonic() + wait >= ends:  # however many attempts: one call, one patience
                    error.maybe_done = perhaps and (error.maybe_done or error.temporary)
                    raise
                logger.info("[DISPATCHARR] %s %s: %s Trying again in %.1f s", method, path, error, wait)
                with self.tally.lock:
                    self.tally.repeats += 1
                self._pause(wait)

    def _headers(self) -> dict[str, str]:
        if self._sign_in is None:
            return {}
        with _nothing_done():
            return self._sign_in.headers()

    def _renewed(self, answer: RawAnswer, used: Mapping[str, str]) -> bool:
        if self._sign_in is None:
            return False
        with _nothing_done():
            return self._sign_in.renewed(answer, used)

    def _wait_before_repeating(self, error: DispatcharrError, attempt: int, *, repeatable: bool, reads: bool) -> float | None:
        """Seconds to wait, or None to give up."""
        if attempt >= self._backoff.attempts or self.breaker.is_open:
            return None
        asked = error.retry_after if isinstance(error, Busy | ServerFault) else 0.0
        if asked > WAIT_MAX:
            return None  # longer than anybody waits inside a request
        if isinstance(error, Busy):
            return max(asked, self._backoff.wait(attempt)) if error.status else None  # no status: our own restraint
        if not isinstance(error, Unreachable | ServerFault) or not error.temporary:
            return None
        if error.maybe_done and not repeatable:
            return None
        if isinstance(error, Unreachable) and error.timed_out and not reads:
            return None  # the first may still be at work; a second beside it would collide
        return max(asked, self._backoff.wait(attempt))

    def _once(self, method: str, path: str, *, headers: Mapping[str, str], **options: Any) -> RawAnswer:
        self.breaker.before()
        began = time.monotonic()
        try:
            answer = self.transport.send(method, path, headers=headers, should_stop=_should_stop.get(), **options)
        except Unreachable as error:
            self.breaker.failed(str(error))
            logger.warning("[DISPATCHARR] %s %s failed after %.1f s: %s", method, path, time.monotonic() - began, error)
            raise
        except BaseException:
            self.breaker.left_off()
            raise
        self._note(method, path, answer, time.monotonic() - began)
        return answer

    def _note(self, method: str, path: str, answer: RawAnswer, seconds: float) -> None:
        if answer.status in (502, 503, 504):
            self.breaker.failed(str(error_for(answer, what="answer")))
        else:
            self.breaker.answered()
        with self.tally.lock:
            self.tally.requests += 1
            self.tally.seconds += seconds
            self.tally.bytes += len(answer.body)
        level = logging.WARNING if answer.status >= 500 else logging.INFO if seconds >= SLOW_SECONDS else logging.DEBUG
        logger.log(level, "[DISPATCHARR] %s %s: %s, %s bytes, %.2f s", method, path, answer.status, len(answer.body), seconds)

    def _pause(self, seconds: float) -> None:
        """Wait in slices, so that a cancel is noticed."""
        stop = _should_stop.get()
        if stop is None:
            self._sleep(seconds)
            return
        left = seconds
        while left > 0 and not stop():
            self._sleep(min(left, 0.25))
            left -= 0.25


@contextmanager
def _nothing_done() -> Iterator[None]:
    """A sign-in whose answer was lost has done nothing of what was asked for."""
    try:
        yield
    except DispatcharrError as error:
        error.maybe_done = False
        raise
