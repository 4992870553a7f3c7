"""Opens one answer: checked address, redirects followed by hand so that every hop is vetted."""

import base64
import re
import ssl
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from urllib.parse import unquote

import httpcore
import httpx
from django.conf import settings

from ecm_site.fetching.addresses import AddressGuard
from ecm_site.fetching.errors import FetchError, bad_status, plain_words, server_name
from ecm_site.fetching.policy import FetchPolicy
from ecm_site.fetching.sockets import GuardedBackend, Watch

ShouldStop = Callable[[], bool | None]

URL_MAX_CHARACTERS = 4096
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_REDIRECTS = {301, 302, 303, 307, 308}
# Headers an operator may set that are harmless to show to whomever the provider redirects to.
_TRAVELLING_HEADERS = {"user-agent", "accept", "accept-language", "accept-encoding", "referer", "origin"}


def parse_address(text: str) -> tuple[httpx.URL, tuple[str, str] | None]:
    """Split a typed address into the URL proper and the login of ``user:password@``, if any.

    Raises :class:`FetchError` of kind ``invalid_url``.
    """
    text = text.strip()
    if not text:
        raise FetchError("invalid_url", "No address was given.")
    if len(text) > URL_MAX_CHARACTERS:
        raise FetchError("invalid_url", f"The address is longer than {URL_MAX_CHARACTERS} characters.")
    if _CONTROL.search(text):
        raise FetchError("invalid_url", "The address contains a line break or another control character.")
    if not re.match(r"(?i)https?://", text):
        raise FetchError("invalid_url", "The address must start with http:// or https://.")
    try:
        url = httpx.URL(text)
        port, host = url.port, url.host  # asking for them is what finds a host such as "xn--"
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchError("invalid_url", f"This is not a usable address: {error}.") from error
    if port is not None and not 0 < port < 65_536:
        raise FetchError("invalid_url", f"There is no port {port}; ports go from 1 to 65535.")
    if not host:
        raise FetchError("invalid_url", "The address names no server.")
    login = None
    if url.userinfo:
        user, _, password = url.userinfo.decode("ascii", errors="replace").partition(":")
        login = (unquote(user), unquote(password))
        url = url.copy_with(userinfo=b"")
    return url, login


def new_guard(policy: FetchPolicy) -> AddressGuard:
    """The guard of one way through the network, which remembers where it began."""
    own_port = 0 if policy.allow_own_server else settings.ECM_PORT
    return AddressGuard(allow_private=policy.allow_private, own_port=own_port, private_hosts=policy.private_hosts)


@contextmanager
def open_answer(
    address: str,
    *,
    policy: FetchPolicy,
    params: Mapping[str, str] | None = None,
    extra_headers: Mapping[str, str] | None = None,
    should_stop: ShouldStop | None = None,
    accepted: Container[int] = (),
    method: str = "GET",
    content: bytes = b"",
    follow_redirects: bool = True,
    guard: AddressGuard | None = None,
) -> Iterator[httpx.Response]:
    """Request ``address`` and yield the answer with its body unread (``iter_raw``).

    Any 2xx and the statuses in ``accepted`` are yielded; everything else raises :class:`FetchError`, as do refused
    addresses, broken connections and too many redirects. ``extra_headers`` (conditions) stay with the first host. What is
    sent (``content``) must not go anywhere else, so a caller that sends something leaves ``follow_redirects`` off. With a
    ``guard`` of its own, several requests count as hops of one way (:func:`new_guard`).
    """
    url, login = parse_address(address)
    if params:
        url = url.copy_merge_params(dict(params))
    guard = guard or new_guard(policy)
    watch = Watch(should_stop, policy.total_timeout)
    pool = httpcore.ConnectionPool(
        ssl_context=_ssl_context(policy.verify_tls),
        max_keepalive_connections=0,
        network_backend=GuardedBackend(guard, watch),
    )
    headers = _first_headers(policy, login or policy.auth) | dict(extra_headers or {})
    with httpx.Client(transport=PoolTransport(pool), trust_env=False, timeout=_timeouts(policy)) as client:
        for _hop in range(policy.max_redirects + 1):
            response = _send(client, _request(client, method, url, headers, content))
            try:
                target = _redirect_target(response)
                if target is not None and not follow_redirects:
                    raise FetchError(
                        "redirect",
                        f"The server {server_name(url)} sends us on to another address; that is not followed. Check it.",
                        status=response.status_code,
                    )
                if target is None:
                    _raise_for_status(response, accepted)
                    yield response
                    return
            finally:
                response.close()
            if (target.host, target.port, target.scheme) != (url.host, url.port, url.scheme):
                headers = {name: value for name, value in headers.items() if name.lower() in _TRAVELLING_HEADERS}
            url = target
        raise FetchError("redirect", f"The server redirected more than {policy.max_redirects} times; check the address.")


def _send(client: httpx.Client, request: httpx.Request) -> httpx.Response:
    try:
        return client.send(request, stream=True)
    except (httpx.RemoteProtocolError, httpx.InvalidURL, ValueError) as error:  # httpx looks at the Location of every redirect
        raise FetchError("redirect", "The server redirected to something that is not an address.") from error


def _request(client: httpx.Client, method: str, url: httpx.URL, headers: Mapping[str, str], content: bytes) -> httpx.Request:
    request = client.build_request(method, url, headers=headers, content=content or None)
    request.extensions["timeout"] = client.timeout.as_dict()
    return request


def _first_headers(policy: FetchPolicy, login: tuple[str, str] | None) -> dict[str, str]:
    headers = {"User-Agent": policy.agent, "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
    for name, value in policy.headers.items():
        if not _HEADER_NAME.fullmatch(name) or _CONTROL.search(value):
            raise FetchError("invalid_url", f"The request header {name[:40]!r} is not usable.")
        headers = {known: kept for known, kept in headers.items() if known.lower() != name.lower()}
        headers[name] = value
    if _CONTROL.search(headers.get("User-Agent", "")):
        raise FetchError("invalid_url", "The User-Agent contains a line break or another control character.")
    if login is not None:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{login[0]}:{login[1]}".encode()).decode()
    return headers


def _redirect_target(response: httpx.Response) -> httpx.URL | None:
    if response.status_code not in _REDIRECTS or "location" not in response.headers:
        return None
    location = response.headers["location"].strip()
    try:
        target = response.request.url.join(location)
        host = target.host
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchError("redirect", "The server redirected to something that is not an address.") from error
    if target.scheme not in ("http", "https") or not host:
        raise FetchError(
            "redirect", f"The server redirected to a {target.scheme or 'broken'} address; only http and https are fetched."
        )
    return target.copy_with(userinfo=b"", fragment=None)


def _raise_for_status(response: httpx.Response, accepted: Container[int]) -> None:
    if response.is_success or response.status_code in accepted:
        return
    from ecm_site.fetching.bodies import read_start

    try:
        body = plain_words(read_start(response, 16_384), response.charset_encoding or "")
    except FetchError:  # the status says more than a body that broke off
        body = ""
    raise bad_status(response.request.url, response.status_code, body, response.headers.get("retry-after", ""))


def _timeouts(policy: FetchPolicy) -> httpx.Timeout:
    return httpx.Timeout(policy.read_timeout, connect=policy.connect_timeout)


@lru_cache(maxsize=2)
def _ssl_context(verify: bool) -> ssl.SSLContext:
    """Loading the certificates takes 20 ms and more; one context per process is enough."""
    return httpx.create_ssl_context(verify=verify)


class PoolTransport(httpx.BaseTransport):
    """httpx on an httpcore pool of our own; failures come out as :class:`FetchError`."""

    def __init__(self, pool: httpcore.ConnectionPool) -> None:
        self._pool = pool

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        name = server_name(request.url)
        with _in_words(name):
            answer = self._pool.handle_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(
                        scheme=request.url.raw_scheme,
                        host=request.url.raw_host,
                        port=request.url.port,
                        target=request.url.raw_path,
                    ),
                    headers=request.headers.raw,
                    content=request.read(),
                    extensions=request.extensions,
                )
            )
        return httpx.Response(
            status_code=answer.status, headers=answer.headers, stream=_Body(answer, name), extensions=answer.extensions
        )

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response, name: str) -> None:
        self._answer = answer
        self._name = name

    def __iter__(self) -> Iterator[bytes]:
        with _in_words(self._name):
            yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


@contextmanager
def _in_words(name: str) -> Iterator[None]:
    try:
        yield
    except httpcore.RemoteProtocolError as error:
        text = str(error).lower()
        if "closed" in text or "disconnected" in text or "incomplete" in text:
            raise FetchError("interrupted", f"The server {name} broke off before everything had arrived. Try again.") from error
        raise FetchError("interrupted", f"What the server {name} sends is not valid HTTP: {error}.") from error
    except httpcore.LocalProtocolError as error:
        raise FetchError("invalid_url", f"The request to {name} could not be written: {error}.") from error
    except httpcore.TimeoutException as error:
        raise FetchError("timeout", f"The server {name} did not answer in time; try again later.") from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise FetchError("interrupted", f"The connection to {name} broke off. Try again.") from error
