"""Small copies of logos for our own pages, kept in the data folder (10 §16).

An address is signed by us where a page shows it, so that nobody can have us fetch anything else. A picture is fetched when a
browser first asks for it, few at a time; whoever comes when all hands are busy is sent to the original instead.
"""

import hashlib
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from channels_app.logos.addresses import stored_name_of
from channels_app.logos.fetch_picture import fetch_picture
from channels_app.logos.pictures import CONTENT_TYPES, NotAPicture, thumbnail
from channels_app.logos.store import stored_path, write_whole
from ecm_site.conf import get_settings
from ecm_site.fetching.errors import FetchError

logger = logging.getLogger(__name__)

AT_ONCE = 3  # fetches of one web process; its other threads serve pages
FETCH_SECONDS = 6.0
FRESH_DAYS = 30  # a provider that changes a picture in place is noticed after this long
BROKEN_SECONDS = 3600  # a picture that failed is not asked for again before
LARGEST_CACHE = 200 * 1_048_576  # bytes; the clean-up removes the oldest beyond this
_KINDS = ("webp", "svg")
_BROKEN = "broken"

_hands = threading.BoundedSemaphore(AT_ONCE)
_in_work: set[str] = set()
_in_work_lock = threading.Lock()


@dataclass(frozen=True)
class Thumbnail:
    """A small picture on disk. ``etag`` changes with its content."""

    path: Path
    content_type: str
    etag: str


class NotHere(Exception):
    """There is no small copy now: the browser may try the original."""


class Broken(Exception):
    """The original was looked at and is no usable picture."""


def folder() -> Path:
    return Path(settings.CONFIG_DIR) / "logo-cache"


def shown_address(address: str) -> str:
    """Where a page of ours gets the logo ``address`` from: our small copy, or the original when copies are switched off and a
    browser may go there, else "".
    """
    if not address or not get_settings().cache_logos:
        return address if may_be_followed(address) else ""
    return f"/logos/thumb/{signature(address)}?u={quote(address, safe='/:')}"


def may_be_followed(address: str) -> bool:
    """Whether a browser may go to the original: a server can have put anything."""
    return address.lower().startswith(("http://", "https://", "/"))


def signature(address: str) -> str:
    return salted_hmac("ecm.logo.thumbnail", address, algorithm="sha256").hexdigest()[:32]


def is_signed(address: str, given: str) -> bool:
    return constant_time_compare(signature(address), given)


def thumbnail_of(address: str) -> Thumbnail:
    """The small copy of a picture; made now if there is none. Raises :class:`NotHere` or :class:`Broken`."""
    stem = _stem(address)
    known = _known(stem)
    if known is not None and not _is_old(known.path):
        return known
    _refuse_broken(stem)
    with _working_on(stem):
        try:
            keep(address, _original(address))
        except (FetchError, NotAPicture) as error:
            if known is not None:
                return known  # what we have is better than nothing
            logger.info("[LOGOS] No thumbnail: %s", error)
            stem.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            stem.with_suffix(f".{_BROKEN}").touch()
            raise Broken(str(error)) from error
    fresh = _known(stem)
    if fresh is None:
        raise NotHere  # the clean-up was faster
    return fresh


def keep(address: str, data: bytes) -> None:
    """Make the copy of a picture whose bytes are at hand. Raises :class:`NotAPicture`."""
    stem = _stem(address)
    made = thumbnail(data)
    stem.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(stem.with_suffix(f".{made.kind}"), made.data)
    stem.with_suffix(f".{_BROKEN}").unlink(missing_ok=True)


def forget(address: str) -> None:
    """Drop the copy of a picture, so that it is fetched anew."""
    for kind in (*_KINDS, _BROKEN):
        _stem(address).with_suffix(f".{kind}").unlink(missing_ok=True)


def _original(address: str) -> bytes:
    name = stored_name_of(address)
    if not name:
        return fetch_picture(address, seconds=FETCH_SECONDS)
    path = stored_path(name)
    if path is None:
        raise NotAPicture("The uploaded file is gone.")
    return path.read_bytes()


def _stem(address: str) -> Path:
    digest = hashlib.sha256(address.encode("utf-8", errors="replace")).hexdigest()
    return folder() / digest[:2] / digest[2:42]


def _known(stem: Path) -> Thumbnail | None:
    for kind in _KINDS:
        path = stem.with_suffix(f".{kind}")
        try:
            return _described(path)
        except FileNotFoundError:
            continue
    return None


def _described(path: Path) -> Thumbnail:
    stat = path.stat()
    return Thumbnail(path, CONTENT_TYPES[path.suffix[1:]], f"{path.name[:16]}-{stat.st_mtime_ns:x}-{stat.st_size:x}")


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > FRESH_DAYS * 86_400
    except FileNotFoundError:
        return True


def _refuse_broken(stem: Path) -> None:
    try:
        age = time.time() - stem.with_suffix(f".{_BROKEN}").stat().st_mtime
    except FileNotFoundError:
        return
    if age < BROKEN_SECONDS:
        raise Broken("This picture could not be loaded a while ago.")


@contextmanager
def _working_on(stem: Path) -> Iterator[None]:
    """One of few hands for one picture. Raises :class:`NotHere` at once when all are busy, or another has this picture."""
    key = str(stem)
    with _in_work_lock:
        if key in _in_work or not _hands.acquire(blocking=False):
            raise NotHere
        _in_work.add(key)
    try:
        yield
    finally:
        with _in_work_lock:
            _in_work.discard(key)
        _hands.release()


def oldest_first() -> list[tuple[float, int, Path]]:
    """Everything in the cache: (time written, bytes, path), oldest first."""
    found = []
    for path in folder().glob("*/*"):
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue
        found.append((stat.st_mtime, stat.st_size, path))
    return sorted(found)


def remove_surplus(*, dry_run: bool = False) -> tuple[int, int]:
    """Remove the oldest copies beyond :data:`LARGEST_CACHE`, and unfinished ones. Returns files and bytes."""
    entries = oldest_first()
    excess = sum(size for _, size, _ in entries) - LARGEST_CACHE
    removed = freed = 0
    hour_ago = time.time() - 3600
    for written, size, path in entries:
        is_leftover = path.suffix == ".part" and written < hour_ago
        if excess <= freed and not is_leftover:
            continue
        if not dry_run:
            _unlink(path)
        removed += 1
        freed += size
    return removed, freed


def _unlink(path: Path) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
