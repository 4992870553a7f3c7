"""Raw rows of guide sources, guide channels and programmes, to look at. Changes belong on the pages, which check and journal
them; secrets never show."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from epg_app.find_entries import search_entries
from epg_app.models import GuideEntry, GuideSource, Programme
from epg_app.source_rows import shown_address, visible_sources
from m3u_app.admin import ReadOnlyAdmin

SEARCHED_ENTRIES = 500
"""A search for programmes looks at those of so many guide channels."""
_LARGEST_ID = 2**63 - 1


class SourceFilter(admin.SimpleListFilter):
    """By source, without loading what a source holds."""

    title = "source"
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(pk), name) for pk, name in GuideSource.objects.values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        source_id = _id_in(self.value() or "")
        return queryset if source_id is None else queryset.filter(source_id=source_id)


@admin.register(GuideSource)
class GuideSourceAdmin(ReadOnlyAdmin):
    list_display = (
        "name",
        "source_type",
        "status",
        "is_active",
        "priority",
        "entry_count",
        "programme_count",
        "last_success_at",
    )
    list_filter = ("source_type", "status", "is_active")
    search_fields = ("name",)
    exclude = ("url", "username", "password")

    def get_queryset(self, request: HttpRequest) -> QuerySet[GuideSource]:
        return visible_sources()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*(field.name for field in GuideSource._meta.fields if field.name not in self.exclude), "address"]

    @admin.display(description="Address")
    def address(self, source: GuideSource) -> str:
        return shown_address(source)


@admin.register(GuideEntry)
class GuideEntryAdmin(ReadOnlyAdmin):
    list_display = ("id", "name", "tvg_id", "source_id", "lcn", "station_id", "in_feed", "programmes_loaded")
    list_filter = (SourceFilter, "in_feed", "programmes_loaded")
    search_fields = ("name",)
    search_help_text = "Words of name, id or source, as on the page of guide channels"
    ordering = ("pk",)
    raw_id_fields = ("source",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[GuideEntry]:
        return super().get_queryset(request).defer("search_text")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[GuideEntry], search_term: str
    ) -> tuple[QuerySet[GuideEntry], bool]:
        return (queryset.filter(pk__in=_found(search_term)) if search_term else queryset), False


@admin.register(Programme)
class ProgrammeAdmin(ReadOnlyAdmin):
    list_display = ("id", "entry_id", "start", "stop", "title")
    search_fields = ("title",)
    search_help_text = "The id of a guide channel, or words of its name: its programmes are listed"
    ordering = ("pk",)
    raw_id_fields = ("entry",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Programme], search_term: str
    ) -> tuple[QuerySet[Programme], bool]:
        if not search_term:
            return queryset, False
        entry_id = _id_in(search_term)
        ids = _found(search_term) if entry_id is None else [entry_id]
        return queryset.filter(entry_id__in=ids), False


def _found(text: str) -> list[int]:
    return [hit.entry_id for hit in search_entries(text, limit=SEARCHED_ENTRIES, active_only=False).entries]


def _id_in(text: str) -> int | None:
    """A row id that somebody typed; None when it is none."""
    return int(text) if text.isdecimal() and len(text) < 19 and int(text) <= _LARGEST_ID else None
