"""Rows of ``health_checks``, a table that a database taken over from another product may hold (50 §10 step 5)."""

from django.db import connection

from tasks_app.cleanup.steps import Cleared, Context, StepFailed, register_step
from tasks_app.write_turns import WriteTurns

TABLE = "health_checks"
_TIMES = ("timestamp", "checked_at", "created_at", "time")
_AT_ONCE = 2000


def clear(context: Context) -> Cleared:
    """Delete what is older than the cut-off. Nothing to do without the table, which is the usual case."""
    with connection.cursor() as cursor:
        if TABLE not in connection.introspection.table_names(cursor):
            return Cleared()
        columns = {column.name for column in connection.introspection.get_table_description(cursor, TABLE)}
    time_column = next((name for name in _TIMES if name in columns), "")
    if not time_column:
        raise StepFailed(f"The table {TABLE} has no column with a time; nothing was deleted.")
    # datetime() reads every usual spelling; what it cannot read stays.
    old = f"datetime({connection.ops.quote_name(time_column)}) < datetime(%s)"
    before = context.cutoff.isoformat()
    with connection.cursor() as cursor:
        if context.dry_run:
            cursor.execute(f"SELECT COUNT(*) FROM {TABLE} WHERE {old}", [before])  # noqa: S608
            return Cleared(int(cursor.fetchone()[0]))
        turns = WriteTurns()
        deleted = 0
        while True:
            context.progress.raise_if_cancelled()
            with turns.turn():
                cursor.execute(
                    f"DELETE FROM {TABLE} WHERE rowid IN (SELECT rowid FROM {TABLE} WHERE {old} LIMIT %s)",  # noqa: S608
                    [before, _AT_ONCE],
                )
                gone = int(cursor.rowcount)
            deleted += gone
            if gone < _AT_ONCE:
                return Cleared(deleted)


register_step("health_checks", "Health checks of an imported database", clear, 7, order=50)
