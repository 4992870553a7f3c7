from django.urls import include, path

from tasks_app.views import journal, notifications, notifications_api, run, runs, undo

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

notification_patterns = [
    path("", notifications.notification_list, name="list"),
    path("watch/", notifications.watch, name="watch"),
    path("panel/", notifications.panel, name="panel"),
    path("mark-all-read/", notifications.mark_all_read, name="mark_all_read"),
    path("delete-read/", notifications.delete_read, name="delete_read"),
    path("delete-all/", notifications.delete_all, name="delete_all"),
    path("<int:pk>/read/", notifications.set_read, name="read"),
    path("<int:pk>/delete/", notifications.delete, name="delete"),
    path("<int:pk>/retry/", notifications.retry, name="retry"),
    path("<int:pk>/go/<slug:where>/", notifications.go, name="go"),
]

notification_api_patterns = [
    path("", notifications_api.collection),
    path("/mark-all-read", notifications_api.mark_all_read),
    path("/by-source", notifications_api.by_source),
    path("/<int:pk>", notifications_api.single),
]

urlpatterns = [
    path("notifications/", include((notification_patterns, "notifications"))),
    path("api/notifications", include(notification_api_patterns)),
    path("tasks/", include((tasks_patterns, "tasks"))),
    path("journal/", include((journal_patterns, "journal"))),
]
