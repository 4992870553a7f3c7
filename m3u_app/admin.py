"""Raw rows of accounts, groups and streams. Changes belong on the pages, which check and journal them; secrets never show."""

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from ecm_site.crypto import SecretUnreadable
from ecm_site.masking import MASK, mask_text
from m3u_app.changes import admin as changes_admin  # noqa: F401 - importing registers them
from m3u_app.digest import admin as digest_admin  # noqa: F401
from m3u_app.models import Account, AccountProfile, LinkGroup, ServerGroup, Stream, StreamFilter, StreamGroup
from m3u_app.queries import visible_accounts
from m3u_app.search import matching_streams

if TYPE_CHECKING:
    Admin = admin.ModelAdmin[Any]
    BasePaginator = Paginator[Any]
else:
    Admin = admin.ModelAdmin
    BasePaginator = Paginator

COUNT_LIMIT = 10_000


class CappedPaginator(BasePaginator):
    """Counts no further than COUNT_LIMIT: counting a million rows takes longer than anybody pages."""

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        return len(rows.order_by().values_list("pk")[:COUNT_LIMIT])


class RawRowsAdmin(Admin):
    """May be looked at; big tables stay quick."""

    show_full_result_count = False
    paginator = CappedPaginator
    list_per_page = 50
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Account)
class AccountAdmin(RawRowsAdmin):
    """The lock is the only thing to change here; no page offers it."""

    list_display = ("name", "account_type", "status", "is_active", "locked", "priority", "stream_count", "updated_at")
    list_filter = ("account_type", "status", "is_active", "locked")
    search_fields = ("name",)
    exclude = ("server_url", "username", "password", "playlist_header")
    changeable = ("locked",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        return super().get_queryset(request).defer("server_url", "password")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        names = [field.name for field in Account._meta.fields if field.name not in (*self.exclude, *self.changeable)]
        return [*names, "address", "login"]

    @admin.display(description="Address")
    def address(self, account: Account) -> str:
        try:
            return mask_text(account.server_url)
        except SecretUnreadable as error:
            return str(error)

    @admin.display(description="User name")
    def login(self, account: Account) -> str:
        return MASK if account.username else ""


class AccountFilter(admin.SimpleListFilter):
    """By account, without loading what an account holds."""

    title = "account"
    parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(pk), name) for pk, name in visible_accounts().order_by("name").values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(account_id=int(value)) if value and value.isdecimal() else queryset


class ReadOnlyAdmin(RawRowsAdmin):
    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(StreamGroup)
class StreamGroupAdmin(ReadOnlyAdmin):
    list_display = ("name", "account_name", "enabled", "stream_count", "entry_count", "is_new", "is_stale")
    list_filter = (AccountFilter, "enabled", "is_stale")
    search_fields = ("name",)
    ordering = ("pk",)
    fields = (
        "name",
        "account_name",
        "enabled",
        "xc_id",
        "stream_count",
        "entry_count",
        "is_new",
        "is_stale",
        "first_seen",
        "last_seen",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[StreamGroup]:
        return super().get_queryset(request).select_related("account").only(*_columns(StreamGroup), "account__name")

    @admin.display(description="Account")
    def account_name(self, row: StreamGroup) -> str:
        return row.account.name


@admin.register(Stream)
class StreamAdmin(ReadOnlyAdmin):
    list_display = ("id", "name", "account_name", "group_name", "tvg_id", "is_stale", "updated_at")
    list_filter = (AccountFilter, "is_stale", "is_custom")
    search_fields = ("name",)
    search_help_text = "Part of a name"
    ordering = ("pk",)
    fields = (
        "name",
        "account_name",
        "group_name",
        "masked_url",
        "tvg_id",
        "tvg_name",
        "logo_url",
        "stream_chno",
        "station_id",
        "provider_stream_id",
        "is_adult",
        "is_radio",
        "is_catchup",
        "catchup_days",
        "needs_drm",
        "masked_extras",
        "is_custom",
        "is_stale",
        "first_seen",
        "last_seen",
        "updated_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Stream]:
        rows = super().get_queryset(request).select_related("account", "group")
        return rows.only(*_columns(Stream), "account__name", "group__name")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Stream], search_term: str
    ) -> tuple[QuerySet[Stream], bool]:
        return (matching_streams(queryset, search_term) if search_term else queryset), False

    @admin.display(description="Account")
    def account_name(self, row: Stream) -> str:
        return row.account.name if row.account else ""

    @admin.display(description="Group")
    def group_name(self, row: Stream) -> str:
        return row.group.name if row.group else ""

    @admin.display(description="URL")
    def masked_url(self, row: Stream) -> str:
        return mask_text(row.url)

    @admin.display(description="Extras")
    def masked_extras(self, row: Stream) -> str:
        return mask_text(str(row.extras))


@admin.register(StreamFilter)
class StreamFilterAdmin(ReadOnlyAdmin):
    list_display = ("masked_pattern", "account", "filter_type", "exclude", "case_sensitive", "enabled", "position")
    list_filter = (AccountFilter, "filter_type", "exclude", "enabled")
    ordering = ("account", "position", "pk")
    fields = ("account", "filter_type", "masked_pattern", "exclude", "case_sensitive", "enabled", "position")
    list_select_related = ("account",)

    @admin.display(description="Pattern")
    def masked_pattern(self, row: StreamFilter) -> str:
        return mask_text(row.regex_pattern)


@admin.register(AccountProfile)
class AccountProfileAdmin(ReadOnlyAdmin):
    """Without the patterns: they hold logins."""

    list_display = ("name", "account", "max_streams", "is_active", "is_default", "exp_date")
    list_filter = (AccountFilter, "is_active", "is_default")
    search_fields = ("name",)
    ordering = ("account", "pk")
    exclude = ("search_pattern", "replace_pattern")
    list_select_related = ("account",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccountProfile]:
        return super().get_queryset(request).defer("search_pattern", "replace_pattern")


@admin.register(ServerGroup)
class ServerGroupAdmin(ReadOnlyAdmin):
    list_display = fields = ("name", "members")
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ServerGroup]:
        return super().get_queryset(request).prefetch_related(_names_only())

    @admin.display(description="Accounts")
    def members(self, row: ServerGroup) -> str:
        return ", ".join(account.name for account in row.accounts.all())


@admin.register(LinkGroup)
class LinkGroupAdmin(ReadOnlyAdmin):
    list_display = ("id", "members", "created_at")
    fields = ("members", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[LinkGroup]:
        return super().get_queryset(request).prefetch_related(_names_only())

    @admin.display(description="Accounts")
    def members(self, row: LinkGroup) -> str:
        return ", ".join(account.name for account in row.accounts.all())


def _names_only() -> "Prefetch[Any]":
    return Prefetch("accounts", Account.objects.only("name", "server_group_id", "link_group_id").order_by("name"))


def _columns(model: type[StreamGroup] | type[Stream]) -> list[str]:
    return [field.name for field in model._meta.fields]
