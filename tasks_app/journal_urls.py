"""Addresses of the journal: pages, and what programs ask."""

from django.urls import path, re_path

from tasks_app.views import journal, journal_export, journal_purge, undo
from tasks_app.views.api import journal as api_journal
from tasks_app.views.api.answers import api

journal_patterns = [
    path("", journal.journal_list, name="list"),
    re_path(r"^export\.(?P<form>csv|json)$", journal_export.journal_export, name="export"),
    path("purge/", journal_purge.purge, name="purge"),
    path("<int:entry_id>/", journal.journal_entry, name="entry"),
    path("<int:entry_id>/undo/", undo.undo, name="undo"),
    path("batch/<slug:batch_id>/undo/", undo.undo_whole_batch, name="undo_batch"),
]

# Fixed paths before those with an id.
api_patterns = [
    path("journal", api(GET=api_journal.list_entries)),
    path("journal/stats", api(GET=api_journal.show_statistics)),
    path("journal/purge", api(DELETE=api_journal.purge)),
]
