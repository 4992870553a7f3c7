"""One preview from start to end: source → (ffmpeg) → viewer, as MPEG-TS.

What is sent to the browser is always MPEG-TS, whatever the source is: an HLS playlist is read here, segment by segment. The
other way, handing playlists to a player in the page, would mean a second player, signed addresses for every segment, and
provider addresses that have to be rewritten inside foreign text.
"""

import logging
import time
from collections.abc import Callable, Iterator

from channels_app.preview.errors import PreviewRefused
from channels_app.preview.ffmpeg import Ffmpeg, find_ffmpeg
from channels_app.preview.find_source import PreviewSource
from channels_app.preview.open_media import open_media
from channels_app.preview.reading import SourceReader
from channels_app.preview.slots import Slot
from channels_app.preview.sniffing import TRANSPORT_STREAM
from channels_app.preview.transport_stream import Codecs, codecs_of
from ecm_site.fetching.errors import FetchError, FetchStopped

logger = logging.getLogger(__name__)

LONGEST_SECONDS = 2 * 3600.0
"""A tab that was forgotten must not use up the provider's connections."""
_LOOKED_BYTES = 524_288  # for the programme table
_LOOKED_SECONDS = 3.0

HINT_PRIVATE = " If that is right, tick “Follow redirects into the local network” for this provider."


class Preview:
    """An open preview. Made with :func:`start_preview`; iterate it once, :meth:`close` it always."""

    def __init__(self, source: PreviewSource, mode: str, slot: Slot, viewer_left: Callable[[], bool]) -> None:
        self.mode = mode
        self.codecs = Codecs("", "")
        self._source = source
        self._slot = slot
        self._viewer_left = viewer_left
        self._closed = False
        self._began = time.monotonic()
        self._ffmpeg: Ffmpeg | None = None
        self._pieces: Iterator[bytes] = iter(())
        self._first: list[bytes] = []
        self._sent = 0
        self._ending = "the viewer left"

    def start(self) -> None:
        """Wait for the first bytes. Raises :class:`PreviewRefused` or :class:`FetchError`."""
        if self.mode != "passthrough":
            find_ffmpeg()  # before the provider is asked
        reader = SourceReader(self._source, self._should_stop)
        media = open_media(reader, self._source.url)
        if self.mode == "passthrough" and media.kind == TRANSPORT_STREAM and len(media.inputs) == 1:
            self._pieces = media.inputs[0]
        else:
            self._ffmpeg = Ffmpeg(self.mode, media.inputs, self._should_stop)
            self._pieces = iter(self._ffmpeg)
        self._look()

    def _look(self) -> None:
        """Read on until it is known what is inside."""
        ends = time.monotonic() + _LOOKED_SECONDS
        seen = bytearray()
        for piece in self._pieces:
            self._first.append(piece)
            seen += piece
            found = codecs_of(bytes(seen))
            if found is not None:
                self.codecs = found
                return
            if len(seen) > _LOOKED_BYTES or time.monotonic() > ends:
                return
        if not self._first:
            raise PreviewRefused(502, "The source ended before it had sent any picture or sound.")

    def __iter__(self) -> Iterator[bytes]:
        try:
            while self._first:
                yield self._count(self._first.pop(0))
            for piece in self._pieces:
                yield self._count(piece)
            self._ending = "the source ended"
        except FetchStopped:
            self._ending = "the viewer left"
        except (FetchError, PreviewRefused) as error:  # too late for an answer of its own; the player sees an early end
            self._ending = str(error)
        finally:
            self.close()

    def close(self, why: str = "") -> None:
        """Stop everything: the fetch, ffmpeg, the slot. ``why`` is for the log. May be called twice."""
        if self._closed:
            return
        self._closed = True
        self._ending = why or self._ending
        try:
            if self._ffmpeg is not None:
                self._ffmpeg.close()
            elif hasattr(self._pieces, "close"):
                self._pieces.close()
        finally:
            self._slot.release()
            seconds = time.monotonic() - self._began
            logger.info(
                "[PREVIEW] Ended stream id=%s mode=%s after %.0f s and %s bytes: %s",
                self._source.stream_id, self.mode, seconds, self._sent, self._ending,
            )  # fmt: skip

    def _count(self, piece: bytes) -> bytes:
        self._sent += len(piece)
        return piece

    def _should_stop(self) -> bool:
        if self._closed or self._viewer_left():
            return True
        return time.monotonic() - self._began > LONGEST_SECONDS


def start_preview(source: PreviewSource, mode: str, slot: Slot, viewer_left: Callable[[], bool]) -> Preview:
    """Open ``source`` and wait until something comes. The preview takes ``slot`` along.

    Raises :class:`PreviewRefused`; then nothing is left running and the slot is free again.
    """
    preview = Preview(source, mode, slot, viewer_left)
    try:
        preview.start()
    except FetchError as error:
        preview.close(str(error))
        raise PreviewRefused(502, _in_words(error, source)) from error
    except BaseException as error:
        preview.close(str(error))
        raise
    logger.info("[PREVIEW] Started stream id=%s mode=%s %s", source.stream_id, mode, "/".join(filter(None, preview.codecs)))
    return preview


def _in_words(error: FetchError, source: PreviewSource) -> str:
    is_private = error.kind == "blocked" and "inside the local network" in str(error)
    return str(error) + (HINT_PRIVATE if is_private and source.private_hosts is not None else "")
