"""Raw data of the digest, to look at only: decisions belong on its page, which checks and journals them."""

from django.contrib import admin
from django.http import HttpRequest

from m3u_app.digest.models import DigestMark, DigestRecord, DigestTarget


class _LookOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(DigestRecord)
class DigestRecordAdmin(_LookOnly):
    list_display = ("__str__", "enabled", "frequency", "last_digest_at")


@admin.register(DigestTarget)
class DigestTargetAdmin(_LookOnly):
    list_display = ("target", "opened_at", "last_sent_at", "last_error", "last_error_at")


@admin.register(DigestMark)
class DigestMarkAdmin(_LookOnly):
    list_display = ("target", "account", "batch_id")
    list_filter = ("target",)
    list_select_related = ("account",)
