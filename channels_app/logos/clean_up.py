"""What the clean-up removes of logos: small copies beyond their room, and uploaded files that nobody mentions any more.

An uploaded file is mentioned by the lineup, by an open draft – also by what the draft could undo or redo – or by a backup that
is kept. A file that stays unmentioned is marked, and removed once the mark is old: until then an undo brings its logo back
whole.
"""

import logging
import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from channels_app.drafts.storage import path_of
from channels_app.logos.addresses import STORED_NAME
from channels_app.logos.store import stored_files
from channels_app.logos.thumbnails import remove_surplus
from channels_app.models import Channel, Draft, DraftState, Logo
from tasks_app.backup.named_files import BackupUnreadable, named_in_backups, register_file_column
from tasks_app.cleanup.steps import Cleared, Context, StepFailed, register_step

logger = logging.getLogger(__name__)

KEPT_DAYS = 30
_FILES = "logos"
_MARK = ".unused"
_MENTION = re.compile(rf"/logos/({STORED_NAME})", re.ASCII)
_DRAFT_QUERIES = (
    "SELECT url FROM channels_app_logo WHERE url LIKE '/logos/%'",
    "SELECT logo_url FROM channels_app_channel WHERE logo_url LIKE '/logos/%'",
    "SELECT before FROM channels_app_draftchange WHERE before LIKE '%/logos/%'",
    "SELECT after FROM channels_app_draftchange WHERE after LIKE '%/logos/%'",
)


def small_copies(context: Context) -> Cleared:
    """Remove the oldest small copies beyond their room."""
    removed, freed = remove_surplus(dry_run=context.dry_run)
    return Cleared(removed, note=f"{freed / 1_048_576:,.1f} MB" if removed else "")


def unused_files(context: Context) -> Cleared:
    """Remove uploaded files that nobody mentioned for a while."""
    mentioned = mentioned_files()
    removed = size = 0
    for path in stored_files():
        context.progress.raise_if_cancelled()
        mark = path.with_name(path.name + _MARK)
        if path.name in mentioned or _age(path) < 86_400:  # a fresh one may belong to an edit that is being written
            mark.unlink(missing_ok=True)
        elif not mark.exists():
            if not context.dry_run:
                mark.touch()
        elif _age(mark) > (context.days or KEPT_DAYS) * 86_400:
            removed += 1
            size += path.stat().st_size
            if not context.dry_run:
                path.unlink(missing_ok=True)
                mark.unlink(missing_ok=True)
                logger.info("[LOGOS] Removed the unused file %s", path.name)
    return Cleared(removed, note=f"{size / 1_048_576:,.1f} MB" if removed else "")


def mentioned_files() -> set[str]:
    """Names of the uploaded files that the lineup, an open draft or a backup mentions."""
    texts = [
        *Logo.objects.exclude(stored_name="").values_list("url", flat=True),
        *Channel.objects.filter(logo_url__startswith="/logos/").values_list("logo_url", flat=True),
    ]
    for path in _open_drafts():
        texts += _texts_in(path)
    return {name for text in texts for name in _MENTION.findall(text)} | _in_backups()


def _in_backups() -> set[str]:
    try:
        return named_in_backups(_FILES)
    except BackupUnreadable as error:
        raise StepFailed(f"{error} So no uploaded logo was removed.") from error


def _open_drafts() -> Iterator[Path]:
    drafts = Draft.objects.filter(state__in=[DraftState.OPEN, DraftState.COMMITTING])
    for name in drafts.values_list("file_name", flat=True):
        path = path_of(name)
        if path.is_file():
            yield path


def _texts_in(path: Path) -> list[str]:
    found: list[str] = []
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        for query in _DRAFT_QUERIES:
            found += [str(row[0]) for row in connection.execute(query)]
    except sqlite3.Error as error:  # what it mentions is not known, so nothing may go
        raise StepFailed("A draft could not be read, so no uploaded logo was removed.") from error
    finally:
        connection.close()
    return found


def _age(path: Path) -> float:
    return time.time() - path.stat().st_mtime


register_step("logo_copies", "Small copies of logos beyond their room", small_copies, order=70)
register_step("logo_files", "Uploaded logos that nothing uses", unused_files, KEPT_DAYS, order=71)
register_file_column(_FILES, Logo._meta.db_table, "stored_name")
register_file_column(_FILES, Channel._meta.db_table, "logo_url")
