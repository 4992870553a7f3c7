"""The tables beside the journal that keep it fast at a million entries, and the triggers that keep those true.

Counts per hour (and of all hours, under no hour) and per batch follow every insert and delete at once: a trigger costs a few
microseconds a row. The text index (SQLite FTS5) would cost far more, so new entries wait until
:func:`tasks_app.journal_index.catch_up` takes them in; only deletions and corrections of what it holds already are passed on
by triggers.

SQLite only, as is :mod:`tasks_app.journal_index`; nothing else of the project knows these statements.
"""

from django.db import connection

TEXT = "{row}.entity_name || char(31, 31) || {row}.description || char(31, 31)"
"""What is indexed. The marks end both parts, so that their last letters begin a trigram too and no match spans them."""

_INDEXED = "EXISTS (SELECT 1 FROM tasks_app_journal_search_docsize WHERE id = old.id)"
_TAKE_OUT = f"""INSERT INTO tasks_app_journal_search(tasks_app_journal_search, rowid, text)
         SELECT 'delete', old.id, {TEXT.format(row="old")} WHERE {_INDEXED};"""
_ADD = """INSERT INTO tasks_app_journaltally(hour, category, action_type, user_initiated, entries, lines)
         VALUES (substr(new.timestamp, 1, 13), new.category, new.action_type, new.user_initiated, 1, new.leads),
                ('', new.category, new.action_type, new.user_initiated, 1, new.leads)
         ON CONFLICT DO UPDATE SET entries = entries + 1, lines = lines + excluded.lines;
         INSERT INTO tasks_app_journalbatch(batch_id, category, entries)
         SELECT new.batch_id, new.category, 1 WHERE new.batch_id <> ''
         ON CONFLICT DO UPDATE SET entries = entries + 1;"""
_SUBTRACT = """UPDATE tasks_app_journaltally SET entries = entries - 1, lines = lines - old.leads
         WHERE hour IN ('', substr(old.timestamp, 1, 13)) AND category = old.category AND action_type = old.action_type
           AND user_initiated = old.user_initiated;
         DELETE FROM tasks_app_journaltally
         WHERE hour IN ('', substr(old.timestamp, 1, 13)) AND category = old.category AND action_type = old.action_type
           AND user_initiated = old.user_initiated AND entries <= 0;
         UPDATE tasks_app_journalbatch SET entries = entries - 1
         WHERE batch_id = old.batch_id AND category = old.category AND old.batch_id <> '';
         DELETE FROM tasks_app_journalbatch
         WHERE batch_id = old.batch_id AND category = old.category AND entries <= 0 AND old.batch_id <> '';"""

CREATE_TRIGGERS = (
    f"""CREATE TRIGGER IF NOT EXISTS tasks_app_journal_insert AFTER INSERT ON tasks_app_journalentry BEGIN
         {_ADD}
       END""",
    f"""CREATE TRIGGER IF NOT EXISTS tasks_app_journal_delete AFTER DELETE ON tasks_app_journalentry BEGIN
         {_SUBTRACT}
         {_TAKE_OUT}
       END""",
    f"""CREATE TRIGGER IF NOT EXISTS tasks_app_journal_count_again
       AFTER UPDATE OF timestamp, category, action_type, user_initiated, batch_id, leads ON tasks_app_journalentry
       WHEN old.timestamp IS NOT new.timestamp OR old.category IS NOT new.category OR old.action_type IS NOT new.action_type
         OR old.user_initiated IS NOT new.user_initiated OR old.batch_id IS NOT new.batch_id OR old.leads IS NOT new.leads
       BEGIN
         {_SUBTRACT}
         {_ADD}
       END""",
    f"""CREATE TRIGGER IF NOT EXISTS tasks_app_journal_index_again
       AFTER UPDATE OF entity_name, description ON tasks_app_journalentry
       WHEN (old.entity_name IS NOT new.entity_name OR old.description IS NOT new.description) AND {_INDEXED} BEGIN
         {_TAKE_OUT}
         INSERT INTO tasks_app_journal_search(rowid, text) VALUES (new.id, {TEXT.format(row="new")});
       END""",  # noqa: S608
)
COUNT_ALL = (
    "DELETE FROM tasks_app_journaltally",
    "DELETE FROM tasks_app_journalbatch",
    """INSERT INTO tasks_app_journaltally(hour, category, action_type, user_initiated, entries, lines)
       SELECT substr(timestamp, 1, 13), category, action_type, user_initiated, COUNT(*), SUM(leads)
       FROM tasks_app_journalentry GROUP BY 1, 2, 3, 4""",
    """INSERT INTO tasks_app_journaltally(hour, category, action_type, user_initiated, entries, lines)
       SELECT '', category, action_type, user_initiated, SUM(entries), SUM(lines)
       FROM tasks_app_journaltally GROUP BY 1, 2, 3, 4""",
    """INSERT INTO tasks_app_journalbatch(batch_id, category, entries)
       SELECT batch_id, category, COUNT(*) FROM tasks_app_journalentry WHERE batch_id <> '' GROUP BY 1, 2""",
)


def after_migrate(*, using: str, **_: object) -> None:
    """Make the triggers again when they are gone, and count anew what was written without them.

    Django rebuilds a table, triggers lost, for most changes of its schema.
    """
    if using != connection.alias or connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'tasks_app_journalentry'"
            " AND name LIKE 'tasks_app_journal_%'"
        )
        there = cursor.fetchone()[0]
        cursor.execute(
            "SELECT COUNT(*) FROM sqlite_master WHERE name IN ('tasks_app_journal_search', 'tasks_app_journaltally')"
        )
        if cursor.fetchone()[0] < 2 or there == len(CREATE_TRIGGERS):
            return  # nothing lost, or migrated back to a state that knows none of it
        for statement in (*COUNT_ALL, *CREATE_TRIGGERS):
            cursor.execute(statement)
