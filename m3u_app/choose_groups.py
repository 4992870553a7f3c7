"""Chooses which groups of an account are imported (20 §4.1): one request, only the changes, journalled, undoable."""

import logging
import string
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from m3u_app.account_journal import CATEGORY
from m3u_app.models import Account, StreamGroup
from tasks_app.journal import build_entry, log_entries, new_batch_id

logger = logging.getLogger(__name__)

GROUPS_ENTITY = "stream_groups"
ENABLED, DISABLED = "enabled", "disabled"
AUTO_SYNCED = "enabled, auto-sync"
"""What a journal entry calls a group that was enabled and kept channels in step; disabling ends both (20 §4.1)."""
CHUNK = 1000
PAUSE_SECONDS = 0.01  # between chunks, for other writers
_NAMES_IN_SENTENCE = 5


ONLY_NEW, ONLY_STALE, ONLY_SYNCED = "new", "stale", "synced"


class Candidate(NamedTuple):
    """As much of a group as it takes to decide what happens to it."""

    pk: int
    name: str
    is_new: bool
    is_stale: bool
    auto_sync: bool = False


@dataclass(frozen=True)
class SetGroups:
    """Switch the groups with these ids."""

    ids: frozenset[int]
    enabled: bool


@dataclass(frozen=True)
class SetMatching:
    """Switch every group whose name contains ``text`` – of the new, missing or auto-synced ones when ``only`` says so.

    ``expected`` is how many the operator was told these are.
    """

    text: str
    enabled: bool
    expected: int
    only: str = ""

    def covers(self, group: "Candidate") -> bool:
        marks = {ONLY_NEW: group.is_new, ONLY_STALE: group.is_stale, ONLY_SYNCED: group.auto_sync}
        if not marks.get(self.only, True):
            return False
        return _lower(self.text) in _lower(group.name)


GroupChange = SetGroups | SetMatching
Switch = tuple[int, str, bool, str]
"""Id, name, whether the group becomes enabled, and what it was."""


@dataclass
class GroupsChosen:
    """What saving did. ``names`` are a few of the groups per direction; ``entry_ids`` the journal entries to undo."""

    enabled: int = 0
    disabled: int = 0
    batch_id: str = ""
    entry_ids: list[int] = field(default_factory=list)
    names: dict[str, list[str]] = field(default_factory=lambda: {ENABLED: [], DISABLED: []})
    switched: dict[bool, list[str]] = field(default_factory=lambda: {True: [], False: []})
    """Names of all groups that were enabled (True) or disabled (False)."""

    @property
    def total(self) -> int:
        return self.enabled + self.disabled

    def count(self, name: str, *, enabled: bool) -> None:
        if enabled:
            self.enabled += 1
        else:
            self.disabled += 1
        self.switched[enabled].append(name)
        names = self.names[ENABLED if enabled else DISABLED]
        if len(names) < _NAMES_IN_SENTENCE:
            names.append(name)


class GroupsMoved(Exception):
    """The list is not what the operator saw any more; nothing was changed."""


def choose_groups(
    account_id: int, changes: Sequence[GroupChange], *, batch_id: str = "", keep_new_marks: bool = False
) -> GroupsChosen:
    """Apply ``changes`` in order – a later one wins – and write the net result, a chunk per transaction.

    A group that is disabled loses its auto-sync too, and nothing else. "New" marks of the account are taken away, for the
    operator has seen them, unless ``keep_new_marks`` says that somebody else's list was looked at.

    Raises :class:`GroupsMoved` when a :class:`SetMatching` meets another number of groups than it names, and
    ``Account.DoesNotExist``.
    """
    account = Account.objects.only("name").get(pk=account_id)
    for change in changes:
        if isinstance(change, SetMatching):
            _check_expected(account_id, change)
    chosen = GroupsChosen(batch_id=batch_id or new_batch_id())
    waiting: list[Switch] = []
    for position, change in enumerate(changes):
        for rows in _to_switch(account_id, change, changes[position + 1 :]):
            waiting += [(row.pk, row.name, change.enabled, _was(row, becomes_enabled=change.enabled)) for row in rows]
            while len(waiting) >= CHUNK:
                _write(account, waiting[:CHUNK], chosen)
                waiting = waiting[CHUNK:]
                time.sleep(PAUSE_SECONDS)
    if waiting:
        _write(account, waiting, chosen)
    if not keep_new_marks:
        _clear_new_marks(account_id)
    if chosen.total:
        logger.info("[M3U] Account id=%s: %s groups enabled, %s disabled", account_id, chosen.enabled, chosen.disabled)
    return chosen


def matching_groups(account_id: int, text: str, only: str = "") -> QuerySet[StreamGroup]:
    """Groups whose name contains ``text``; capitals do not matter in A–Z. ``only`` narrows to new, missing or
    auto-synced ones."""
    return StreamGroup.objects.filter(matching(text, only), account_id=account_id)


def matching(text: str, only: str = "") -> Q:
    """The condition behind :func:`matching_groups`."""
    condition = Q(name__icontains=text) if text else Q()
    if only == ONLY_NEW:
        condition &= Q(is_new=True)
    elif only == ONLY_STALE:
        condition &= Q(is_stale=True)
    elif only == ONLY_SYNCED:
        condition &= Q(auto_channel_sync=True)
    return condition


def sentence(chosen: GroupsChosen) -> str:
    """What was chosen, for toasts and journal: 'Enabled 2 groups: Kids, News. Disabled 1 group: Sports.'"""
    parts = []
    for word, count in ((ENABLED, chosen.enabled), (DISABLED, chosen.disabled)):
        if count:
            names = chosen.names[word]
            more = f" and {count - len(names):,} more" if count > len(names) else ""
            noun = "group" if count == 1 else "groups"
            parts.append(f"{word.capitalize()} {count:,} {noun}: {', '.join(names)}{more}.")
    return " ".join(parts)


def group_state(*, enabled: bool, auto_sync: bool) -> str:
    """What the journal calls the state of a group."""
    if not enabled:
        return DISABLED
    return AUTO_SYNCED if auto_sync else ENABLED


def _check_expected(account_id: int, change: SetMatching) -> None:
    now = matching_groups(account_id, change.text, change.only).count()
    if now != change.expected:
        raise GroupsMoved(f"The list has changed: it now has {now:,} matching groups, not {change.expected:,}. Look again.")


def _to_switch(account_id: int, change: GroupChange, later: Sequence[GroupChange]) -> Iterator[list[Candidate]]:
    """Chunks of groups that ``change`` switches and no later change decides otherwise."""
    decided = frozenset().union(*(other.ids for other in later if isinstance(other, SetGroups)))
    wholesale = [other for other in later if isinstance(other, SetMatching)]
    for rows in _candidates(account_id, change):
        kept = [row for row in rows if row.pk not in decided and not any(other.covers(row) for other in wholesale)]
        if kept:
            yield kept


def _candidates(account_id: int, change: GroupChange) -> Iterator[list[Candidate]]:
    if isinstance(change, SetGroups):
        ids = sorted(change.ids)
        for start in range(0, len(ids), CHUNK):
            groups = StreamGroup.objects.filter(account_id=account_id, pk__in=ids[start : start + CHUNK])
            yield _read(groups.exclude(enabled=change.enabled).order_by("pk"))
        return
    groups = matching_groups(account_id, change.text, change.only).exclude(enabled=change.enabled).order_by("pk")
    last = 0
    while rows := _read(groups.filter(pk__gt=last)[:CHUNK]):
        yield rows
        last = rows[-1].pk


def _read(groups: QuerySet[StreamGroup]) -> list[Candidate]:
    return [Candidate(*row) for row in groups.values_list("pk", "name", "is_new", "is_stale", "auto_channel_sync")]


def _was(group: Candidate, *, becomes_enabled: bool) -> str:
    """The state that a group leaves; it is another one than it gets."""
    return group_state(enabled=not becomes_enabled, auto_sync=group.auto_sync)


def _write(account: Account, rows: list[Switch], chosen: GroupsChosen) -> None:
    """Switch up to CHUNK groups in one short transaction with one journal entry."""
    part = GroupsChosen()
    for _, name, enabled, _ in rows:
        part.count(name, enabled=enabled)
    entry = build_entry(
        CATEGORY,
        "update",
        entity_type=GROUPS_ENTITY,
        entity_id=account.pk,
        entity_name=account.name,
        description=f"Groups of account “{account.name}”: {sentence(part)}",
        before={name: was for _, name, _, was in rows},
        after={name: ENABLED if enabled else DISABLED for _, name, enabled, _ in rows},
        batch_id=chosen.batch_id,
        undoable=True,
    )
    with transaction.atomic():
        on, off = ([pk for pk, _, to, _ in rows if to is enabled] for enabled in (True, False))
        StreamGroup.objects.filter(pk__in=on).update(enabled=True)
        StreamGroup.objects.filter(pk__in=off).update(enabled=False, auto_channel_sync=False)
        written = log_entries([entry])
    for _, name, enabled, _ in rows:
        chosen.count(name, enabled=enabled)
    chosen.entry_ids += [row.pk for row in written]


def _clear_new_marks(account_id: int) -> None:
    table = connection.ops.quote_name(StreamGroup._meta.db_table)
    sql = (
        f"UPDATE {table} SET is_new = %s WHERE id IN"  # noqa: S608 - the table's own name
        f" (SELECT id FROM {table} WHERE account_id = %s AND is_new = %s LIMIT %s)"
    )
    while True:
        with connection.cursor() as cursor:
            cursor.execute(sql, [False, account_id, True, CHUNK])
            if cursor.rowcount < CHUNK:
                return
        time.sleep(PAUSE_SECONDS)


_ASCII_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def _lower(text: str) -> str:
    """As SQLite's LIKE compares: only A–Z."""
    return text.translate(_ASCII_LOWER)
