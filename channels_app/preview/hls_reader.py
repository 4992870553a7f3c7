"""Plays an HLS playlist: one segment after the other, as one run of bytes.

Reading it here and not in ffmpeg or in the browser means that every playlist, segment and key goes through the guarded
client: a hostile playlist reaches neither files nor the local network, and no provider's address leaves the server.
"""

import logging
import time
from collections.abc import Iterator

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.base import CipherContext

from channels_app.preview.errors import PreviewRefused
from channels_app.preview.hls_playlist import Key, MediaPlaylist, Segment, Span, read_playlist
from channels_app.preview.reading import SourceReader
from ecm_site.fetching.errors import FetchError, FetchStopped

logger = logging.getLogger(__name__)

LIVE_SEGMENTS = 3  # how far behind its end a live stream is begun (RFC 8216 §6.3.3)
AHEAD_SECONDS = 30.0
"""No more than this is fetched before its time: a film must not be loaded as a whole for a look at it."""
_MISSES = 3  # segments in a row that may fail
_STILL_SECONDS = 15.0  # a live playlist that stays the same for longer has ended
_KEY_BYTES = 16


def play(reader: SourceReader, url: str, playlist: MediaPlaylist) -> Iterator[bytes]:
    """The bytes of all segments, a live playlist's as they come.

    Raises :class:`FetchError` or :class:`PreviewRefused` when it cannot go on.
    """
    return _Playing(reader, url).run(playlist)


class _Playing:
    def __init__(self, reader: SourceReader, url: str) -> None:
        self._reader = reader
        self._url = url
        self._keys: dict[str, bytes] = {}
        self._init: tuple[str, Span | None] | None = None
        self._misses = 0

    def run(self, playlist: MediaPlaylist) -> Iterator[bytes]:
        began = time.monotonic()
        grew = began
        played = 0.0
        waiting = list(playlist.segments if playlist.is_finished else playlist.segments[-LIVE_SEGMENTS:])
        number = -1
        while True:
            for segment in waiting:
                number = segment.number
                yield from self._segment(segment)
                played += segment.seconds
                self._wait_until(began + played - AHEAD_SECONDS)
            if playlist.is_finished:
                return
            now = time.monotonic()
            grew = now if waiting else grew
            if now - grew > max(_STILL_SECONDS, 3 * playlist.target_seconds):
                raise PreviewRefused(502, "The source's live playlist no longer grows: the stream has stopped at the provider.")
            self._wait_until(now + playlist.target_seconds / 2)
            text, where = self._reader.small(self._url)
            again = read_playlist(text.decode("utf-8", errors="replace"), where)
            if not isinstance(again, MediaPlaylist):
                raise PreviewRefused(502, "The source's live playlist turned into something else.")
            playlist = again
            waiting = [segment for segment in playlist.segments if segment.number > number]
            if not waiting and playlist.segments and playlist.segments[-1].number < number - 100:
                waiting = list(playlist.segments[-LIVE_SEGMENTS:])  # the provider began to count anew

    def _segment(self, segment: Segment) -> Iterator[bytes]:
        try:
            if segment.init is not None and segment.init != self._init:
                yield from self._bytes(segment.init[0], segment.init[1])
                self._init = segment.init
            pieces = self._bytes(segment.url, segment.span)
            yield from pieces if segment.key is None else self._decrypted(pieces, segment, segment.key)
        except FetchStopped:
            raise
        except FetchError as error:  # a segment that went missing is a short gap
            self._misses += 1
            if self._misses >= _MISSES or error.kind == "blocked":
                raise
            logger.info("[PREVIEW] A segment is missing: %s", error)
        else:
            self._misses = 0

    def _bytes(self, url: str, span: Span | None) -> Iterator[bytes]:
        if span is None:
            body = self._reader.open(url)
        else:
            body = self._reader.open(url, first=span.start, last=span.start + span.length - 1)
        try:
            if span is None or body.is_partial:
                yield from body
                return
            skip, left = span.start, span.length  # a server that knows no ranges sends the whole file
            for piece in body:
                taken = piece[skip : skip + left]
                skip = max(0, skip - len(piece))
                left -= len(taken)
                if taken:
                    yield taken
                if not left:
                    return
        finally:
            body.close()

    def _decrypted(self, pieces: Iterator[bytes], segment: Segment, key: Key) -> Iterator[bytes]:
        iv = key.iv if key.iv is not None else (segment.number % (1 << 128)).to_bytes(16, "big")
        cipher: CipherContext = Cipher(algorithms.AES(self._key(key.url)), modes.CBC(iv)).decryptor()
        held = b""
        for piece in pieces:
            held += cipher.update(piece)
            if len(held) > _KEY_BYTES:  # the last block ends in padding
                yield held[:-_KEY_BYTES]
                held = held[-_KEY_BYTES:]
        padding = held[-1] if held else 0
        yield held[:-padding] if 0 < padding <= _KEY_BYTES else held

    def _key(self, url: str) -> bytes:
        if url not in self._keys:
            key, _where = self._reader.small(url, 65_536)
            if len(key) != _KEY_BYTES:
                raise PreviewRefused(502, "The source did not hand out the key of this encrypted stream.")
            self._keys = {url: key}
        return self._keys[url]

    def _wait_until(self, moment: float) -> None:
        while (left := moment - time.monotonic()) > 0:
            if self._reader.should_stop():
                raise FetchStopped
            time.sleep(min(left, 0.25))
