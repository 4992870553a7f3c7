"""A trigram index over ``search_text``: finds any piece of three or more characters without reading every entry.

It keeps no copy of the text (external content) and follows the table by triggers, so no code can forget it.
"""

from django.db import migrations

CREATE = [
    """
    CREATE VIRTUAL TABLE epg_app_entry_search USING fts5(
        search_text, content='epg_app_guideentry', content_rowid='id', columnsize=0,
        tokenize='trigram case_sensitive 1'
    )
    """,
    """
    CREATE TRIGGER epg_app_entry_search_insert AFTER INSERT ON epg_app_guideentry BEGIN
        INSERT INTO epg_app_entry_search(rowid, search_text) VALUES (new.id, new.search_text);
    END
    """,
    """
    CREATE TRIGGER epg_app_entry_search_delete AFTER DELETE ON epg_app_guideentry BEGIN
        INSERT INTO epg_app_entry_search(epg_app_entry_search, rowid, search_text)
        VALUES ('delete', old.id, old.search_text);
    END
    """,
    """
    CREATE TRIGGER epg_app_entry_search_update AFTER UPDATE OF search_text ON epg_app_guideentry
    WHEN old.search_text IS NOT new.search_text BEGIN
        INSERT INTO epg_app_entry_search(epg_app_entry_search, rowid, search_text)
        VALUES ('delete', old.id, old.search_text);
        INSERT INTO epg_app_entry_search(rowid, search_text) VALUES (new.id, new.search_text);
    END
    """,
    "INSERT INTO epg_app_entry_search(epg_app_entry_search) VALUES ('rebuild')",
]
DROP = [
    "DROP TRIGGER IF EXISTS epg_app_entry_search_insert",
    "DROP TRIGGER IF EXISTS epg_app_entry_search_delete",
    "DROP TRIGGER IF EXISTS epg_app_entry_search_update",
    "DROP TABLE IF EXISTS epg_app_entry_search",
]


class Migration(migrations.Migration):
    dependencies = [("epg_app", "0002_guide_marks")]

    operations = [migrations.RunSQL(CREATE, DROP)]
