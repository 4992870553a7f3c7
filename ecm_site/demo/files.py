"""The demo's files. They lie among the uploads: for everything else they are ordinary uploaded files."""

import os
import tempfile
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from django.conf import settings

from ecm_site.demo.guide import guide_xml
from ecm_site.demo.playlist import harbour_playlist, northlight_playlist

GUIDE_RENEWAL = timedelta(hours=12)


def folder() -> Path:
    return Path(settings.UPLOAD_DIR)


def playlist_paths() -> dict[str, Path]:
    """Account name → its file."""
    return {"Demo Northlight": folder() / "demo_northlight.m3u", "Demo Harbour": folder() / "demo_harbour.m3u"}


def guide_path() -> Path:
    return folder() / "demo_guide.xml"


def write_files(today: date) -> None:
    """Write all files of the demo for ``today``; whoever reads one meanwhile sees the old one whole."""
    folder().mkdir(parents=True, exist_ok=True)
    northlight, harbour = playlist_paths().values()
    _replace(northlight, [northlight_playlist()])
    _replace(harbour, [harbour_playlist()])
    _replace(guide_path(), guide_xml(today))


def is_guide_old(now: datetime) -> bool:
    """Whether there is a guide of the demo, from so long ago that it wants renewing."""
    try:
        written = datetime.fromtimestamp(guide_path().stat().st_mtime, UTC)
    except FileNotFoundError:
        return False
    return now - written >= GUIDE_RENEWAL


def write_guide(now: datetime) -> None:
    """Replace the guide by one of the days that begin now."""
    _replace(guide_path(), guide_xml(now.astimezone(UTC).date()))


def delete_files() -> None:
    for path in (*playlist_paths().values(), guide_path()):
        path.unlink(missing_ok=True)


def _replace(path: Path, parts: Iterable[str]) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(parts)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
