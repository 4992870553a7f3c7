"""Raw rows of the lineup, to look at. Changes belong on the pages, which check, journal and undo them."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from channels_app.models import (
    AccountSync,
    Channel,
    ChannelGroup,
    ChannelProfile,
    ChannelStream,
    Draft,
    DraftChange,
    DraftProblem,
    DraftStep,
    HiddenGroup,
    LineupTouch,
    Logo,
    OutputToken,
    ProfileMembership,
    SavedView,
    StreamProfile,
    ViewPreference,
)
from channels_app.numbering import format_number

if TYPE_CHECKING:
    Admin = admin.ModelAdmin[Any]
    Inline = admin.TabularInline[Any, Any]
else:
    Admin = admin.ModelAdmin
    Inline = admin.TabularInline


class RawRowsAdmin(Admin):
    """May be looked at, not changed; big tables stay quick."""

    show_full_result_count = False
    list_per_page = 100

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ChannelStreamInline(Inline):
    model = ChannelStream
    fields = ("position", "stream")
    raw_id_fields = ("stream",)
    ordering = ("position", "id")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Channel)
class ChannelAdmin(RawRowsAdmin):
    list_display = ("shown_number", "name", "group", "tvg_id", "guide_entry", "is_hidden", "auto_created", "updated_at")
    list_display_links = ("name",)
    list_filter = ("is_hidden", "auto_created", "no_epg", "epg_locked")
    list_select_related = ("group", "guide_entry")
    search_fields = ("name", "=number", "tvg_id", "=uuid")
    ordering = ("number", "name")
    raw_id_fields = ("guide_entry", "auto_created_by")
    inlines = (ChannelStreamInline,)

    @admin.display(description="number", ordering="number")
    def shown_number(self, channel: Channel) -> str:
        return format_number(channel.number) or "–"


@admin.register(ChannelGroup)
class ChannelGroupAdmin(RawRowsAdmin):
    list_display = ("name", "position", "channel_count", "created_at")
    search_fields = ("name",)
    ordering = ("position", "name")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChannelGroup]:
        groups: QuerySet[ChannelGroup] = super().get_queryset(request)
        return groups.annotate(channel_count=Count("channels"))

    @admin.display(description="channels", ordering="channel_count")
    def channel_count(self, group: Any) -> int:
        return int(group.channel_count)


@admin.register(ChannelStream)
class ChannelStreamAdmin(RawRowsAdmin):
    list_display = ("channel", "position", "stream")
    list_select_related = ("channel", "stream")
    search_fields = ("channel__name",)
    raw_id_fields = ("channel", "stream")
    ordering = ("channel_id", "position")


@admin.register(AccountSync)
class AccountSyncAdmin(RawRowsAdmin):
    list_display = ("account", "leftovers", "finished_at")
    list_select_related = ("account",)


@admin.register(OutputToken)
class OutputTokenAdmin(RawRowsAdmin):
    list_display = ("label", "created_at", "last_used_at")
    exclude = ("token_hash",)


@admin.register(ViewPreference)
class ViewPreferenceAdmin(RawRowsAdmin):
    """Deleting one gives that person the screen as it comes."""

    list_display = ("user", "screen")
    list_filter = ("screen",)
    list_select_related = ("user",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)


@admin.register(SavedView)
class SavedViewAdmin(RawRowsAdmin):
    list_display = ("name", "user", "screen", "created_at")
    list_select_related = ("user",)


@admin.register(Logo)
class LogoAdmin(RawRowsAdmin):
    list_display = ("name", "url", "stored_name", "checked_at", "problem")
    search_fields = ("name", "url")


@admin.register(HiddenGroup)
class HiddenGroupAdmin(RawRowsAdmin):
    list_display = ("name", "group_id", "hidden_at")


@admin.register(ChannelProfile)
class ChannelProfileAdmin(RawRowsAdmin):
    list_display = ("name", "created_at")


@admin.register(ProfileMembership)
class ProfileMembershipAdmin(RawRowsAdmin):
    list_display = ("profile", "channel")
    list_select_related = ("profile", "channel")


@admin.register(StreamProfile)
class StreamProfileAdmin(RawRowsAdmin):
    list_display = ("name", "command", "is_active", "locked")


@admin.register(Draft)
class DraftAdmin(RawRowsAdmin):
    list_display = ("owner", "state", "is_active", "opened_at", "changed_at", "file_name")
    list_filter = ("state",)
    list_select_related = ("owner",)


@admin.register(LineupTouch, DraftStep, DraftChange, DraftProblem)
class DraftRowsAdmin(RawRowsAdmin):
    """The last three are empty here: their rows live in the files of the drafts."""
