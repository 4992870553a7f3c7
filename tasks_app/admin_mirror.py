"""Raw rows of the mirror: what is linked, what waits, what was pulled. All of it is kept by runs and answered on pages."""

from django.contrib import admin

from tasks_app.models import CreationAttempt, LiveStatus, MirrorLink, MirrorPull, MirrorState, OutboxEntry
from tasks_app.record_admin import RecordAdmin


@admin.register(MirrorState)
class MirrorStateAdmin(RecordAdmin):
    list_display = ("address", "connected", "quiet", "connected_at", "reached_at", "trouble_since", "retry_at")


@admin.register(MirrorLink)
class MirrorLinkAdmin(RecordAdmin):
    list_display = ("kind", "local_id", "remote_id", "pulled_at")
    list_filter = ("kind",)
    search_fields = ("=local_id", "=remote_id")


@admin.register(OutboxEntry)
class OutboxEntryAdmin(RecordAdmin):
    list_display = ("id", "kind", "name", "state", "queued_at", "attempts", "next_attempt_at", "reason")
    list_filter = ("state", "kind")
    search_fields = ("name", "=local_id")


@admin.register(CreationAttempt)
class CreationAttemptAdmin(RecordAdmin):
    list_display = ("kind", "begun_at")
    list_filter = ("kind",)


@admin.register(MirrorPull)
class MirrorPullAdmin(RecordAdmin):
    list_display = ("kind", "finished_at", "seconds", "counts", "problem")


@admin.register(LiveStatus)
class LiveStatusAdmin(RecordAdmin):
    list_display = ("asked_at", "answered_at", "problem")
