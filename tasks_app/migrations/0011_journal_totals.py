"""The tally also holds the sums of all hours, so that figures of the whole journal cost nothing."""

from django.db import migrations, models

FORWARDS = [
    "DROP TRIGGER IF EXISTS tasks_app_journal_insert",
    "DROP TRIGGER IF EXISTS tasks_app_journal_delete",
    "DROP TRIGGER IF EXISTS tasks_app_journal_count_again",
    "DROP TRIGGER IF EXISTS tasks_app_journal_index_again",
    """DELETE FROM tasks_app_journaltally""",
    """DELETE FROM tasks_app_journalbatch""",
    """INSERT INTO tasks_app_journaltally(hour, category, action_type, user_initiated, entries, lines)
       SELECT substr(timestamp, 1, 13), category, action_type, user_initiated, COUNT(*), SUM(leads)
       FROM tasks_app_journalentry GROUP BY 1, 2, 3, 4""",
    """INSERT INTO tasks_app_journaltally(hour, category, action_type, user_initiated, entries, lines)
       SELECT '', category, action_type, user_initiated, SUM(entries), SUM(lines)
       FROM tasks_app_journaltally GROUP BY 1, 2, 3, 4""",
    """INSERT INTO tasks_app_journalbatch(batch_id, category, entries)
       SELECT batch_id, category, COUNT(*) FROM tasks_app_journalentry WHERE batch_id <> '' GROUP BY 1, 2""",
    """CREATE TRIGGER IF NOT EXISTS tasks_app_journal_insert AFTER INSERT ON tasks_app_journalentry BEGIN
         INSERT INTO tasks_app_journaltally(hour, category, action_type, user_initiated, entries, lines)
         VALUES (substr(new.timestamp, 1, 13), new.category, new.action_type, new.user_initiated, 1, new.leads),
                ('', new.category, new.action_type, new.user_initiated, 1, new.leads)
         ON CONFLICT DO UPDATE SET entries = entries + 1, lines = lines + excluded.lines;
         INSERT INTO tasks_app_journalbatch(batch_id, category, entries)
         SELECT new.batch_id, new.category, 1 WHERE new.batch_id <> ''
         ON CONFLICT DO UPDATE SET entries = entries + 1;
       END""",
    """CREATE TRIGGER IF NOT EXISTS tasks_app_journal_delete AFTER DELETE ON tasks_app_journalentry BEGIN
         UPDATE tasks_app_journaltally SET entries = entries - 1, lines = lines - old.leads
         WHERE hour IN ('', substr(old.timestamp, 1, 13)) AND category = old.category AND action_type = old.action_type
           AND user_initiated = old.user_initiated;
         DELETE FROM tasks_app_journaltally
         WHERE hour IN ('', substr(old.timestamp, 1, 13)) AND category = old.category AND action_type = old.action_type
           AND user_initiated = old.user_initiated AND entries <= 0;
         UPDATE tasks_app_journalbatch SET entries = entries - 1
         WHERE batch_id = old.batch_id AND category = old.category AND old.batch_id <> '';
         DELETE FROM tasks_app_journalbatch
         WHERE batch_id = old.batch_id AND category = old.category AND entries <= 0 AND old.batch_id <> '';
         INSERT INTO tasks_app_journal_search(tasks_app_journal_search, rowid, text)
         SELECT 'delete', old.id, old.entity_name || char(31, 31) || old.description || char(31, 31) WHERE EXISTS (SELECT 1 FROM tasks_app_journal_search_docsize WHERE id = old.id);
       END""",
    """CREATE TRIGGER IF NOT EXISTS tasks_app_journal_count_again
       AFTER UPDATE OF timestamp, category, action_type, user_initiated, batch_id, leads ON tasks_app_journalentry
       WHEN old.timestamp IS NOT new.timestamp OR old.category IS NOT new.category OR old.action_type IS NOT new.action_type
         OR old.user_initiated IS NOT new.user_initiated OR old.batch_id IS NOT new.batch_id OR old.leads IS NOT new.leads
       BEGIN
         UPDATE tasks_app_journaltally SET entries = entries - 1, lines = lines - old.leads
         WHERE hour IN ('', substr(old.timestamp, 1, 13)) AND category = old.category AND action_type = old.action_type
           AND user_initiated = old.user_initiated;
         DELETE FROM tasks_app_journaltally
         WHERE hour IN ('', substr(old.timestamp, 1, 13)) AND category = old.category AND action_type = old.action_type
           AND user_initiated = old.user_initiated AND entries <= 0;
         UPDATE tasks_app_journalbatch SET entries = entries - 1
         WHERE batch_id = old.batch_id AND category = old.category AND old.batch_id <> '';
         DELETE FROM tasks_app_journalbatch
         WHERE batch_id = old.batch_id AND category = old.category AND entries <= 0 AND old.batch_id <> '';
         INSERT INTO tasks_app_journaltally(hour, category, action_type, user_initiated, entries, lines)
         VALUES (substr(new.timestamp, 1, 13), new.category, new.action_type, new.user_initiated, 1, new.leads),
                ('', new.category, new.action_type, new.user_initiated, 1, new.leads)
         ON CONFLICT DO UPDATE SET entries = entries + 1, lines = lines + excluded.lines;
         INSERT INTO tasks_app_journalbatch(batch_id, category, entries)
         SELECT new.batch_id, new.category, 1 WHERE new.batch_id <> ''
         ON CONFLICT DO UPDATE SET entries = entries + 1;
       END""",
    """CREATE TRIGGER IF NOT EXISTS tasks_app_journal_index_again
       AFTER UPDATE OF entity_name, description ON tasks_app_journalentry
       WHEN (old.entity_name IS NOT new.entity_name OR old.description IS NOT new.description) AND EXISTS (SELECT 1 FROM tasks_app_journal_search_docsize WHERE id = old.id) BEGIN
         INSERT INTO tasks_app_journal_search(tasks_app_journal_search, rowid, text)
         SELECT 'delete', old.id, old.entity_name || char(31, 31) || old.description || char(31, 31) WHERE EXISTS (SELECT 1 FROM tasks_app_journal_search_docsize WHERE id = old.id);
         INSERT INTO tasks_app_journal_search(rowid, text) VALUES (new.id, new.entity_name || char(31, 31) || new.description || char(31, 31));
       END""",
]


BACKWARDS = [*FORWARDS[:4], "DELETE FROM tasks_app_journaltally WHERE hour = ''"]  # post_migrate makes the triggers again


def _run(statements):
    def apply(apps, schema_editor):
        if schema_editor.connection.vendor == "sqlite":
            for statement in statements:
                schema_editor.execute(statement)

    return apply


class Migration(migrations.Migration):
    dependencies = [("tasks_app", "0010_run_trace_id")]

    operations = [migrations.RunPython(_run(FORWARDS), _run(BACKWARDS))]
