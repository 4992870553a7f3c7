from django.urls import include, path

from tasks_app.views import run

tasks_patterns = [
    path("runs/<int:run_id>/", run.run_page, name="run"),
    path("runs/<int:run_id>/progress/", run.run_progress, name="run_progress"),
    path("runs/<int:run_id>/log/", run.run_log, name="run_log"),
    path("runs/<int:run_id>/cancel/", run.cancel_run, name="run_cancel"),
]

urlpatterns = [
    path("tasks/", include((tasks_patterns, "tasks"))),
]
