"""The id that ties together everything that one request caused, also in the background (50 O-1)."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

LONGEST = 128
NONE = "-"
_UNWANTED = re.compile(r"[^A-Za-z0-9._~:/+=@,;-]")

_trace_id: ContextVar[str] = ContextVar("trace_id", default=NONE)


def current_trace_id() -> str:
    """The id of the request that the caller works for; "-" outside of any."""
    return _trace_id.get()


def requested_trace_id() -> str:
    """As :func:`current_trace_id`, but "" outside of any; for work that is done later and elsewhere."""
    current = _trace_id.get()
    return "" if current == NONE else current


def new_trace_id() -> str:
    return str(uuid.uuid4())


def clean_trace_id(text: str) -> str:
    """A caller's own id: what could break a log line or a header is left out, the first 128 characters are kept."""
    return _UNWANTED.sub("", text)[:LONGEST]


@contextmanager
def tracing(trace_id: str) -> Iterator[None]:
    """Log lines written inside carry ``trace_id``."""
    token = _trace_id.set(trace_id or NONE)
    try:
        yield
    finally:
        _trace_id.reset(token)


def begin_trace(trace_id: str) -> None:
    """As :func:`tracing`, for a request: it lasts until :func:`end_trace`, beyond the function that began it."""
    _trace_id.set(trace_id or NONE)


def end_trace() -> None:
    _trace_id.set(NONE)
