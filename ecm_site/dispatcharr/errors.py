"""What can go wrong with a Dispatcharr server: a few exceptions, each with a sentence that an operator understands."""

from collections.abc import Mapping
from typing import Any

from ecm_site.masking import mask_text


class DispatcharrError(Exception):
    """The base of all; ``str()`` is a masked sentence.

    ``maybe_done`` is True when the server may have carried the request out although no answer arrived: look before asking
    again. ``temporary`` is True when the same request may well succeed later without anybody doing anything.
    ``status`` is the HTTP status of the answer, 0 when there was none.
    """

    temporary: bool = False

    def __init__(self, message: str, *, status: int = 0, maybe_done: bool = False) -> None:
        super().__init__(mask_text(message))
        self.status = status
        self.maybe_done = maybe_done


class Unreachable(DispatcharrError):
    """No answer: wrong address, server down, network, time-out, or the circuit breaker is open.

    ``timed_out``: the request arrived and the server may still be at work on it.
    """

    temporary: bool = True

    def __init__(self, message: str, *, maybe_done: bool = False, timed_out: bool = False) -> None:
        super().__init__(message, maybe_done=maybe_done)
        self.timed_out = timed_out


class SignInRefused(DispatcharrError):
    """The server does not accept the user and password, or the API key."""


class NoRights(DispatcharrError):
    """The account may not do that."""


class Rejected(DispatcharrError):
    """The server understood and refused the values. ``fields`` maps a field to what is wrong with it ("" = as a whole).

    ``data`` is the answer as it came, for bulk calls that name rows in it; not masked: never show it.
    """

    def __init__(self, message: str, *, fields: Mapping[str, str], status: int = 400, data: Any = None) -> None:
        super().__init__(message, status=status)
        self.data = data
        self.fields = {name: mask_text(text) for name, text in fields.items()}


class NotFound(DispatcharrError):
    """The row does not exist (any more)."""


class Busy(DispatcharrError):
    """The server, or our own restraint, asks to wait. ``retry_after`` is in seconds."""

    temporary: bool = True

    def __init__(self, message: str, *, retry_after: float, status: int = 0) -> None:
        super().__init__(message, status=status)
        self.retry_after = retry_after


class ServerFault(DispatcharrError):
    """The server failed on it (5xx). ``temporary`` is True for gateways (502, 503, 504), False for a plain 500, which this
    server also answers to values that it does not check. ``retry_after``: seconds that a gateway asks to wait, 0 = it does
    not say."""

    def __init__(
        self, message: str, *, status: int, temporary: bool, maybe_done: bool = False, retry_after: float = 0.0
    ) -> None:
        super().__init__(message, status=status, maybe_done=maybe_done)
        self.temporary = temporary  # of this one answer
        self.retry_after = retry_after


class AnsweredElse(DispatcharrError):
    """Something answered, but not as Dispatcharr does: a web page, a redirect, data of another shape."""


class Incomplete(DispatcharrError):
    """All of a list came that would come, and it is not all that the server counts: what is missing need not be gone."""


class Stopped(DispatcharrError):
    """The caller's ``should_stop`` said so."""
