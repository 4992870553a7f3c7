"""Addresses of tasks, schedules and runs: pages, and the same for programs (50 §1.11)."""

from django.urls import path

from tasks_app.views import cleanup, health, history, run, run_now, runs, scheduled, schedules
from tasks_app.views.api import cron as api_cron
from tasks_app.views.api import runs as api_runs
from tasks_app.views.api import schedules as api_schedules
from tasks_app.views.api import tasks as api_tasks
from tasks_app.views.api.answers import api

_SETTINGS = "settings/scheduled-tasks/"

tasks_patterns = [
    path("tasks/", runs.runs_page, name="runs"),
    path("tasks/active/", runs.active_part, name="active"),
    path("tasks/list/", runs.tasks_part, name="list"),
    path("tasks/past/", runs.history_part, name="past"),
    path("tasks/health/", health.health_page, name="health"),
    path("tasks/health/mark/", health.health_mark, name="health_mark"),
    path("tasks/health/panel/", health.health_panel, name="health_panel"),
    path("tasks/health/problems/", health.problems_part, name="problems_part"),
    path("tasks/runs/<int:run_id>/", run.run_page, name="run"),
    path("tasks/runs/<int:run_id>/progress/", run.run_progress, name="run_progress"),
    path("tasks/runs/<int:run_id>/log/", run.run_log, name="run_log"),
    path("tasks/runs/<int:run_id>/result/", history.run_result, name="run_result"),
    path("tasks/runs/<int:run_id>/cancel/", run.cancel_run, name="run_cancel"),
    path("tasks/cleanup/preview/", cleanup.preview, name="cleanup_preview"),
    path("tasks/<slug:task_id>/run/", run_now.run_now, name="run_now"),
    path("tasks/<slug:task_id>/cancel/", scheduled.task_cancel, name="task_cancel"),
    path(_SETTINGS, scheduled.scheduled, name="scheduled"),
    path(f"{_SETTINGS}live/", scheduled.scheduled_live, name="scheduled_live"),
    path(f"{_SETTINGS}schedules/<int:schedule_id>/", schedules.schedule_edit, name="schedule_edit"),
    path(f"{_SETTINGS}schedules/<int:schedule_id>/switch/", schedules.schedule_switch, name="schedule_switch"),
    path(f"{_SETTINGS}schedules/<int:schedule_id>/run/", schedules.schedule_run, name="schedule_run"),
    path(f"{_SETTINGS}schedules/<int:schedule_id>/delete/", schedules.schedule_delete, name="schedule_delete"),
    path(f"{_SETTINGS}<slug:task_id>/panel/", scheduled.task_panel, name="task_panel"),
    path(f"{_SETTINGS}<slug:task_id>/switch/", scheduled.task_switch, name="task_switch"),
    path(f"{_SETTINGS}<slug:task_id>/save/", scheduled.task_save, name="task_save"),
    path(f"{_SETTINGS}<slug:task_id>/history/", history.task_runs, name="history"),
    path(f"{_SETTINGS}<slug:task_id>/schedules/add/", schedules.schedule_add, name="schedule_add"),
    path(f"{_SETTINGS}<slug:task_id>/schedules/preview/", schedules.schedule_preview, name="schedule_preview"),
]

# Fixed paths before those with an id.
api_patterns = [
    path("tasks", api(GET=api_tasks.list_tasks)),
    path("tasks/engine/status", api(GET=api_runs.engine_status)),
    path("tasks/history/all", api(GET=api_tasks.history_of_all)),
    path("tasks/parameter-schemas", api(GET=api_tasks.list_parameters)),
    path("tasks/<slug:task_id>", api(GET=api_tasks.show_task, PATCH=api_tasks.patch_task)),
    path("tasks/<slug:task_id>/run", api(POST=api_runs.run_task)),
    path("tasks/<slug:task_id>/cancel", api(POST=api_tasks.cancel)),
    path("tasks/<slug:task_id>/history", api(GET=api_tasks.history)),
    path("tasks/<slug:task_id>/parameter-schema", api(GET=api_tasks.show_parameters)),
    path("tasks/<slug:task_id>/schedules", api(GET=api_schedules.list_schedules, POST=api_schedules.add_schedule)),
    path(
        "tasks/<slug:task_id>/schedules/<int:schedule_id>",
        api(
            GET=api_schedules.show_schedule,
            PATCH=api_schedules.patch_schedule,
            DELETE=api_schedules.remove_schedule,
        ),
    ),
    path("cron/presets", api(GET=api_cron.presets)),
    path("cron/validate", api(POST=api_cron.validate)),
]
