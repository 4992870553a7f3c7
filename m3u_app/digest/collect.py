"""What one way out has not been told yet, chosen and summed up in flat memory (20 §11).

A way out is told a refresh as a whole or not at all: its marks are refreshes. Only refreshes that are summed up count; what is
running now belongs to the next digest.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F, Max, Value
from django.db.models.functions import Substr

from m3u_app.changes.models import GROUP_TYPES, Change, ChangeBatch, ChangeType
from m3u_app.digest.exclude import excludes_of, stream_names
from m3u_app.digest.models import DigestMark, Target
from m3u_app.digest.values import DigestSettings
from m3u_app.models import Account

ROWS_KEPT = 20
"""Lines per account and type that any form of the digest can show."""
NAMES_KEPT = 5
_BEGINNING = 6000  # characters that hold the first names, as long as these may be
_CHUNK = 500
_GROUP_TYPES = tuple(kind.value for kind in GROUP_TYPES)
TYPE_ORDER = tuple(kind.value for kind in ChangeType)


@dataclass(frozen=True)
class Row:
    """One change. ``names`` are the first few, ``count`` those that are left of the streams."""

    group: str
    count: int
    names: tuple[str, ...] = ()
    in_use: int = 0
    former: str = ""


@dataclass
class OfType:
    """The changes of one type in one account. ``best`` are those with the most to them."""

    rows: int = 0
    streams: int = 0
    in_use: int = 0
    _best: list[tuple[tuple[int, int, int], Row]] = field(default_factory=list)

    def add(self, key: int, row: Row) -> None:
        self.rows += 1
        self.streams += row.count
        self.in_use += row.in_use
        entry = ((row.in_use, row.count, -key), row)
        if len(self._best) < ROWS_KEPT:
            heapq.heappush(self._best, entry)
        else:
            heapq.heappushpop(self._best, entry)

    @property
    def best(self) -> list[Row]:
        """Lost streams of channels first, then the largest, then the oldest."""
        return [row for _, row in sorted(self._best, key=lambda entry: entry[0], reverse=True)]


@dataclass
class OfAccount:
    account_id: int
    name: str
    types: dict[str, OfType] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return sum(found.rows for found in self.types.values())

    def listed(self) -> list[tuple[str, OfType]]:
        """The types that have changes, in the order of the page."""
        return [(kind, self.types[kind]) for kind in TYPE_ORDER if kind in self.types]


@dataclass
class Digest:
    """What there is to tell. ``marks``: account → the newest refresh in it. ``since``: the moment of the oldest."""

    accounts: list[OfAccount] = field(default_factory=list)
    marks: dict[int, int] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    is_sample: bool = False

    @property
    def rows(self) -> int:
        """Changes are counted by lines, as the page of changes does (20 §25.5 row 85)."""
        return sum(account.rows for account in self.accounts)

    def total(self, change_type: str) -> int:
        """Groups are counted by lines, streams by streams."""
        found = [account.types[change_type] for account in self.accounts if change_type in account.types]
        is_group = change_type in _GROUP_TYPES
        return sum(one.rows if is_group else one.streams for one in found)

    @property
    def in_use(self) -> int:
        return sum(found.in_use for account in self.accounts for found in account.types.values())


def collect(
    target: Target, settings: DigestSettings, opened_at: datetime, *, between: Callable[[], object] = lambda: None
) -> Digest:
    """Sum up what ``target`` has not been told. ``between`` is called now and then and may raise to stop.

    ``opened_at``: nothing of before that counts. The first look at an account is no news (20 §10.3).
    """
    digest = Digest()
    excludes = excludes_of(settings)
    told = dict(DigestMark.objects.filter(target=target).values_list("account_id", "batch_id"))
    batches = ChangeBatch.objects.filter(at__gte=opened_at, summarised=True).order_by()
    newest_of = dict(batches.values_list("account_id").annotate(newest=Max("pk")))
    fresh = {pk: newest for pk, newest in newest_of.items() if newest > told.get(pk, 0)}
    accounts = Account.objects.filter(pk__in=fresh, deleting_since=None).order_by("name", "pk").values_list("pk", "name")
    for account_id, name in accounts:
        newest = fresh[account_id]
        digest.marks[account_id] = newest
        found = OfAccount(account_id, name)
        for number, (key, at, kind, row) in enumerate(_rows(account_id, told.get(account_id, 0), newest, opened_at, settings)):
            if number % _CHUNK == 0:
                between()
            if excludes.has_group(row.group):
                continue
            kept = _without_excluded(kind, row, excludes.keep)
            if kept is None:
                continue
            found.types.setdefault(kind, OfType()).add(key, kept)
            digest.since = min(digest.since or at, at)
            digest.until = max(digest.until or at, at)
        if found.types:
            digest.accounts.append(found)
    return digest


def _rows(
    account_id: int, told: int, newest: int, opened_at: datetime, settings: DigestSettings
) -> Iterator[tuple[int, datetime, str, Row]]:
    """(id, moment, type, row) of the changes that the switches let through; ``row.names`` are all names where any pattern
    is about streams, else enough of them to show."""
    found = Change.objects.filter(
        account_id=account_id, baseline=False, batch_id__gt=told, batch_id__lte=newest, at__gte=opened_at
    ).filter(batch__summarised=True)
    if not settings.include_group_changes:
        found = found.exclude(change_type__in=_GROUP_TYPES)
    if not settings.include_stream_changes:
        found = found.filter(change_type__in=_GROUP_TYPES)
    needs_all = bool(settings.exclude_stream_patterns)
    names = F("names") if needs_all else Substr("names", 1, _BEGINNING) if settings.show_detailed_list else Value("")
    columns = found.order_by("at", "id").annotate(listed=names)
    for key, at, kind, group, former, count, in_use, listed in columns.values_list(
        "pk", "at", "change_type", "group_name", "former_name", "count", "in_use", "listed"
    ).iterator(chunk_size=100 if needs_all else _CHUNK):
        shown = stream_names(kind, listed) if kind not in _GROUP_TYPES else []
        yield key, at, kind, Row(group, count, tuple(shown if needs_all else shown[:NAMES_KEPT]), in_use, former)


def _without_excluded(kind: str, row: Row, keep: Callable[[list[str]], list[str]]) -> Row | None:
    """The row with the names that are wanted and as many fewer streams; None when no name is left (20 §25.5 row 87)."""
    if kind in _GROUP_TYPES or not row.names:
        return row
    kept = keep(list(row.names))
    if not kept:
        return None
    dropped = len(row.names) - len(kept)
    return Row(row.group, row.count - dropped, tuple(kept[:NAMES_KEPT]), min(row.in_use, row.count - dropped), row.former)
