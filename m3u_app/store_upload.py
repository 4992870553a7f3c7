"""Keeps uploaded playlists in the data folder (20 §1.5): streamed to disk, safely named, never larger than allowed."""

import logging
import os
import re
import secrets
import time
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from django.conf import settings
from django.core import signing

from ecm_site.conf import get_settings

logger = logging.getLogger(__name__)

ACCEPTED_SUFFIXES = (".m3u", ".m3u8", ".gz", ".xz", ".zip", ".txt")
PENDING_DIR = "pending-playlists"
PENDING_HOURS = 24
MAX_NAME_CHARS = 100
_TOKEN_SALT = "m3u-upload"  # noqa: S105 - names the purpose of the signature, is no secret


class UploadRefused(Exception):
    """The file cannot be taken; the message tells the operator what to do."""


@dataclass(frozen=True)
class PendingUpload:
    """A file that is on disk but belongs to no account yet. ``token`` brings it back with the next form."""

    path: Path
    name: str
    size: int
    token: str


def check_file_name(name: str, *, suffixes: tuple[str, ...] = ACCEPTED_SUFFIXES, what: str = "playlist") -> None:
    """Raise :class:`UploadRefused` unless the name ends like a playlist or an archive of one (20 §1.4)."""
    if not name.lower().endswith(suffixes):
        raise UploadRefused(f"Choose a {what} file: {', '.join(suffixes[:-1])} or {suffixes[-1]}.")


def safe_file_name(name: str) -> str:
    """The last part of ``name`` with everything but letters, digits, ``.``, ``-`` and ``_`` replaced by ``_``.

    Folders in either notation, leading dots and control characters cannot survive (20 §24 trap 41).
    """
    last = PurePosixPath(PureWindowsPath(name).name).name
    plain = unicodedata.normalize("NFKD", last).encode("ascii", "ignore").decode()
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", plain).lstrip(".")
    if len(safe) > MAX_NAME_CHARS:
        safe = safe[-MAX_NAME_CHARS:].lstrip(".")
    return safe or "playlist.m3u"


def receive_upload(
    name: str, chunks: Iterable[bytes], *, suffixes: tuple[str, ...] = ACCEPTED_SUFFIXES, what: str = "playlist"
) -> PendingUpload:
    """Write an upload to the pending folder piece by piece. Other kinds of files than playlists say their ``suffixes``.

    Raises :class:`UploadRefused` for a wrong ending, an empty file, one beyond the size limit of the settings, or a
    full disk; nothing stays behind then. Pending files that nobody claimed for a day are removed on the way.
    """
    check_file_name(name, suffixes=suffixes, what=what)
    folder = settings.UPLOAD_DIR / PENDING_DIR
    folder.mkdir(parents=True, exist_ok=True)
    _remove_unclaimed(folder)
    path = folder / f"{secrets.token_hex(4)}_{safe_file_name(name)}"
    try:
        size = _write(path, chunks, get_settings().fetch_max_megabytes)
    except UploadRefused:
        path.unlink(missing_ok=True)
        raise
    except OSError as error:
        path.unlink(missing_ok=True)
        logger.exception("[M3U] Could not store upload %s", path.name)
        raise UploadRefused(f"The file could not be stored: {error.strerror or error}.") from error
    return PendingUpload(path, name, size, signing.dumps(path.name, salt=_TOKEN_SALT))


def find_pending(token: str) -> PendingUpload | None:
    """The pending upload behind ``token``; None when the token is not ours, is old, or the file is gone."""
    try:
        stored_name = signing.loads(token, salt=_TOKEN_SALT, max_age=PENDING_HOURS * 3600)
    except signing.BadSignature:
        return None
    path = settings.UPLOAD_DIR / PENDING_DIR / str(stored_name)
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return None
    return PendingUpload(path, path.name.partition("_")[2], size, token)


def keep_upload(pending_path: str) -> tuple[str, int]:
    """Move a pending upload to its lasting place; returns the path to store on the account and the size in bytes.

    Raises :class:`UploadRefused` when the file is no longer there.
    """
    target = settings.UPLOAD_DIR / Path(pending_path).name
    try:
        os.replace(pending_path, target)
    except FileNotFoundError as error:
        raise UploadRefused("The uploaded file is no longer there. Choose it again.") from error
    return str(target), target.stat().st_size


def drop_pending(upload: PendingUpload) -> None:
    """Forget an upload that was only looked at."""
    upload.path.unlink(missing_ok=True)


def delete_upload(file_path: str) -> bool:
    """Delete a stored upload. A path outside the uploads folder was typed by hand and is never touched."""
    if not is_upload(file_path):
        return False
    Path(file_path).unlink(missing_ok=True)
    logger.info("[M3U] Deleted upload %s", Path(file_path).name)
    return True


def is_upload(file_path: str) -> bool:
    """True when the path lies in our uploads folder, links and ``..`` resolved."""
    if not file_path:
        return False
    return Path(file_path).resolve().parent == Path(settings.UPLOAD_DIR).resolve()


def display_name(file_path: str) -> str:
    """What an operator calls the file: an upload without its random prefix, a typed path in full."""
    return Path(file_path).name.partition("_")[2] if is_upload(file_path) else file_path


def _write(path: Path, chunks: Iterable[bytes], limit_megabytes: int) -> int:
    size = 0
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > limit_megabytes * 1024 * 1024:
                raise UploadRefused(f"The file is larger than the limit of {limit_megabytes:,} MB.")
            file.write(chunk)
    if not size:
        raise UploadRefused("The file is empty. Choose another one.")
    return size


def _remove_unclaimed(folder: Path) -> None:
    oldest = time.time() - PENDING_HOURS * 3600
    for path in folder.iterdir():
        try:
            if path.stat().st_mtime < oldest:
                path.unlink()
        except FileNotFoundError:
            continue  # another request claimed or removed it
