"""Accounts that share the logins of one provider (20 §7): create, rename, choose members, delete; journalled, undoable."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from ecm_site.refusals import ValuesRefused
from ecm_site.wording import counted, shortened
from m3u_app.account_journal import CATEGORY
from m3u_app.account_values import RESERVED_NAME
from m3u_app.models import Account, ServerGroup
from m3u_app.natural_order import natural_key
from tasks_app.journal import build_entry, log_entries
from tasks_app.models import JournalEntry
from tasks_app.undo import UndoConflict, register_undo

logger = logging.getLogger(__name__)

SERVER_GROUP_ENTITY = "server_group"


class ServerGroupRefused(ValuesRefused):
    """The server group cannot be so."""


@dataclass(frozen=True)
class ServerGroupRow:
    """One server group and the names of its accounts."""

    group: ServerGroup
    accounts: list[str]


def server_group_rows() -> list[ServerGroupRow]:
    """All server groups with their accounts, as people count. Two queries."""
    members: dict[int, list[str]] = {}
    rows = Account.objects.exclude(server_group=None).order_by("name").values_list("server_group_id", "name")
    for group_id, name in rows:
        members.setdefault(group_id or 0, []).append(name)
    groups = sorted(ServerGroup.objects.all(), key=lambda group: natural_key(group.name))
    return [ServerGroupRow(group, members.get(group.pk, [])) for group in groups]


def server_group_names() -> list[tuple[int, str]]:
    """Id and name of every server group, as people count. One query."""
    return sorted(ServerGroup.objects.values_list("pk", "name"), key=lambda row: natural_key(row[1]))


def accounts_to_choose() -> QuerySet[Account]:
    """Accounts that can be members of something; only what a list of them shows."""
    return (
        Account.objects.exclude(name__iexact=RESERVED_NAME)
        .filter(deleting_since=None)
        .only("name", "account_type", "server_group_id", "link_group_id")
    )


def create_server_group(name: str, account_ids: Collection[int]) -> tuple[ServerGroup, int | None]:
    """Make one. Returns it and the journal entry's id. Raises :class:`ServerGroupRefused`."""
    name = _checked(name, None)
    with transaction.atomic():
        group = ServerGroup.objects.create(name=name)
        _set_members(group, account_ids)
        after = _state(group)
        text = f"Added server group “{shortened(name)}” with {counted(len(after['accounts']), 'account')}"
        return group, _logged(group, "create", text, None, after)


def change_server_group(group_id: int, name: str, account_ids: Collection[int]) -> tuple[ServerGroup, int | None]:
    """Rename one and choose its members. The entry's id is None when nothing changed.

    Accounts of another server group move over. Raises :class:`ServerGroupRefused` and ``ServerGroup.DoesNotExist``.
    """
    with transaction.atomic():
        group = ServerGroup.objects.get(pk=group_id)
        name = _checked(name, group)
        before = _state(group)
        group.name = name
        group.save(update_fields=["name"])
        _set_members(group, account_ids)
        after = _state(group)
        if before == after:
            return group, None
        what = " and ".join(
            filter(
                None,
                ("renamed" if before["name"] != name else "", "members" if before["accounts"] != after["accounts"] else ""),
            )
        )
        return group, _logged(group, "update", f"Changed server group “{shortened(name)}” ({what})", before, after)


def delete_server_group(group_id: int) -> tuple[str, int | None]:
    """Delete one; its accounts belong to none then. Returns its name and the journal entry's id."""
    with transaction.atomic():
        group = ServerGroup.objects.get(pk=group_id)
        before = _state(group)
        entry_id = _logged(group, "delete", f"Deleted server group “{shortened(group.name)}”", before, None)
        group.delete()
        return before["name"], entry_id


def undo_server_group(entry: JournalEntry) -> None:
    """Put name and members back as they were. Raises :class:`UndoConflict`."""
    before: dict[str, Any] | None = entry.before_value
    after: dict[str, Any] | None = entry.after_value
    group = ServerGroup.objects.filter(pk=entry.entity_id or 0).first()
    if after is not None:
        if group is None:
            raise UndoConflict("the server group has been deleted since")
        if _state(group) != after:
            raise UndoConflict("its name or its accounts changed since")
    elif group is not None:
        raise UndoConflict("the server group exists again")
    if before is None:
        if group is not None:
            group.delete()
        return
    taken = ServerGroup.objects.filter(name__iexact=before["name"]).exclude(pk=entry.entity_id or 0)
    if taken.exists():
        raise UndoConflict("another server group has its name now")
    if group is None:
        group = ServerGroup(pk=entry.entity_id)
    group.name = before["name"]
    group.save()
    _set_members(group, before["accounts"])


def register() -> None:
    """Called when the app starts."""
    register_undo(SERVER_GROUP_ENTITY, undo_server_group)


def _checked(name: str, current: ServerGroup | None) -> str:
    name = " ".join(name.replace("\0", "").split())
    others = ServerGroup.objects.filter(name__iexact=name)
    if current is not None:
        others = others.exclude(pk=current.pk)
    if not name:
        raise ServerGroupRefused({"name": "Give the server group a name."})
    if len(name) > ServerGroup.NAME_LIMIT:
        raise ServerGroupRefused({"name": f"The name is longer than {ServerGroup.NAME_LIMIT} characters. Shorten it."})
    if others.exists():
        raise ServerGroupRefused({"name": "Another server group has this name. Choose another one."})
    return name


def _set_members(group: ServerGroup, account_ids: Collection[int]) -> None:
    Account.objects.filter(server_group=group).exclude(pk__in=account_ids).update(server_group=None)
    Account.objects.filter(pk__in=account_ids).update(server_group=group)


def _state(group: ServerGroup) -> dict[str, Any]:
    return {"name": group.name, "accounts": sorted(group.accounts.values_list("pk", flat=True))}


def _logged(
    group: ServerGroup, action: str, description: str, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> int | None:
    entry = build_entry(
        CATEGORY,
        action,
        entity_type=SERVER_GROUP_ENTITY,
        entity_id=group.pk,
        entity_name=group.name,
        description=description,
        before=before,
        after=after,
        undoable=True,
    )
    logger.info("[M3U] Server group id=%s: %s", group.pk, action)
    written = log_entries([entry])
    return written[0].pk if written else None
