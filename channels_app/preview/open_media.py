"""Finds out what a source is and how to read it."""

from collections.abc import Iterator
from dataclasses import dataclass

from channels_app.preview.errors import PreviewRefused
from channels_app.preview.hls_playlist import MasterPlaylist, MediaPlaylist, OneAddress, read_playlist
from channels_app.preview.hls_reader import play
from channels_app.preview.reading import Body, SourceReader
from channels_app.preview.sniffing import CONTAINER, PLAYLIST, SNIFFED_BYTES, TRANSPORT_STREAM, kind_of
from channels_app.preview.transport_stream import start_of

_PLAYLIST_BYTES = 2 * 1_048_576
_DEPTH = 4  # playlists inside playlists


@dataclass(frozen=True)
class Media:
    """``kind`` is ``ts`` or ``container``; ``inputs`` are one run of bytes, or two where the sound comes on its own."""

    kind: str
    inputs: tuple[Iterator[bytes], ...]


def open_media(reader: SourceReader, url: str) -> Media:
    """Ask the source and look at its first bytes. Raises :class:`FetchError` or :class:`PreviewRefused` (502)."""
    return _open(reader, url, _DEPTH)


def _open(reader: SourceReader, url: str, depth: int) -> Media:
    body = reader.open(url)
    try:
        head = body.head(SNIFFED_BYTES)
        kind = kind_of(head)
        if kind != PLAYLIST:
            return Media(kind, (_all_of(body, start_of(head) if kind == TRANSPORT_STREAM else 0),))
        text = body.rest(_PLAYLIST_BYTES).decode("utf-8", errors="replace")
    except BaseException:
        body.close()
        raise
    body.close()
    playlist = read_playlist(text, body.url)
    if isinstance(playlist, MediaPlaylist):
        return _segments(reader, body.url, playlist)
    if not depth:
        raise PreviewRefused(502, "The source is a playlist of playlists of playlists; the preview does not go on looking.")
    if isinstance(playlist, OneAddress):
        return _open(reader, playlist.url, depth - 1)
    return _rendition(reader, playlist, depth)


def _rendition(reader: SourceReader, playlist: MasterPlaylist, depth: int) -> Media:
    video = _open(reader, playlist.video, depth - 1)
    if not playlist.audio:
        return video
    sound = _open(reader, playlist.audio, depth - 1)
    return Media(CONTAINER, (*video.inputs, *sound.inputs[:1]))


def _segments(reader: SourceReader, url: str, playlist: MediaPlaylist) -> Media:
    if not playlist.segments:
        raise PreviewRefused(502, "The HLS playlist of the source is empty: the stream is off the air.")
    pieces = play(reader, url, playlist)
    seen: list[bytes] = []
    while sum(map(len, seen)) < SNIFFED_BYTES and (piece := next(pieces, None)) is not None:
        seen.append(piece)
    head = b"".join(seen)
    kind = kind_of(head)
    if kind == PLAYLIST:
        raise PreviewRefused(502, "The HLS playlist of the source names playlists where segments should be.")
    start = start_of(head) if kind == TRANSPORT_STREAM else 0
    return Media(kind, (_with_head(head[start:], pieces),))


def _with_head(head: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from pieces


def _all_of(body: Body, skip: int) -> Iterator[bytes]:
    try:
        for piece in body:
            if len(piece) > skip:
                yield piece[skip:]
            skip = max(0, skip - len(piece))
    finally:
        body.close()
