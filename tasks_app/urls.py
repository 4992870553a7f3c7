from django.urls import include, path

from tasks_app.views import journal, run, runs, undo

tasks_patterns = [
    path("", runs.runs_page, name="runs"),
    path("active/", runs.active_part, name="active"),
    path("list/", runs.tasks_part, name="list"),
    path("history/", runs.history_part, name="history"),
    path("runs/<int:run_id>/", run.run_page, name="run"),
    path("runs/<int:run_id>/progress/", run.run_progress, name="run_progress"),
    path("runs/<int:run_id>/log/", run.run_log, name="run_log"),
    path("runs/<int:run_id>/cancel/", run.cancel_run, name="run_cancel"),
    path("<slug:task_id>/run/", runs.run_now, name="run_now"),
]

journal_patterns = [
    path("", journal.journal_list, name="list"),
    path("<int:entry_id>/", journal.journal_entry, name="entry"),
    path("<int:entry_id>/undo/", undo.undo, name="undo"),
    path("batch/<slug:batch_id>/undo/", undo.undo_whole_batch, name="undo_batch"),
]

urlpatterns = [
    path("tasks/", include((tasks_patterns, "tasks"))),
    path("journal/", include((journal_patterns, "journal"))),
]
