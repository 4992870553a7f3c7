"""Uploaded pictures in the data folder, each under a name made of its content: the same picture is stored once."""

import hashlib
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from channels_app.logos.addresses import stored_name_of, uploaded_address
from channels_app.logos.pictures import Picture

logger = logging.getLogger(__name__)


def folder() -> Path:
    return Path(settings.UPLOAD_DIR) / "logos"


def store_picture(picture: Picture) -> str:
    """Keep a picture and return the name of its file; complete and on disk when this returns."""
    name = f"{hashlib.sha256(picture.data).hexdigest()[:40]}.{picture.kind}"
    path = folder() / name
    if path.exists():
        os.utime(path)  # the clean-up must not take it while its row is still being written
        return name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, picture.data)
    logger.info("[LOGOS] Stored %s (%s bytes)", name, len(picture.data))
    return name


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that appears only when it is complete."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def stored_path(name: str) -> Path | None:
    """The file of an uploaded picture, None when it is gone or ``name`` is no such name."""
    if not stored_name_of(uploaded_address(name)):
        return None
    path = folder() / name
    return path if path.is_file() else None


def stored_files() -> Iterator[Path]:
    """All uploaded pictures."""
    return (path for path in folder().glob("*.*") if stored_name_of(uploaded_address(path.name)))
