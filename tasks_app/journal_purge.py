"""Forgets old entries of the journal, for the clean-up and for administrators (50 §2.3, J-4)."""

from datetime import datetime

from django.db import connection

from ecm_site.wording import counted
from tasks_app import journal, journal_tally
from tasks_app.journal_filter import JournalFilter
from tasks_app.progress import NoProgress, Progress
from tasks_app.write_turns import WriteTurns

DEFAULT_DAYS = 90
SHORTEST_DAYS, LONGEST_DAYS = 1, 3650
_AT_ONCE = 200

# Plain SQL: Django would look up, one by one, which other entries name the ones that go.
_FIND = "SELECT id FROM tasks_app_journalentry WHERE timestamp < %s ORDER BY timestamp, id LIMIT %s"
_LET_GO = """UPDATE tasks_app_journalentry SET undone_by_id = NULL, undoable = 0
    WHERE undone_by_id IN ({ids}) AND id NOT IN ({ids})"""
_DELETE = "DELETE FROM tasks_app_journalentry WHERE id IN ({ids})"


def count_before(cutoff: datetime) -> int:
    """How many entries are older than ``cutoff``."""
    return journal_tally.count(JournalFilter(until=cutoff)).entries


def delete_before(cutoff: datetime, *, progress: Progress | None = None) -> int:
    """Delete entries older than ``cutoff``, oldest first, in short turns; return how many. Raises ``Cancelled``."""
    progress = progress or NoProgress()
    stored = str(connection.ops.adapt_datetimefield_value(cutoff))
    turns = WriteTurns()
    deleted = 0
    while True:
        progress.raise_if_cancelled()
        with turns.turn() as turn:
            while not turn.is_over:
                gone = _delete_oldest(stored)
                deleted += gone
                if not gone:
                    return deleted
        progress.report(current=deleted)


def purge(cutoff: datetime, days: int, *, progress: Progress | None = None) -> int:
    """As :func:`delete_before`, for a person, with an entry that says so."""
    deleted = delete_before(cutoff, progress=progress)
    journal.log_entry(
        "settings",
        "purge",
        entity_type="journal",
        entity_name="Journal",
        description=f"Deleted {counted(deleted, 'entry', 'entries')} of the journal older than {counted(days, 'day')}.",
        after={"deleted": deleted, "days": days},
    )
    return deleted


def _delete_oldest(before: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [before, _AT_ONCE])
        ids = ",".join(str(int(row[0])) for row in cursor.fetchall())
        if not ids:
            return 0
        cursor.execute(_LET_GO.format(ids=ids))
        cursor.execute(_DELETE.format(ids=ids))
        return int(cursor.rowcount)
