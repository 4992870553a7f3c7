"""Upkeep of drafts, as steps of the clean-up: files that belong to no draft, drafts ended long ago, notes nobody waits for."""

import logging
import sqlite3
import time
from datetime import timedelta
from pathlib import Path

from django.db import DatabaseError

from channels_app.drafts.catching_up import catch_up
from channels_app.drafts.lives import UNFINISHED
from channels_app.drafts.storage import SUFFIX, UNFINISHED_SUFFIX, DraftUnusable, folder, main_database, opened
from channels_app.drafts.switching import working_in
from channels_app.drafts.tables import META
from channels_app.models import Draft, LineupTouch
from tasks_app.cleanup.steps import Cleared, Context, register_step
from tasks_app.cleanup.turns import delete_in_turns

logger = logging.getLogger(__name__)

_FRESH = timedelta(hours=1)  # a file this young may belong to a draft that is just being opened
_ENDED_DAYS = 30


def clear_files(context: Context) -> Cleared:
    """Remove files of drafts that are over, and what an interrupted opening left behind; never that of an unfinished draft."""
    known = set(Draft.objects.filter(state__in=UNFINISHED).values_list("file_name", flat=True))
    removed = size = 0
    for path in sorted(folder().iterdir()):
        belongs = path.name.partition(SUFFIX)[0] in known and not path.name.endswith(UNFINISHED_SUFFIX)
        if belongs or not _is_old(path):
            continue
        size += path.stat().st_size
        removed += 1
        if not context.dry_run:
            path.unlink(missing_ok=True)
            logger.info("[DRAFTS] Removed %s, which belongs to no draft", path.name)
    return Cleared(removed, note=f"{size / 1_048_576:,.1f} MB" if removed else "")


def clear_ended(context: Context) -> Cleared:
    """Delete the records of drafts that were applied or discarded long ago; what they changed is in the journal."""
    ended = Draft.objects.exclude(state__in=UNFINISHED).filter(finished_at__lt=context.cutoff)
    return Cleared(delete_in_turns(ended, context))


def clear_touches(context: Context) -> Cleared:
    """Bring all drafts up to date with the lineup, then delete the notes of its changes that all of them have seen.

    A draft that is put aside for months would otherwise keep the notes of all that time.
    """
    rows = LineupTouch.objects.all()
    drafts = list(Draft.objects.filter(state__in=UNFINISHED))
    seen = [_catch_up(draft, context) for draft in drafts]
    positions = [position for position in seen if position is not None]
    if drafts and not positions:
        return Cleared()
    if positions:
        rows = rows.filter(pk__lte=min(positions))
    return Cleared(delete_in_turns(rows, context, at_once=5000))


def _catch_up(draft: Draft, context: Context) -> int | None:
    """How far the draft has come; None when its file cannot be used, so that nobody waits for it."""
    try:
        if not context.dry_run:
            with working_in(draft):
                catch_up()
        with opened(draft.file_name, main_database()) as connection:
            return int(connection.execute(f"SELECT mark FROM {META}").fetchone()[0])  # noqa: S608 - our own name
    except (DraftUnusable, DatabaseError, sqlite3.Error) as error:
        logger.warning("[DRAFTS] Draft id=%s could not catch up: %s", draft.pk, error)
        return None


def _is_old(path: Path) -> bool:
    return path.stat().st_mtime < time.time() - _FRESH.total_seconds()


register_step("draft_files", "Files of drafts that are over", clear_files, order=70)
register_step("drafts", "Drafts applied or discarded", clear_ended, _ENDED_DAYS, order=71)
register_step("draft_touches", "Notes for drafts about changes of the lineup", clear_touches, order=72)
