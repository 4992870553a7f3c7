"""Sends something to a server and reads its short answer, under the same guard as everything that is fetched (DESIGN §7)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ecm_site.fetching.addresses import AddressGuard
from ecm_site.fetching.bodies import BodyReader
from ecm_site.fetching.bodies import charset as declared_charset
from ecm_site.fetching.client import ShouldStop, open_answer
from ecm_site.fetching.errors import FetchError, plain_words
from ecm_site.fetching.policy import FetchPolicy

ANSWER_MAX_BYTES = 262_144
"""More than any messenger answers; a server that sends without end is hung up on."""
_ANY_STATUS = range(200, 600)


@dataclass(frozen=True)
class Answer:
    """What a server said to a request, whatever its status. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    charset: str = ""

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def words(self) -> str:
        """The start of the body as one masked line, for error sentences."""
        return plain_words(self.body[:16_384], self.charset)

    def json(self) -> Any:
        """The decoded body, None when it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


def send(
    method: str,
    url: str,
    *,
    policy: FetchPolicy,
    content: bytes = b"",
    headers: Mapping[str, str] | None = None,
    should_stop: ShouldStop | None = None,
    guard: AddressGuard | None = None,
) -> Answer:
    """Send one request and return the answer, also when its status is an error.

    Redirects are never followed: what is sent, secrets included, goes to the server that was named or nowhere. The answer is
    read up to ``policy.max_bytes`` (default :data:`ANSWER_MAX_BYTES`). Raises :class:`FetchError` when there is no answer or
    the address is refused; a redirect is kind ``redirect``. Requests that share a ``guard`` count as hops of one way: after a
    public server none of them reaches into the local network.
    """
    merged = {**policy.headers, **(headers or {})}
    limit = ANSWER_MAX_BYTES if policy.max_bytes is None else policy.max_bytes
    with open_answer(
        url,
        policy=replace(policy, headers=merged),
        should_stop=should_stop,
        accepted=_ANY_STATUS,
        method=method,
        content=content,
        follow_redirects=False,
        guard=guard,
    ) as response:
        body = _read(response, limit, policy.max_ratio)
        names = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, names, body, declared_charset(response))


def post(url: str, content: bytes, *, content_type: str, policy: FetchPolicy, should_stop: ShouldStop | None = None) -> Answer:
    """POST ``content``; see :func:`send`."""
    return send("POST", url, policy=policy, content=content, headers={"Content-Type": content_type}, should_stop=should_stop)


def post_json(url: str, value: Any, *, policy: FetchPolicy, should_stop: ShouldStop | None = None) -> Answer:
    """POST ``value`` as JSON; see :func:`send`."""
    return post(url, json.dumps(value).encode(), content_type="application/json", policy=policy, should_stop=should_stop)


def _read(response: Any, limit: int, max_ratio: int) -> bytes:
    """The body; of an error answer whatever can be read, since its status says more than a body that broke off."""
    collected = bytearray()
    try:
        for piece in BodyReader(response, max_bytes=limit, max_ratio=max_ratio):
            collected += piece
    except FetchError:
        if response.is_success:
            raise
    return bytes(collected)
