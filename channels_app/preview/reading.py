"""Fetches what a source sends, under the rules of every fetch (DESIGN §7); one reader is one way through the network."""

import itertools
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from channels_app.preview.find_source import PreviewSource
from ecm_site.fetching.bodies import BodyReader
from ecm_site.fetching.client import new_guard, open_answer, parse_address
from ecm_site.fetching.errors import FetchError
from ecm_site.fetching.policy import FetchPolicy

# What another server than the source's own may see: nothing that says who we are to the provider.
_HARMLESS_HEADERS = frozenset({"user-agent", "accept", "accept-language", "referer", "origin"})
_MB = 1_048_576


class SourceReader:
    """Opens addresses of one source. Headers and logins go to the source's own server only.

    All requests count as hops of one way: after a public server none of them reaches into the local network.
    """

    def __init__(self, source: PreviewSource, should_stop: Callable[[], bool]) -> None:
        self.should_stop = should_stop
        self._policy = source.policy()
        self._url = source.url
        self._guard = new_guard(self._policy)
        self._home = _server_of(source.url)

    def open(self, url: str, *, first: int | None = None, last: int | None = None) -> "Body":
        """Ask for ``url`` (or its bytes ``first`` to ``last``) and wait for the answer. Raises :class:`FetchError`."""
        extra = {"Range": f"bytes={first}-{last}"} if first is not None else {}
        pieces = self._pieces(url, extra)
        try:
            final, partial = next(pieces)
        except BaseException:
            pieces.close()
            raise
        return Body(str(final), bool(partial), pieces)

    def small(self, url: str, limit: int = 2 * _MB) -> tuple[bytes, str]:
        """All of a small document and where it was. Raises :class:`FetchError`."""
        body = self.open(url)
        try:
            return body.rest(limit), body.url
        finally:
            body.close()

    def _pieces(self, url: str, extra: dict[str, str]) -> Generator[tuple[str, bool] | bytes, None, None]:
        with open_answer(
            url, policy=self._policy_for(url), extra_headers=extra, should_stop=self.should_stop, guard=self._guard
        ) as response:
            yield str(response.request.url), response.status_code == 206
            yield from BodyReader(response, max_bytes=self._policy.byte_limit, max_ratio=self._policy.max_ratio)

    def _policy_for(self, url: str) -> FetchPolicy:
        if _server_of(url) == self._home:
            return replace(self._policy, auth=parse_address(self._url)[1])
        kept = {name: value for name, value in self._policy.headers.items() if name.lower() in _HARMLESS_HEADERS}
        return replace(self._policy, headers=kept)


class Body:
    """One answer: ``head`` looks without taking away, iterating goes on to the end. Close it in the thread that reads it."""

    def __init__(self, url: str, is_partial: bool, pieces: Iterator[tuple[str, bool] | bytes]) -> None:
        self.url = url
        self.is_partial = is_partial
        self._pieces = pieces
        self._seen: list[bytes] = []

    def head(self, size: int) -> bytes:
        """The first ``size`` bytes, fewer only at the end of everything."""
        while sum(map(len, self._seen)) < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._seen.append(piece)  # type: ignore[arg-type]
        return b"".join(self._seen)[:size]

    def rest(self, limit: int) -> bytes:
        """Everything. Raises :class:`FetchError` beyond ``limit`` bytes."""
        collected = bytearray()
        for piece in self:
            collected += piece
            if len(collected) > limit:
                raise FetchError("too_large", f"The source sent more than {limit // _MB} MB where a short text was expected.")
        return bytes(collected)

    def __iter__(self) -> Iterator[bytes]:
        seen, self._seen = self._seen, []
        return itertools.chain(seen, self._pieces)  # type: ignore[arg-type]

    def close(self) -> None:
        self._pieces.close()  # type: ignore[attr-defined]


def _server_of(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme.lower(), (parts.hostname or "").casefold(), parts.port
    except ValueError:
        return "", "", None
