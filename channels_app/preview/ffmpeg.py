"""Packs media anew with ffmpeg. ffmpeg reads from pipes that we fill: it never opens an address or a file itself.

That is narrower than the list of protocols in 10 §19 (http, https, tls, crypto, tcp …) and on purpose: everything that is
fetched goes through the guarded client, logins do not show in the list of processes, redirects and playlists cannot lead
ffmpeg anywhere, and its end of file is our end: when this process dies in any way, ffmpeg ends too.
"""

import logging
import os
import selectors
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence

from channels_app.preview.errors import PreviewRefused
from ecm_site.fetching.errors import FetchError, FetchStopped
from ecm_site.masking import mask_text

logger = logging.getLogger(__name__)

ANALYSED_MICROSECONDS = 2_000_000
ANALYSED_BYTES = 2_097_152
_DEMUXERS = "mpegts,mov,matroska,flv,aac,mp3,ac3,eac3,ogg"
"""No playlist, no list of files, nothing that names another source."""
_PIECE = 65_536
_LOOK_SECONDS = 0.25
_TAIL = 4_000  # characters of complaints that are kept
_SAID = 300

_TRACKS = {
    "passthrough": ("-map", "0:v:0?", "-map", "{sound}:a:0?", "-c", "copy"),
    "transcode": ("-map", "0:v:0?", "-map", "{sound}:a:0?", "-c:v", "copy", "-c:a", "aac", "-b:a", "192k", "-ac", "2"),
    "video_only": ("-map", "0:v:0", "-an", "-c:v", "copy"),
}


def find_ffmpeg() -> str:
    """Where ffmpeg is. Raises :class:`PreviewRefused` (500) with what to do."""
    found = shutil.which("ffmpeg")
    if found is None:
        raise PreviewRefused(
            500,
            "ffmpeg is not installed on the server, and this stream cannot be shown without it. Install it there (on Debian and"
            " Ubuntu: apt-get install ffmpeg), then try again.",
        )
    return found


def command(program: str, mode: str, inputs: Sequence[int]) -> list[str]:
    """The command line for ``mode``; ``inputs`` are file descriptors."""
    words = [program, "-hide_banner", "-nostdin", "-loglevel", "error"]
    for number in inputs:
        words += ["-protocol_whitelist", "pipe", "-format_whitelist", _DEMUXERS, "-fflags", "+genpts+discardcorrupt"]
        words += ["-analyzeduration", str(ANALYSED_MICROSECONDS), "-probesize", str(ANALYSED_BYTES), "-i", f"pipe:{number}"]
    words += [part.format(sound=len(inputs) - 1) for part in _TRACKS[mode]]
    return [*words, "-sn", "-dn", "-max_muxing_queue_size", "2048", "-flush_packets", "1", "-f", "mpegts", "pipe:1"]


class Ffmpeg:
    """A running ffmpeg with a thread for each input. Iterate for what it makes; :meth:`close` ends it for certain.

    ``should_stop`` is asked at least every quarter of a second while waiting.
    """

    def __init__(self, mode: str, inputs: Sequence[Iterator[bytes]], should_stop: Callable[[], bool]) -> None:
        self._should_stop = should_stop
        self._problem: Exception | None = None
        self._complaints = ""
        program = find_ffmpeg()
        pipes = [os.pipe() for _ in inputs]
        try:
            self._process = subprocess.Popen(
                command(program, mode, [reading for reading, _writing in pipes]),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=[reading for reading, _writing in pipes],
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            )
        except OSError as error:
            for _reading, writing in pipes:
                os.close(writing)
            raise PreviewRefused(500, f"ffmpeg could not be started on the server: {error.strerror}.") from error
        finally:
            for reading, _writing in pipes:
                os.close(reading)
        self.pid = self._process.pid
        self._feeders = [
            threading.Thread(target=self._feed, args=(source, writing), name="preview-feed", daemon=True)
            for source, (_reading, writing) in zip(inputs, pipes, strict=True)
        ]
        for feeder in self._feeders:
            feeder.start()

    def __iter__(self) -> Iterator[bytes]:
        stdout, stderr = self._process.stdout, self._process.stderr
        if stdout is None or stderr is None:
            raise RuntimeError("ffmpeg was started without pipes")
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            selector.register(stderr, selectors.EVENT_READ)
            while selector.get_map():
                for key, _events in selector.select(_LOOK_SECONDS):
                    data = os.read(key.fd, _PIECE)
                    if not data:
                        selector.unregister(key.fileobj)
                    elif key.fileobj is stdout:
                        yield data
                    else:
                        self._complaints = (self._complaints + data.decode("utf-8", errors="replace"))[-_TAIL:]
                if self._should_stop():
                    raise FetchStopped
        self._process.wait()
        if self._problem is not None:
            raise self._problem
        if self._process.returncode:
            raise PreviewRefused(502, f"ffmpeg could not read this stream. It said: “{self.last_words}”")

    @property
    def last_words(self) -> str:
        """The last complaints on one masked line."""
        lines = [" ".join(line.split()) for line in self._complaints.splitlines() if line.strip()]
        return mask_text(" · ".join(lines[-3:]))[-_SAID:] or f"nothing (exit code {self._process.returncode})"

    def close(self) -> None:
        """Kill what still runs and wait for it. The inputs' own ``should_stop`` must be true by now."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        for feeder in self._feeders:
            feeder.join(timeout=5)
        if any(feeder.is_alive() for feeder in self._feeders):
            logger.warning("[PREVIEW] The source of a preview did not let go in time")

    def _feed(self, source: Iterator[bytes], writing: int) -> None:
        """Runs in a thread of its own: source → pipe, as fast as ffmpeg takes it."""
        try:
            with os.fdopen(writing, "wb", buffering=0) as pipe:
                for piece in source:
                    left = memoryview(piece)
                    while left:
                        left = left[pipe.write(left) :]
        except (BrokenPipeError, FetchStopped):
            return  # ffmpeg has ended, or the viewer has
        except (FetchError, PreviewRefused) as error:
            self._problem = error
        except Exception as error:  # whatever it was: it must not be lost in a thread
            logger.exception("[PREVIEW] Reading the source failed")
            self._problem = PreviewRefused(502, f"Reading the source failed: {type(error).__name__}.")
