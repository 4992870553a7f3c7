"""Uploads of playlists and guides stay on disk while a backup names them: going back to it needs them."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from m3u_app.store_upload import delete_upload, is_upload
from tasks_app.backup.named_files import BackupUnreadable, named_in_backups, named_now

logger = logging.getLogger(__name__)

UPLOADS = "uploads"
_KEPT = re.compile(r"(?:[0-9a-f]{8}|demo)_.+")
"""How the files are called that were taken over from an upload, and those of the demo."""


def let_go_of_upload(file_path: str) -> bool:
    """Delete the file of a row that is gone. One that a backup names stays until the clean-up finds that none does any more."""
    if not is_upload(file_path):
        return False
    try:
        is_needed = Path(file_path).name in named_in_backups(UPLOADS)
    except BackupUnreadable as unreadable:
        logger.warning("[M3U] Upload %s stays: %s", Path(file_path).name, unreadable)
        return False
    if is_needed:
        logger.info("[M3U] Upload %s stays, because a backup needs it", Path(file_path).name)
        return False
    return delete_upload(file_path)


def orphaned_uploads() -> Iterator[Path]:
    """Files that neither a row nor a backup names. Rows are looked at first: what goes between the two looks is in a backup."""
    folder = Path(settings.UPLOAD_DIR)
    found = [path for path in folder.iterdir() if _KEPT.fullmatch(path.name)] if folder.is_dir() else []
    found = [path for path in found if path.is_file() and not path.is_symlink()]
    if not found:
        return
    named = named_now(UPLOADS)
    try:
        named |= named_in_backups(UPLOADS)
    except BackupUnreadable as unreadable:
        logger.warning("[CLEANUP] No uploaded file is removed: %s", unreadable)
        return
    yield from (path for path in found if path.name not in named)
