"""Raw rows for the curious. Runs and journal are records: nobody edits them here."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from tasks_app import admin_mirror  # noqa: F401 - registers the tables of the mirror
from tasks_app.models import (
    AlertDelivery,
    AlertMethod,
    JournalEntry,
    Notification,
    PendingAlert,
    RunRequest,
    Schedule,
    Task,
    TaskRun,
    TaskRunLog,
    TickClaim,
    ToldOnce,
    WorkerBeat,
)
from tasks_app.record_admin import Admin, RecordAdmin


@admin.register(TaskRun)
class TaskRunAdmin(RecordAdmin):
    list_display = ("id", "title", "status", "triggered_by", "user", "queued_at", "started_at", "completed_at", "message")
    list_filter = ("status", "triggered_by", "task_id")
    list_select_related = ("user",)
    search_fields = ("title", "message", "=lock_key")


@admin.register(TaskRunLog)
class TaskRunLogAdmin(RecordAdmin):
    list_display = ("run_id", "at", "level", "text")
    list_filter = ("level",)
    raw_id_fields = ("run",)
    search_fields = ("=run__id",)


@admin.register(JournalEntry)
class JournalEntryAdmin(RecordAdmin):
    list_display = ("timestamp", "category", "action_type", "entity_name", "user_name", "batch_id", "undoable")
    list_filter = ("category", "user_initiated", "undoable")
    list_select_related = ("user",)
    raw_id_fields = ("undone_by", "user")
    search_fields = ("=batch_id", "=entity_id")
    search_help_text = "A batch id or the id of a channel, account, …"
    ordering = ("-timestamp", "-id")


@admin.register(RunRequest)
class RunRequestAdmin(Admin):
    """May be deleted: a request that should not come true after all."""

    list_display = ("task_id", "parameters", "first_requested_at", "due_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(WorkerBeat)
class WorkerBeatAdmin(RecordAdmin):
    list_display = ("worker", "started_at", "seen_at")


@admin.register(TickClaim)
class TickClaimAdmin(RecordAdmin):
    list_display = ("name", "at")


@admin.register(Task)
class TaskAdmin(RecordAdmin):
    """Looked at here, changed under Settings: a change must be journalled and its schedules computed anew."""

    list_display = ("task_id", "enabled", "switched_at", "switched_by", "updated_at")
    list_filter = ("enabled",)


@admin.register(Schedule)
class ScheduleAdmin(RecordAdmin):
    """Looked at here, changed under Settings: a change must be journalled and its next run computed."""

    list_display = ("id", "task_id", "name", "enabled", "schedule_type", "next_run_at", "last_run_at", "problem")
    list_filter = ("enabled", "schedule_type", "task")
    raw_id_fields = ("pending_run",)


@admin.register(Notification)
class NotificationAdmin(RecordAdmin):
    list_display = ("last_at", "kind", "title", "source", "source_id", "count", "read", "live", "run_id")
    list_filter = ("kind", "read", "live", "source")
    raw_id_fields = ("run",)
    search_fields = ("title", "=source_id")
    ordering = ("-last_at", "-id")


@admin.register(ToldOnce)
class ToldOnceAdmin(Admin):
    """May be deleted: to have something told again."""

    list_display = ("key", "at")
    search_fields = ("key",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AlertMethod)
class AlertMethodAdmin(RecordAdmin):
    """Looked at here, changed under Settings: values are checked there, and what waits goes with a method. No secrets."""

    list_display = ("name", "method_type", "enabled", "last_sent_at", "failures_in_a_row", "last_error")
    list_filter = ("method_type", "enabled")
    exclude = ("secrets",)


@admin.register(AlertDelivery)
class AlertDeliveryAdmin(RecordAdmin):
    list_display = ("created_at", "method_name", "status", "severity", "title", "event_count", "attempts", "note")
    list_filter = ("status", "severity", "method_type", "is_test")
    raw_id_fields = ("method",)


@admin.register(PendingAlert)
class PendingAlertAdmin(RecordAdmin):
    list_display = ("created_at", "method_id", "severity", "title", "source", "delivery_id")
    list_filter = ("severity",)
    raw_id_fields = ("method", "delivery")
