"""Streams an answer into a file that appears only when it is complete."""

import errno
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from ecm_site.fetching.bodies import BodyReader, announced_size, charset, content_type, encodings
from ecm_site.fetching.client import ShouldStop, open_answer
from ecm_site.fetching.errors import disk_full
from ecm_site.fetching.policy import Download, FetchPolicy
from ecm_site.masking import mask_text

logger = logging.getLogger(__name__)

OnProgress = Callable[[int, int | None], None]
"""Gets bytes received and bytes announced (None = the server did not say)."""

START_BYTES = 65_536
PROGRESS_SECONDS = 0.25
LEFTOVER_AGE = 3600  # seconds; a running download touches its file far more often
DISK_RESERVE = 32 * 1_048_576  # room that a download must leave for the database


def download(
    url: str,
    destination: Path,
    *,
    policy: FetchPolicy,
    etag: str = "",
    last_modified: str = "",
    on_progress: OnProgress | None = None,
    should_stop: ShouldStop | None = None,
    check_start: Callable[[bytes], None] | None = None,
) -> Download:
    """Fetch ``url`` into ``destination``; the old file stays until the new one is complete and on disk (20 §2.2).

    ``etag`` and ``last_modified`` of the last download make the request conditional (only if ``destination`` still
    exists). ``on_progress`` is called at most four times a second. ``should_stop`` is asked about ten times a second,
    also while the server is silent: True raises ``FetchStopped``, or it may raise an exception of its own.
    ``check_start`` gets the first 64 KB and may raise to refuse a web page or a video before it is all loaded.

    Raises :class:`FetchError`; then nothing was changed.
    """
    conditions = {}
    if destination.exists():
        if etag:
            conditions["If-None-Match"] = etag
        if last_modified:
            conditions["If-Modified-Since"] = last_modified
    with open_answer(
        url, policy=policy, extra_headers=conditions, should_stop=should_stop, accepted=(304,) if conditions else ()
    ) as response:
        if response.status_code == 304:
            return _described(response, destination, etag=etag, last_modified=last_modified, not_modified=True)
        destination.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(destination)
        body = BodyReader(response, max_bytes=policy.byte_limit, max_ratio=policy.max_ratio)
        _store(body, announced_size(response), destination, on_progress, check_start)
        return _described(response, destination)


def _store(
    body: BodyReader,
    announced: int,
    destination: Path,
    on_progress: OnProgress | None,
    check_start: Callable[[bytes], None] | None,
) -> None:
    folder = destination.parent
    if announced + DISK_RESERVE > shutil.disk_usage(folder).free:
        raise disk_full(folder, announced)
    handle, name = tempfile.mkstemp(dir=folder, prefix=f".{destination.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            start = b""
            unchecked = check_start is not None
            told = 0.0
            for piece in body:
                if unchecked:
                    start += piece
                    if len(start) >= START_BYTES and check_start is not None:
                        check_start(start[:START_BYTES])
                        unchecked, start = False, b""
                file.write(piece)
                now = time.monotonic()
                if on_progress is not None and now - told >= PROGRESS_SECONDS:
                    told = now
                    on_progress(body.received, announced or None)
            if unchecked and check_start is not None:
                check_start(start)
            if on_progress is not None:
                on_progress(body.received, announced or None)
            file.flush()
            os.fsync(file.fileno())  # the ETag goes to the database: a file emptied by a power cut must not match it
        os.replace(name, destination)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise disk_full(folder, announced) from error
        raise
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def remove_leftovers(destination: Path) -> None:
    """Delete unfinished files that a killed process left beside ``destination``."""
    for leftover in destination.parent.glob(f".{destination.name}.*.part"):
        try:
            if time.time() - leftover.stat().st_mtime > LEFTOVER_AGE:
                leftover.unlink()
                logger.info("[HTTP] Removed the unfinished download %s", leftover.name)
        except FileNotFoundError:
            continue  # another process was faster


def _described(
    response: httpx.Response, path: Path, *, etag: str = "", last_modified: str = "", not_modified: bool = False
) -> Download:
    headers = response.headers
    return Download(
        path=path,
        size=path.stat().st_size,
        status=response.status_code,
        content_type=content_type(response),
        charset=charset(response),
        etag=headers.get("etag", etag)[:255],
        last_modified=headers.get("last-modified", last_modified)[:64],
        not_modified=not_modified,
        content_encoding=",".join(encodings(response)),
        final_url=mask_text(str(response.request.url)),
    )
