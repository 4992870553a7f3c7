"""Accounts that keep the same choice of groups (20 §8): who is linked, and what one passes on to the others.

Only the ``enabled`` flag is ever written, never another setting of a group.
"""

import logging
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, transaction

from ecm_site.wording import counted, shortened
from m3u_app.account_journal import CATEGORY
from m3u_app.account_users import Loss, Removed, register_account_user
from m3u_app.choose_groups import GroupsChosen, SetGroups, choose_groups
from m3u_app.models import Account, LinkGroup, StreamGroup
from m3u_app.natural_order import natural_key
from tasks_app.journal import build_entry, log_entries, new_batch_id
from tasks_app.models import JournalEntry
from tasks_app.undo import UndoConflict, register_undo

logger = logging.getLogger(__name__)

LINK_ENTITY = "account_link"
FEWEST = 2
_IN_CHUNK = 500


class LinkRefused(Exception):
    """The link cannot be saved; the text says why."""


@dataclass(frozen=True)
class Link:
    """A link and its accounts (id, name) as people count."""

    id: int
    accounts: list[tuple[int, str]]


@dataclass
class Synced:
    """What passing choices on did: per account name the groups that were switched, and sentences about failures."""

    changed: dict[str, GroupsChosen] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    batch_id: str = ""

    @property
    def total(self) -> int:
        return sum(chosen.total for chosen in self.changed.values())

    def sentence(self) -> str:
        parts = [f"{counted(chosen.total, 'group')} of “{shortened(name)}”" for name, chosen in self.changed.items()]
        told = f"Also switched {', '.join(parts)}." if parts else ""
        return " ".join(filter(None, (told, *self.failed)))


def links() -> list[Link]:
    """All links with their accounts. One query."""
    found: dict[int, list[tuple[int, str]]] = {}
    for link_id, pk, name in Account.objects.exclude(link_group=None).values_list("link_group_id", "pk", "name"):
        found.setdefault(link_id or 0, []).append((pk, name))
    return [Link(link_id, sorted(accounts, key=lambda row: natural_key(row[1]))) for link_id, accounts in sorted(found.items())]


def linked_to(account_id: int) -> list[tuple[int, str]]:
    """The other accounts (id, name) of the link that an account is in."""
    members = Account.objects.filter(link_group__accounts=account_id, deleting_since=None).exclude(pk=account_id)
    return list(members.order_by("pk").values_list("pk", "name"))


def create_link(account_ids: Collection[int]) -> tuple[Link, int | None]:
    """Link two or more accounts that are in no link yet. Returns the link and the journal entry's id.

    Raises :class:`LinkRefused`.
    """
    _check(account_ids, None)
    with transaction.atomic():
        link = LinkGroup.objects.create()
        _set_members(link.pk, account_ids)
        made = _link(link.pk)
        return made, _logged(link.pk, "create", f"Linked {_names(made)}", None, _state(link.pk))


def change_link(link_id: int, account_ids: Collection[int]) -> tuple[Link, int | None]:
    """Choose the members anew. The entry's id is None when nothing changed.

    Raises :class:`LinkRefused` and ``LinkGroup.DoesNotExist``.
    """
    with transaction.atomic():
        LinkGroup.objects.get(pk=link_id)
        _check(account_ids, link_id)
        before = _state(link_id)
        _set_members(link_id, account_ids)
        after, changed = _state(link_id), _link(link_id)
        if before == after:
            return changed, None
        return changed, _logged(link_id, "update", f"Changed a link to {_names(changed)}", before, after)


def delete_link(link_id: int) -> int | None:
    """Take a link apart; the accounts keep their groups as they are. Returns the journal entry's id."""
    with transaction.atomic():
        link = LinkGroup.objects.get(pk=link_id)
        gone = _link(link_id)
        entry_id = _logged(link_id, "delete", f"Unlinked {_names(gone)}", _state(link_id), None)
        link.delete()
        return entry_id


def pass_on(account_id: int, chosen: GroupsChosen) -> Synced:
    """Switch the groups that were just switched on one account also on those linked to it, matched by name.

    Groups that another account lacks are ignored. A failure on one is told and the others go on. The journal entries share
    the batch of ``chosen``, so that one undo takes all of it back.
    """
    synced = Synced(batch_id=chosen.batch_id)
    for other_id, name in linked_to(account_id):
        try:
            changes = [SetGroups(_ids_of(other_id, chosen.switched[enabled]), enabled) for enabled in (True, False)]
            done = choose_groups(other_id, changes, batch_id=chosen.batch_id, keep_new_marks=True)
        except (Account.DoesNotExist, DatabaseError):
            logger.exception("[M3U] Groups of account id=%s could not follow account id=%s", other_id, account_id)
            synced.failed.append(f"“{shortened(name)}” could not follow; the log says why.")
            continue
        if done.total:
            synced.changed[name] = done
    return synced


def sync_all() -> Synced:
    """Enable every group that is enabled in any account of a link in all accounts of it that have it. Disables nothing."""
    synced = Synced(batch_id=new_batch_id())
    for link in links():
        for account_id, wanted in _to_enable([pk for pk, _ in link.accounts]).items():
            name = dict(link.accounts)[account_id]
            try:
                done = choose_groups(
                    account_id, [SetGroups(frozenset(wanted), enabled=True)], batch_id=synced.batch_id, keep_new_marks=True
                )
            except (Account.DoesNotExist, DatabaseError):
                logger.exception("[M3U] Groups of account id=%s could not be synced", account_id)
                synced.failed.append(f"“{shortened(name)}” could not follow; the log says why.")
                continue
            if done.total:
                synced.changed[name] = done
    return synced


def preview_sync() -> list[tuple[str, int, list[str]]]:
    """What :func:`sync_all` would do: per account its name, how many groups, and a few of their names."""
    found = []
    for link in links():
        for account_id, wanted in _to_enable([pk for pk, _ in link.accounts]).items():
            names = list(StreamGroup.objects.filter(pk__in=wanted[:5]).order_by("name").values_list("name", flat=True))
            found.append((dict(link.accounts)[account_id], len(wanted), names))
    return found


def undo_link(entry: JournalEntry) -> None:
    """Put the members back as they were. Raises :class:`UndoConflict`."""
    before: dict[str, Any] | None = entry.before_value
    after: dict[str, Any] | None = entry.after_value
    link_id = entry.entity_id or 0
    exists = LinkGroup.objects.filter(pk=link_id).exists()
    if after is not None and (not exists or _state(link_id) != after):
        raise UndoConflict("the link changed since")
    if after is None and exists:
        raise UndoConflict("the link exists again")
    if before is None:
        LinkGroup.objects.filter(pk=link_id).delete()
        return
    members = set(Account.objects.filter(pk__in=before["accounts"]).values_list("pk", flat=True))
    if len(members) < FEWEST:
        raise UndoConflict("its accounts have been deleted since")
    if Account.objects.filter(pk__in=members).exclude(link_group=None).exclude(link_group=link_id).exists():
        raise UndoConflict("an account of it is in another link now")
    LinkGroup.objects.get_or_create(pk=link_id)
    _set_members(link_id, members)


class LinkedAccounts:
    """Keeps links whole when an account is deleted (20 §1.5, §25.4 #69)."""

    def losses(self, account_id: int) -> list[Loss]:
        others = linked_to(account_id)
        if not others:
            return []
        names = [name for _, name in others]
        return [Loss(f"its link with {counted(len(others), 'account')}", names[:5])]

    def before_removal(self, account_id: int, batch_id: str) -> Removed:
        link_id = Account.objects.filter(pk=account_id).values_list("link_group_id", flat=True).first()
        if link_id is None:
            return Removed()
        Account.objects.filter(pk=account_id).update(link_group=None)
        if Account.objects.filter(link_group=link_id).count() >= FEWEST:
            return Removed()
        LinkGroup.objects.filter(pk=link_id).delete()
        return Removed(deleted=["a link with fewer than two accounts left"])


def register() -> None:
    """Called when the app starts."""
    register_undo(LINK_ENTITY, undo_link)
    register_account_user(LinkedAccounts())


def _to_enable(account_ids: Iterable[int]) -> dict[int, list[int]]:
    """Ids of the disabled groups per account whose name is enabled in another one of ``account_ids``."""
    rows = list(StreamGroup.objects.filter(account_id__in=list(account_ids)).values_list("account_id", "name", "enabled", "pk"))
    wanted = {name for _, name, enabled, _ in rows if enabled}
    found: dict[int, list[int]] = {}
    for account_id, name, enabled, pk in rows:
        if not enabled and name in wanted:
            found.setdefault(account_id, []).append(pk)
    return found


def _ids_of(account_id: int, names: Collection[str]) -> frozenset[int]:
    wanted = list(names)
    found: set[int] = set()
    for start in range(0, len(wanted), _IN_CHUNK):
        groups = StreamGroup.objects.filter(account_id=account_id, name__in=wanted[start : start + _IN_CHUNK])
        found.update(groups.values_list("pk", flat=True))
    return frozenset(found)


def _check(account_ids: Collection[int], link_id: int | None) -> None:
    if len(set(account_ids)) < FEWEST:
        raise LinkRefused("Choose two accounts or more.")
    taken = Account.objects.filter(pk__in=account_ids).exclude(link_group=None)
    names = list(
        taken.exclude(link_group=link_id).values_list("name", flat=True) if link_id else taken.values_list("name", flat=True)
    )
    if names:
        verb = "is" if len(names) == 1 else "are"
        raise LinkRefused(f"{', '.join(shortened(name) for name in names[:5])} {verb} in another link already.")
    if Account.objects.filter(pk__in=account_ids).count() != len(set(account_ids)):
        raise LinkRefused("An account has been deleted meanwhile. Look again.")


def _set_members(link_id: int, account_ids: Collection[int]) -> None:
    Account.objects.filter(link_group=link_id).exclude(pk__in=account_ids).update(link_group=None)
    Account.objects.filter(pk__in=account_ids).update(link_group=link_id)


def _link(link_id: int) -> Link:
    rows = Account.objects.filter(link_group=link_id).values_list("pk", "name")
    return Link(link_id, sorted(rows, key=lambda row: natural_key(row[1])))


def _state(link_id: int) -> dict[str, Any]:
    return {"accounts": sorted(Account.objects.filter(link_group=link_id).values_list("pk", flat=True))}


def _names(link: Link) -> str:
    counts = Counter(name for _, name in link.accounts)
    return ", ".join(f"“{shortened(name)}”" for name in list(counts)[:10])


def _logged(
    link_id: int, action: str, description: str, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> int | None:
    entry = build_entry(
        CATEGORY,
        action,
        entity_type=LINK_ENTITY,
        entity_id=link_id,
        entity_name=description[:100],
        description=description,
        before=before,
        after=after,
        undoable=True,
    )
    logger.info("[M3U] Link id=%s: %s", link_id, action)
    written = log_entries([entry])
    return written[0].pk if written else None
