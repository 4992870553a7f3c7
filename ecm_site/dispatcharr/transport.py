"""The guarded connections to one server: vetted addresses, kept open between requests, shared by the threads of a process."""

import contextlib
import ssl
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from json import dumps as to_json
from typing import Any

import httpcore
import httpx

from ecm_site.dispatcharr.answers import RawAnswer
from ecm_site.dispatcharr.errors import AnsweredElse, DispatcharrError, Stopped, Unreachable
from ecm_site.fetching.bodies import BodyReader, read_start
from ecm_site.fetching.client import PoolTransport, new_guard, parse_address
from ecm_site.fetching.errors import FetchError, FetchStopped, server_name
from ecm_site.fetching.policy import PRODUCT_USER_AGENT, FetchPolicy
from ecm_site.fetching.sockets import GuardedBackend, Watch

CONNECT_SECONDS = 5.0
ANSWER_BYTES_MAX = 256 * 1_048_576  # the largest list of a very large server is some 100 MB
USUAL_BYTES_MAX = 48 * 1_048_576  # of what is no long list
ERROR_BYTES_MAX = 1_048_576  # of an error only the beginning is read
RATIO_MAX = 200
CONNECTIONS = 4  # two or three requests at once are fastest for the server (NOTES); more only queue there
IDLE_SECONDS = 4.0  # some web servers hang up after 5 s; a request on a connection that is closing may be lost


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Reading the certificates takes 20 ms and more; one context per process is enough."""
    return httpx.create_ssl_context()


SECRET_HEADERS = ("Authorization", "X-API-Key")
SECRET_FIELDS = ("password", "refresh")
SECRET_FROM = 4  # letters; shorter ones would be found in every other word


def _secrets(headers: Mapping[str, str], body: Any) -> list[str]:
    """What a request carries that no sentence may hold."""
    found = [headers[name].removeprefix("Bearer ") for name in SECRET_HEADERS if name in headers]
    if isinstance(body, Mapping):
        found += [value for name in SECRET_FIELDS if isinstance(value := body.get(name), str)]
    return [secret for secret in found if len(secret) >= SECRET_FROM]


def _without(body: bytes, secrets: list[str]) -> bytes:
    """Errors are quoted in logs and on pages, and some servers repeat what they were sent."""
    for secret in secrets:
        for written in (secret, to_json(secret)[1:-1], to_json(secret, ensure_ascii=False)[1:-1]):
            body = body.replace(written.encode("utf-8", "replace"), b"***")
    return body


def _no_cookies() -> CookieJar:
    """A jar that takes none: a session of the server's would stand beside our credentials, and a heap of them never ends."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


_watch: ContextVar[Watch | None] = ContextVar("dispatcharr_watch", default=None)


class SharedWatch(Watch):
    """Lets connections that outlive a request look at the deadline and the cancel of whichever request uses them now."""

    def __init__(self) -> None:
        super().__init__(None, None)

    def check(self) -> None:
        current = _watch.get()
        if current is not None:
            current.check()


@dataclass(frozen=True)
class Patience:
    """Seconds for one request: until the first and between later bytes, and in all."""

    read: float = 30.0
    total: float = 120.0
    is_long: bool = False  # what is asked for may be a list of everything


USUAL = Patience()
BULK = Patience(read=180.0, total=600.0, is_long=True)  # a thousand rows with streams took the recorded server 25 s


class Transport:
    """Sends single requests to one server. Safe to share between threads; not across a fork."""

    def __init__(self, address: str, *, longest: Patience | None = None) -> None:
        """``address`` is the root of the server, e.g. ``http://192.168.1.10:9191``. ``longest``: the most patience that any
        request may have. Raises :class:`Unreachable`."""
        self._longest = longest
        try:
            url, login = parse_address(address)
        except FetchError as error:
            raise Unreachable(str(error)) from error
        if login is not None:
            raise Unreachable("Enter the user and the password in their own fields, not in the address.")
        path = url.path.rstrip("/")
        for tail in ("/api", "/api/core/version"):  # pasted from the browser's address line
            path = path.removesuffix(tail)
        self.root = str(url.copy_with(path=path or "/", query=None, fragment=None)).rstrip("/")
        self.server = server_name(url)
        self._host = url.host
        pool = httpcore.ConnectionPool(
            ssl_context=_tls(),
            max_connections=CONNECTIONS,
            max_keepalive_connections=CONNECTIONS,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=GuardedBackend(new_guard(FetchPolicy()), SharedWatch()),
        )
        self._client = httpx.Client(
            transport=PoolTransport(pool), trust_env=False, follow_redirects=False, cookies=_no_cookies()
        )

    def close(self) -> None:
        self._client.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        params: Any = None,
        json: Any = None,
        data: Mapping[str, str] | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        patience: Patience = USUAL,
        should_stop: Callable[[], bool | None] | None = None,
    ) -> RawAnswer:
        """One request, one answer, no second attempt. Redirects are answers like any other.

        Raises :class:`Unreachable` (``maybe_done`` tells whether the request can have arrived), :class:`Stopped`,
        :class:`AnsweredElse`.
        """
        if self._longest is not None:
            patience = self._longest
        request = self._client.build_request(
            method,
            f"{self.root}{path}",
            headers={
                "User-Agent": PRODUCT_USER_AGENT,
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
                **headers,
            },
            params=params,
            json=json,
            data=data,
            files=files,
        )
        request.extensions["timeout"] = {
            "connect": CONNECT_SECONDS,
            "read": patience.read,
            "write": patience.read,
            "pool": patience.total,
        }
        sent = False

        def trace(event: str, _info: Any) -> None:
            nonlocal sent
            sent = sent or event.endswith("send_request_headers.started")

        request.extensions["trace"] = trace
        token = _watch.set(Watch(should_stop, patience.total))
        began = time.monotonic()
        try:
            answer = self._receive(request, patience)
            if 200 <= answer.status < 300:
                return answer
            return replace(answer, body=_without(answer.body, _secrets(headers, json)))
        except FetchStopped as error:
            raise Stopped("The request to Dispatcharr was cancelled.", maybe_done=sent) from error
        except FetchError as error:
            raise self._in_words(error, time.monotonic() - began, sent) from error
        except httpx.PoolTimeout as error:
            raise Unreachable(f"Too many requests to {self.server} are waiting for an answer.") from error
        except (httpx.InvalidURL, httpx.HTTPError, ValueError) as error:
            raise AnsweredElse(f"What {self.server} sends is not valid HTTP.", maybe_done=sent) from error
        finally:
            _watch.reset(token)

    def _receive(self, request: httpx.Request, patience: Patience) -> RawAnswer:
        response = self._client.send(request, stream=True)
        with contextlib.closing(response):
            if response.is_success:
                most = ANSWER_BYTES_MAX if patience.is_long else USUAL_BYTES_MAX
                body = b"".join(BodyReader(response, max_bytes=most, max_ratio=RATIO_MAX))
            else:
                body = self._beginning(response)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return RawAnswer(response.status_code, headers, body, self.server)

    @staticmethod
    def _beginning(response: httpx.Response) -> bytes:
        """Of an error; its status says more than a body that is too long or never ends."""
        try:
            return read_start(response, ERROR_BYTES_MAX)
        except FetchError as error:
            if error.kind not in ("too_large", "timeout"):
                raise
            return b""

    def _in_words(self, error: FetchError, seconds: float, sent: bool) -> DispatcharrError:
        if error.kind == "too_large":
            return AnsweredElse(str(error), maybe_done=sent)
        if error.kind == "timeout" and sent:
            message = f"Dispatcharr at {self.server} did not answer within {seconds:.0f} s: it is overloaded, or hangs."
        else:
            message = f"Dispatcharr cannot be reached. {error}"
        return Unreachable(message, maybe_done=sent, timed_out=sent and error.kind == "timeout")
