"""Raw data of recorded changes, to look at only."""

from typing import ClassVar

from django.contrib import admin
from django.http import HttpRequest

from m3u_app.changes.models import Change, ChangeBatch, ChangeTotal, HeldStream, StreamChange


class _LookOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(ChangeBatch)
class ChangeBatchAdmin(_LookOnly):
    list_display = ("id", "account", "at", "baseline", "summarised", "total_streams", "total_groups")
    list_filter = ("account", "baseline")
    list_select_related = ("account",)


@admin.register(Change)
class ChangeAdmin(_LookOnly):
    list_display = ("id", "account", "at", "change_type", "group_name", "count", "in_use", "baseline")
    list_filter = ("account", "change_type", "baseline")
    list_select_related = ("account",)
    exclude: ClassVar = ["names"]


@admin.register(StreamChange)
class StreamChangeAdmin(_LookOnly):
    list_display = ("id", "batch_id", "kind", "name", "before", "after")
    list_filter = ("kind",)


@admin.register(ChangeTotal)
class ChangeTotalAdmin(_LookOnly):
    list_display = ("id", "account", "at", "change_type", "rows", "streams", "in_use", "enabled", "baseline")
    list_filter = ("account", "change_type", "baseline")
    list_select_related = ("account",)


@admin.register(HeldStream)
class HeldStreamAdmin(_LookOnly):
    list_display = ("id", "account", "name", "group_name", "arrives", "in_use")
    list_filter = ("account", "arrives", "in_use")
    list_select_related = ("account",)
