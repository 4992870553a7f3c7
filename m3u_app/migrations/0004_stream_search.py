"""The trigram index over stream names; the living definition is m3u_app/search_index.py."""

from django.db import migrations

FORWARDS = [
    "CREATE VIRTUAL TABLE m3u_app_stream_search USING fts5(name, content='', columnsize=0, tokenize='trigram')",
    "INSERT INTO m3u_app_stream_search(m3u_app_stream_search, rank) VALUES ('hashsize', 16777216)",
    "CREATE VIRTUAL TABLE m3u_app_stream_search_terms USING fts5vocab('m3u_app_stream_search', 'row')",
    """CREATE TRIGGER m3u_app_stream_search_insert AFTER INSERT ON m3u_app_stream
       WHEN new.content_mark = 0 BEGIN
         INSERT INTO m3u_app_stream_search(rowid, name) VALUES (new.id, new.name || char(31, 31));
       END""",
    """CREATE TRIGGER m3u_app_stream_search_delete AFTER DELETE ON m3u_app_stream BEGIN
         INSERT INTO m3u_app_stream_search(m3u_app_stream_search, rowid, name)
         VALUES ('delete', old.id, old.name || char(31, 31));
       END""",
    """CREATE TRIGGER m3u_app_stream_search_update AFTER UPDATE OF name ON m3u_app_stream
       WHEN old.name IS NOT new.name AND old.content_mark = new.content_mark BEGIN
         INSERT INTO m3u_app_stream_search(m3u_app_stream_search, rowid, name)
         VALUES ('delete', old.id, old.name || char(31, 31));
         INSERT INTO m3u_app_stream_search(rowid, name) VALUES (new.id, new.name || char(31, 31));
       END""",
    "INSERT INTO m3u_app_stream_search(rowid, name) SELECT id, name || char(31, 31) FROM m3u_app_stream ORDER BY id",
]
BACKWARDS = [
    "DROP TRIGGER IF EXISTS m3u_app_stream_search_insert",
    "DROP TRIGGER IF EXISTS m3u_app_stream_search_delete",
    "DROP TRIGGER IF EXISTS m3u_app_stream_search_update",
    "DROP TABLE IF EXISTS m3u_app_stream_search_terms",
    "DROP TABLE IF EXISTS m3u_app_stream_search",
]


def _run(statements):
    def apply(apps, schema_editor):
        if schema_editor.connection.vendor == "sqlite":
            for statement in statements:
                schema_editor.execute(statement)

    return apply


class Migration(migrations.Migration):
    dependencies = [("m3u_app", "0003_group_entry_count")]
    operations = [migrations.RunPython(_run(FORWARDS), _run(BACKWARDS))]
