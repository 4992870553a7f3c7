"""Streams of the server: account by account, and only of accounts where something can have changed since the last look."""

import logging
from array import array
from collections.abc import Collection
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any

from django.utils import timezone

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import NotFound
from ecm_site.dispatcharr.shapes import Account as Row
from ecm_site.dispatcharr.shapes import AccountGroupRow
from m3u_app.find_account import find_account
from m3u_app.hold_back import hold_back
from m3u_app.importing.hold_streams import forget_held
from m3u_app.importing.import_report import RefreshReport
from m3u_app.importing.judge import HeldBack, source_mark
from m3u_app.importing.spool import Spool
from m3u_app.mirror.accounts_there import all_accounts, holds_custom_streams
from m3u_app.mirror.filter_kind import FilterKind
from m3u_app.mirror.group_kind import GroupKind
from m3u_app.mirror.ids import can_be_joined, joined
from m3u_app.mirror.import_streams import import_streams
from m3u_app.mirror.journal_pulled import journal_pulled
from m3u_app.mirror.leftover_groups import remove_leftover_groups
from m3u_app.mirror.stream_identity import known_remote_ids, locals_of, owners_of, remotes_of, used_but_gone
from m3u_app.mirror.stream_source import StreamSource
from m3u_app.models import Account, Stream, StreamGroup
from m3u_app.providers.loose_values import moment_of, number_of
from m3u_app.refresh_account import tell_others
from tasks_app.mirror.bulk_mirrors import BulkMirror, PullCounts
from tasks_app.mirror.kinds import LinkBook
from tasks_app.mirror.readable import is_id
from tasks_app.models import MirrorPull, OutboxEntry
from tasks_app.progress import Progress

logger = logging.getLogger(__name__)

NAME = "stream"
ACCOUNTS = "accounts"
_HELD = "held"
_GONE = "gone"  # streams in use that the server no longer lists, while that is held back: channels keep them


@dataclass(frozen=True)
class Look:
    """What tells whether the streams of an account have to be read: equal to that of the last pull = they have not."""

    updated_at: str | None
    active: bool
    groups: str
    ids: str
    account: int
    """Our id: an account that was deleted here and came back has lost its streams, whatever was seen before."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def pull_streams(client: Dispatcharr, links: LinkBook, progress: Progress) -> PullCounts:
    """Bring the streams of every account over that is here and may have new ones."""
    counts = PullCounts()
    there = [row for row in all_accounts(client, links) if is_id(row.get("id")) and not holds_custom_streams(row)]
    marks = _Marks()
    marks.keep({str(row["id"]) for row in there})
    for row in sorted(there, key=lambda found: (-(number_of(found["priority"]) or 0), found["id"])):
        progress.raise_if_cancelled()
        account_id = links.local("account", row["id"])
        account = Account.objects.filter(pk=account_id, deleting_since=None).first() if account_id is not None else None
        if account is not None and not isinstance(row.get("channel_groups"), list):
            counts.notes.append(f"{account.name}: the server does not say its groups, so that its streams were left alone.")
        elif account is not None:
            _pull_account(client, links, row, find_account(account.pk), marks, counts, progress)
    return counts


def _pull_account(  # noqa: PLR0917 - one step of the loop above
    client: Dispatcharr,
    links: LinkBook,
    row: Row,
    account: Account,
    marks: "_Marks",
    counts: PullCounts,
    progress: Progress,
) -> None:
    before = marks.of(row["id"])
    if before.get("account") != account.pk:
        before = {}
    ids = _ids(client, row, account.pk)
    if not ids and row["is_active"] and Stream.objects.filter(account_id=account.pk, is_custom=False).exists():
        try:
            now = client.accounts.get(row["id"])
        except NotFound:
            return  # it was deleted there since the accounts were read, and goes with the next sync
        if not now["is_active"]:  # switched off since: that the server lists nothing does not mean that there is nothing
            row = {**row, "is_active": False}
            ids = _ids(client, row, account.pk)
    look = _look(row, ids, account.pk)
    accepted = bool(isinstance(account.held_back, dict) and account.held_back.get("accepted"))
    never_read = row["updated_at"] is None and not ids
    if never_read or {name: before.get(name) for name in look.as_json()} == look.as_json():
        _withdraw_question(account)
        if _HELD in before:
            marks.note(row["id"], {name: value for name, value in before.items() if name not in (_HELD, _GONE)})
        counts.skipped += len(ids)
        return
    if before.get(_HELD) == look.as_json() and not accepted:
        counts.skipped += len(ids)
        return
    began = timezone.now()
    progress.report(phase=f"streams of {account.name}"[:40], current=0, total=len(ids))
    try:
        report, total = _import(client, links, row, account, ids, before, progress, accept_shrunken=accepted)
    except HeldBack as held:
        hold_back(account, held, began)
        gone = used_but_gone(account.pk, ids)
        marks.note(row["id"], {**before, "account": account.pk, _HELD: look.as_json(), _GONE: gone})
        counts.notes.append(f"{account.name}: {held}")
        return
    report.seconds = (timezone.now() - began).total_seconds()
    _note(account, report, total, refreshed=before.get("updated_at") != look.updated_at)
    marks.note(row["id"], look.as_json())
    counts.seen += report.entries
    counts.created += report.created
    counts.updated += report.updated + report.returned + report.stale
    counts.deleted += report.removed
    journal_pulled(account, report)
    tell_others(account.pk, report)


def _withdraw_question(account: Account) -> None:
    """The server has again what is here, or is another one's by now: a shorter playlist that waits for a yes is over."""
    if account.held_back:
        Account.objects.filter(pk=account.pk).update(held_back={})
        forget_held(account.pk)


def _import(  # noqa: PLR0917
    client: Dispatcharr,
    links: LinkBook,
    row: Row,
    account: Account,
    ids: "array[int]",
    before: dict[str, Any],
    progress: Progress,
    *,
    accept_shrunken: bool,
) -> tuple[RefreshReport, int]:
    names, present = _groups(links, row, account.pk)
    previous = before.get("updated_at")
    from_before = "ids" not in before and Stream.objects.filter(account_id=account.pk, is_custom=False).exists()
    with Spool() as stale:
        source = StreamSource(
            client,
            row["id"],
            ids,
            group_names=names,
            present=present,
            progress=progress,
            stale=stale,
            are_listed=bool(row["is_active"]),
        )
        report, total = import_streams(
            source,
            account,
            previous=moment_of(previous),
            from_before=from_before,
            progress=progress,
            accept_shrunken=accept_shrunken,
        )
    report.groups_removed = remove_leftover_groups(account.pk)
    return report, total


def _ids(client: Dispatcharr, row: Row, account_id: int) -> "array[int]":
    """Ids there, in their order. The server lists none of an account that is off; then those that we know are looked at."""
    if row["is_active"]:
        return client.streams.sorted_ids(account_id=row["id"])
    return array("q", known_remote_ids(account_id))


def _look(row: Row, ids: "array[int]", account_id: int) -> Look:
    groups = sorted((group["channel_group"], group["enabled"] is True, group["is_stale"] is True) for group in _relations(row))
    return Look(
        updated_at=row["updated_at"],
        active=row["is_active"],
        groups=blake2b(repr(groups).encode(), digest_size=12).hexdigest(),
        ids=f"{len(ids)}:{blake2b(ids.tobytes(), digest_size=12).hexdigest()}",
        account=account_id,
    )


def _groups(links: LinkBook, row: Row, account_id: int) -> tuple[dict[int, str], list[str]]:
    """Names here by the server's group ids; and those of the groups that its last refresh met."""
    there = {joined(row["id"], group["channel_group"]): group for group in _relations(row)}
    ours = links.locals_of(GroupKind.name, there.keys())
    stored = dict(StreamGroup.objects.filter(account_id=account_id).values_list("pk", "name"))
    names = {there[remote_id]["channel_group"]: stored[pk] for remote_id, pk in ours.items() if pk in stored}
    present = [
        names[group["channel_group"]] for group in there.values() if group["channel_group"] in names and not group["is_stale"]
    ]
    return names, present


def _relations(row: Row) -> list[AccountGroupRow]:
    """The groups of an account that can be understood; the others were left out and told when they were pulled."""
    found = row["channel_groups"]
    relations = [group for group in found if isinstance(group, dict) and can_be_joined(group.get("channel_group"))]
    return [group for group in relations if isinstance(group.get("enabled"), bool) and isinstance(group.get("is_stale"), bool)]


def _note(account: Account, report: RefreshReport, total: int, *, refreshed: bool) -> None:
    columns: dict[str, Any] = {
        "stream_count": total,
        "held_back": {},
        "last_report": report.as_json() | {"source": source_mark(account)},
    }
    Account.objects.filter(pk=account.pk).update(**columns)
    forget_held(account.pk)
    if refreshed and not OutboxEntry.objects.filter(kind=FilterKind.name).exists():
        Account.objects.filter(pk=account.pk, filters_changed_at=account.filters_changed_at).update(filters_changed_at=None)


class _Marks:
    """What was seen of each account at the last pull, by the server's id; stored after each account."""

    def __init__(self) -> None:
        self._row = MirrorPull.objects.get_or_create(kind=NAME)[0]
        stored = self._row.mark.get(ACCOUNTS) if isinstance(self._row.mark, dict) else None
        self._marks: dict[str, dict[str, Any]] = stored if isinstance(stored, dict) else {}

    def of(self, account_there: int) -> dict[str, Any]:
        return self._marks.get(str(account_there), {})

    def by_number(self) -> dict[str, dict[str, Any]]:
        return self._marks

    def by_account(self) -> dict[int, dict[str, Any]]:
        """What a held-back reading has seen counts as seen."""
        return {int(key): mark.get(_HELD) or mark for key, mark in self._marks.items()}

    def note(self, account_there: int, mark: dict[str, Any]) -> None:
        self._marks[str(account_there)] = mark
        self._save()

    def keep(self, accounts: set[str]) -> None:
        """Forget accounts that are gone."""
        if not self._marks.keys() <= accounts:
            self._marks = {key: mark for key, mark in self._marks.items() if key in accounts}
            self._save()

    def _save(self) -> None:
        MirrorPull.objects.filter(pk=self._row.pk).update(mark={ACCOUNTS: self._marks})


def last_seen_refreshes() -> dict[int, str | None]:
    """By the server's account ids: the refresh there that was last looked at here, as the server writes its time."""
    return {number: mark.get("updated_at") for number, mark in _Marks().by_account().items()}


def held_streams(local_ids: Collection[int]) -> set[int]:
    """Those of ours that the server no longer has and that are here until somebody accepts the shorter playlist."""
    return set(local_ids) & {pk for mark in _Marks().by_number().values() if _HELD in mark for pk in mark.get(_GONE, ())}


STREAMS = BulkMirror(
    name=NAME,
    label="streams",
    position=40,
    pull=pull_streams,
    locals_of=locals_of,
    remotes_of=remotes_of,
    owners=owners_of,
    held=held_streams,
)
