"""What the account pages read. The number of queries does not grow with accounts, groups or streams."""

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from django.db import models
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Cast

from ecm_site.conf import get_settings
from ecm_site.crypto import SecretUnreadable, decrypt
from ecm_site.masking import mask_text
from m3u_app.account_values import RESERVED_NAME
from m3u_app.delete_account import deletion_lock_key
from m3u_app.expiry_words import ExpiryWords, expiry_words
from m3u_app.feeds.rows import UNREADABLE, FeedRow, bytes_done, items_done, with_time_left
from m3u_app.linked_accounts import links
from m3u_app.models import Account, AccountProfile, Stream, StreamGroup
from m3u_app.natural_order import natural_key
from m3u_app.providers.connections import ConnectionKind, UnknownConnectionKind, kind_of
from m3u_app.request_refresh import lock_key
from m3u_app.store_upload import display_name
from tasks_app.models import TaskRun
from tasks_app.queries import active_runs

logger = logging.getLogger(__name__)

_BYTE_PHASES = ("download",)
_ITEM_PHASES = ("delet", "sav", "updat")


@dataclass(frozen=True)
class AccountRow(FeedRow):
    """One line of the M3U Manager. ``address`` is masked, empty when addresses are hidden."""

    account: Account
    kind: ConnectionKind | None
    address: str
    groups_total: int
    groups_enabled: int
    groups_new: int
    run: TaskRun | None
    linked: list[str] = field(default_factory=list)
    """Names of the accounts that follow its choice of groups, and the other way round."""
    profiles: int = 0
    """How many profiles it has besides the default one."""

    @property
    def badge(self) -> str:
        return self.kind.badge if self.kind else self.account.account_type

    @property
    def feed(self) -> Account:
        return self.account

    @property
    def work_done(self) -> str:
        """Bytes while downloading (speed and time left are in the run's item), streams while writing, else a percentage."""
        run = self.run
        if run is None or run.current <= 0:
            return ""
        phase = run.phase.lower()
        if phase.startswith(_BYTE_PHASES):
            return bytes_done(run)
        are_counted = phase.startswith(_ITEM_PHASES) or not run.total
        return with_time_left(items_done(run) if are_counted else f"{run.percentage:g} %", run)

    @property
    def expiry(self) -> ExpiryWords | None:
        """Set when the subscription has run out or is about to."""
        return expiry_words(self.account.exp_date)


def visible_accounts() -> QuerySet[Account]:
    """All accounts but the built-in one (20 §1.1). Secrets are not loaded."""
    return (
        Account.objects.exclude(name__iexact=RESERVED_NAME)
        .defer("server_url", "password", "playlist_header", "provider_info", "last_report")
        .annotate(stored_url=Cast("server_url", models.TextField()))
    )


def account_rows(*, text: str = "", ids: Collection[int] | None = None, server_group: int | None = None) -> list[AccountRow]:
    """Rows in list order: by type, then by name as people count. Five queries."""
    accounts = visible_accounts()
    if text:
        accounts = accounts.filter(name__icontains=text)
    if ids is not None:
        accounts = accounts.filter(pk__in=ids)
    if server_group is not None:
        accounts = accounts.filter(server_group=server_group)
    active = active_runs()  # first, see there
    found = list(accounts)
    counts = _group_counts(ids)
    runs = _runs_of((account.pk for account in found), active)
    linked, profiles = _linked_names(), _profile_counts(ids)
    rows = [
        replace(
            _row(account, counts.get(account.pk, (0, 0, 0)), runs.get(account.pk)),
            linked=linked.get(account.pk, []),
            profiles=profiles.get(account.pk, 0),
        )
        for account in found
    ]
    return sorted(rows, key=lambda row: (row.kind.order if row.kind else 99, natural_key(row.account.name)))


def account_total() -> int:
    return Account.objects.exclude(name__iexact=RESERVED_NAME).count()


def account_row(account_id: int) -> AccountRow | None:
    return next(iter(account_rows(ids=[account_id])), None)


def stale_streams(account_id: int, *, limit: int = 100) -> QuerySet[Stream]:
    """Streams that the last good refresh did not contain, longest missing first."""
    streams = Stream.objects.filter(account_id=account_id, is_stale=True)
    return streams.only("name", "last_seen", "group_id").select_related("group").order_by("last_seen", "pk")[:limit]


def recent_runs(account_id: int, *, limit: int = 10) -> list[TaskRun]:
    return list(TaskRun.objects.filter(lock_key=lock_key(account_id)).order_by("-pk")[:limit])


def _row(account: Account, counts: tuple[int, int, int], run: TaskRun | None) -> AccountRow:
    try:
        kind = kind_of(account.account_type)
    except UnknownConnectionKind:
        kind = None
    total, enabled, new = counts
    return AccountRow(
        account=account,
        kind=kind,
        address="" if get_settings().hide_m3u_urls else _shown_address(account),
        groups_total=total,
        groups_enabled=enabled,
        groups_new=new,
        run=run,
    )


def _shown_address(account: Account) -> str:
    if account.file_path:
        return display_name(account.file_path)
    try:
        return mask_text(decrypt(getattr(account, "stored_url", "")))
    except SecretUnreadable:
        logger.warning("[M3U] The address of account id=%s cannot be read with this key file", account.pk)
        return UNREADABLE


def _group_counts(ids: Collection[int] | None) -> dict[int, tuple[int, int, int]]:
    groups = StreamGroup.objects.all() if ids is None else StreamGroup.objects.filter(account_id__in=ids)
    rows = (
        groups.order_by()
        .values_list("account_id")
        .annotate(all=Count("pk"), on=Count("pk", filter=Q(enabled=True)), new=Count("pk", filter=Q(is_new=True)))
    )
    return {account_id: (total, enabled, new) for account_id, total, enabled, new in rows}


def _linked_names() -> dict[int, list[str]]:
    """Per account the names of those linked to it."""
    return {pk: [name for other, name in link.accounts if other != pk] for link in links() for pk, _ in link.accounts}


def _profile_counts(ids: Collection[int] | None) -> dict[int, int]:
    profiles = AccountProfile.objects.filter(is_default=False)
    if ids is not None:
        profiles = profiles.filter(account_id__in=ids)
    return dict(profiles.order_by().values_list("account_id").annotate(Count("pk")))


def _runs_of(account_ids: Iterable[int], active: dict[str, TaskRun]) -> dict[int, TaskRun]:
    # A deletion waits for the refresh to stop; while both exist, the deletion is what the row tells about.
    found = {pk: active.get(deletion_lock_key(pk)) or active.get(lock_key(pk)) for pk in account_ids}
    return {pk: run for pk, run in found.items() if run is not None}
