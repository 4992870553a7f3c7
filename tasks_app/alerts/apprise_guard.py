"""Puts everything that speaks through the package ``requests`` in this process under our own guard (DESIGN §7).

Apprise's plug-ins send with ``requests``. Every request of every session ends at the adapter that ``Session.get_adapter``
names; here that is one which sends through :mod:`ecm_site.http`: vetted addresses, no redirects, bounded answers and times.
Nothing else in ECM uses ``requests``. Importing this module is enough, and cannot be undone.
"""

import io
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import requests
import requests.adapters
import requests.sessions
import requests.utils

from ecm_site.fetching.addresses import AddressGuard
from ecm_site.fetching.client import new_guard
from ecm_site.fetching.sending import Answer, send
from ecm_site.http import FetchError, FetchPolicy

SENDING = FetchPolicy(connect_timeout=10, read_timeout=10, total_timeout=20)
SENDING_UNVERIFIED = FetchPolicy(connect_timeout=10, read_timeout=10, total_timeout=20, verify_tls=False)
MOST_REQUESTS = 12
MOST_SECONDS = 45.0
_OURS_TO_SET = {"host", "content-length", "connection", "transfer-encoding", "accept-encoding", "keep-alive"}


@dataclass
class Conversation:
    """The requests of one message: they share a guard, so that a public server cannot send us on into the local network,
    and their answers tell afterwards what went wrong."""

    guard: AddressGuard = field(default_factory=lambda: new_guard(SENDING))
    answers: list[Answer] = field(default_factory=list)
    errors: list[FetchError] = field(default_factory=list)
    requests: int = 0
    started: float = field(default_factory=time.monotonic)

    def check(self) -> None:
        """Raise :class:`FetchError` when one message takes too many requests or too long."""
        self.requests += 1
        if self.requests > MOST_REQUESTS or time.monotonic() - self.started > MOST_SECONDS:
            raise FetchError("timeout", "The service wanted too many requests for one message.")


_current: ContextVar[Conversation | None] = ContextVar("apprise_conversation", default=None)


@contextmanager
def conversation() -> Iterator[Conversation]:
    """All requests made inside belong to one message."""
    talk = Conversation()
    token = _current.set(talk)
    try:
        yield talk
    finally:
        _current.reset(token)


class GuardedAdapter(requests.adapters.BaseAdapter):
    """Answers a prepared request through the guarded client. Timeouts and proxies of the caller are not asked."""

    def send(  # noqa: PLR0917 - as requests calls it
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        talk = _current.get() or Conversation()
        try:
            talk.check()
            answer = send(
                (request.method or "GET").upper(),
                str(request.url),
                policy=SENDING if verify else SENDING_UNVERIFIED,
                content=_content(request.body),
                headers=_headers(request.headers),
                guard=talk.guard,
            )
        except FetchError as error:
            talk.errors.append(error)
            raise requests.exceptions.ConnectionError(str(error), request=request) from error
        talk.answers.append(answer)
        if answer.status == 429:  # plug-ins would wait and try again by themselves; we do that, in our queue
            raise requests.exceptions.RequestException("rate limited", request=request)
        return _response(request, answer)

    def close(self) -> None:
        """Nothing is kept open between requests."""


def _content(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    if isinstance(body, str):
        return body.encode()
    raise FetchError("invalid_url", "Only plain messages are sent, no files.")


def _headers(given: Mapping[Any, Any]) -> dict[str, str]:
    headers = {}
    for name, value in given.items():
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        if str(name).lower() not in _OURS_TO_SET:
            headers[str(name)] = text
    return headers


def _response(request: requests.PreparedRequest, answer: Answer) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    response.headers = requests.structures.CaseInsensitiveDict(answer.headers)
    response.url = str(request.url)
    response.request = request
    response.encoding = answer.charset or requests.utils.get_encoding_from_headers(response.headers)
    response.raw = io.BytesIO(answer.body)
    response._content = answer.body
    return response


def _guarded(self: requests.Session, url: str | bytes) -> GuardedAdapter:
    return GuardedAdapter()


requests.sessions.Session.get_adapter = _guarded  # type: ignore[method-assign]
# Logins from ~/.netrc are somebody else's: they must not travel to whatever address an alert method names.
requests.sessions.get_netrc_auth = lambda url, raise_errors=False: None  # type: ignore[attr-defined]
