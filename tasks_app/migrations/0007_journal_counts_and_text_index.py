"""Counts and a text index beside the journal; the living definition is tasks_app/journal_triggers.py.

The text index is filled by the worker, some thousand entries at a time, so that an upgrade with a large journal starts at once.
"""

from django.db import migrations, models

FORWARDS = [
    "CREATE VIRTUAL TABLE tasks_app_journal_search USING fts5(text, content='', tokenize='trigram')",
    "INSERT INTO tasks_app_journal_search(tasks_app_journal_search, rank) VALUES ('hashsize', 16777216)",
    "CREATE VIRTUAL TABLE tasks_app_journal_search_terms USING fts5vocab('tasks_app_journal_search', 'row')",
    """INSERT INTO tasks_app_journaltally(hour, category, action_type, user_initiated, entries, lines)
       SELECT substr(timestamp, 1, 13), category, action_type, user_initiated, COUNT(*), SUM(leads)
       FROM tasks_app_journalentry GROUP BY 1, 2, 3, 4""",
    """INSERT INTO tasks_app_journalbatch(batch_id, category, entries)
       SELECT batch_id, category, COUNT(*) FROM tasks_app_journalentry WHERE batch_id <> '' GROUP BY 1, 2""",
    """CREATE TRIGGER IF NOT EXISTS tasks_app_journal_insert AFTER INSERT ON tasks_app_journalentry BEGIN
         INSERT INTO tasks_app_journaltally(hour, category, action_type, user_initiated, entries, lines)
         VALUES (substr(new.timestamp, 1, 13), new.category, new.action_type, new.user_initiated, 1, new.leads)
         ON CONFLICT DO UPDATE SET entries = entries + 1, lines = lines + excluded.lines;
         INSERT INTO tasks_app_journalbatch(batch_id, category, entries)
         SELECT new.batch_id, new.category, 1 WHERE new.batch_id <> ''
         ON CONFLICT DO UPDATE SET entries = entries + 1;
       END""",
    """CREATE TRIGGER IF NOT EXISTS tasks_app_journal_delete AFTER DELETE ON tasks_app_journalentry BEGIN
         UPDATE tasks_app_journaltally SET entries = entries - 1, lines = lines - old.leads
         WHERE hour = substr(old.timestamp, 1, 13) AND category = old.category AND action_type = old.action_type
           AND user_initiated = old.user_initiated;
         DELETE FROM tasks_app_journaltally
         WHERE hour = substr(old.timestamp, 1, 13) AND category = old.category AND action_type = old.action_type
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
         WHERE hour = substr(old.timestamp, 1, 13) AND category = old.category AND action_type = old.action_type
           AND user_initiated = old.user_initiated;
         DELETE FROM tasks_app_journaltally
         WHERE hour = substr(old.timestamp, 1, 13) AND category = old.category AND action_type = old.action_type
           AND user_initiated = old.user_initiated AND entries <= 0;
         UPDATE tasks_app_journalbatch SET entries = entries - 1
         WHERE batch_id = old.batch_id AND category = old.category AND old.batch_id <> '';
         DELETE FROM tasks_app_journalbatch
         WHERE batch_id = old.batch_id AND category = old.category AND entries <= 0 AND old.batch_id <> '';
         INSERT INTO tasks_app_journaltally(hour, category, action_type, user_initiated, entries, lines)
         VALUES (substr(new.timestamp, 1, 13), new.category, new.action_type, new.user_initiated, 1, new.leads)
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
BACKWARDS = [
    "DROP TRIGGER IF EXISTS tasks_app_journal_insert",
    "DROP TRIGGER IF EXISTS tasks_app_journal_delete",
    "DROP TRIGGER IF EXISTS tasks_app_journal_count_again",
    "DROP TRIGGER IF EXISTS tasks_app_journal_index_again",
    "DROP TABLE IF EXISTS tasks_app_journal_search_terms",
    "DROP TABLE IF EXISTS tasks_app_journal_search",
]


def _run(statements):
    def apply(apps, schema_editor):
        if schema_editor.connection.vendor == "sqlite":
            for statement in statements:
                schema_editor.execute(statement)

    return apply


class Migration(migrations.Migration):
    dependencies = [("tasks_app", "0006_notifications")]

    operations = [
        migrations.CreateModel(
            name="JournalTally",
            fields=[
                ("pk", models.CompositePrimaryKey("hour", "category", "action_type", "user_initiated", blank=True, editable=False, primary_key=True, serialize=False)),
                ("hour", models.CharField(help_text="UTC, as the timestamp is stored: 2026-03-08 14", max_length=13)),
                ("category", models.CharField(max_length=20)),
                ("action_type", models.CharField(max_length=30)),
                ("user_initiated", models.BooleanField()),
                ("entries", models.BigIntegerField(default=0)),
                ("lines", models.BigIntegerField(default=0, help_text="Entries that lead: lines of the list with bulk changes folded.")),
            ],
        ),
        migrations.CreateModel(
            name="JournalBatch",
            fields=[
                ("pk", models.CompositePrimaryKey("batch_id", "category", blank=True, editable=False, primary_key=True, serialize=False)),
                ("batch_id", models.CharField(max_length=50)),
                ("category", models.CharField(max_length=20)),
                ("entries", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.AddIndex(
            model_name="journalentry",
            index=models.Index(
                condition=models.Q(("undoable", True), ("undone_by", None)), fields=["batch_id", "-id"], name="journal_to_undo"
            ),
        ),
        migrations.RunPython(_run(FORWARDS), _run(BACKWARDS)),
    ]
