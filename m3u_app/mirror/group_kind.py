"""Groups of an account with their settings (20 §4.2): the server makes and removes them, both sides choose among them."""

import logging
from collections.abc import Collection, Generator, Iterator, Mapping
from functools import cache, partial
from typing import ClassVar

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import Rejected
from ecm_site.dispatcharr.shapes import Account as Row
from ecm_site.dispatcharr.shapes import AccountGroup, AccountGroupRow
from m3u_app.entries import GROUP_LIMIT
from m3u_app.mirror.accounts_there import forget_accounts, some_accounts
from m3u_app.mirror.group_settings_terms import NotThereYet, our_settings
from m3u_app.mirror.group_terms import RANGE, SAME, as_float, columns_of, our_books, our_values, range_problem, whole_settings
from m3u_app.mirror.ids import joined, parted
from m3u_app.mirror.outcomes import attempted
from m3u_app.mirror.rows_in_account import read_in_accounts
from m3u_app.mirror.set_names import make_room, set_names_in_accounts
from m3u_app.models import Account, Stream, StreamGroup
from tasks_app.mirror.kinds import (
    Attempts,
    Change,
    Delivered,
    LinkBook,
    MirroredKind,
    Outcome,
    Postponed,
    Refused,
    Values,
    Watched,
)
from tasks_app.mirror.readable import is_id
from tasks_app.models import MirrorLink, MirrorPull, OutboxEntry

logger = logging.getLogger(__name__)

Wish = tuple[int, int, Values]
"""Local id, the group's id on the server, fields to set there."""


class GroupKind(MirroredKind):
    """Name and account never change from our side; they are fields so that renames on the server arrive."""

    name: ClassVar[str] = "account_group"
    label: ClassVar[str] = "provider’s group"
    position: ClassVar[int] = 30
    category: ClassVar[str] = "m3u"
    title: ClassVar[str] = "name"
    deletable: ClassVar[bool] = False
    creatable: ClassVar[bool] = False
    fields: ClassVar[Mapping[str, str]] = {
        "account": "account",
        "name": "name",
        "enabled": "enabled",
        "auto_channel_sync": "auto-sync",
        "start": "first number",
        "end": "last number",
        "settings": "auto-sync settings",
    }
    references: ClassVar[Mapping[str, str]] = {"account": "account"}
    watched: ClassVar[tuple[Watched, ...]] = (
        Watched(
            "m3u_app_streamgroup",
            columns=("enabled", "auto_channel_sync", "auto_sync_channel_start", "auto_sync_channel_end", "sync_settings"),
            name="name",
        ),
    )

    # Here.

    def local(self, ids: Collection[int] | None = None) -> dict[int, Values]:
        groups = StreamGroup.objects.order_by("pk")
        if ids is not None:
            groups = groups.filter(pk__in=ids)
        rows = groups.values_list("pk", "account_id", "name", *SAME, *RANGE.values(), "sync_settings")
        return {
            pk: {
                "account": account_id,
                "name": name,
                "enabled": enabled,
                "auto_channel_sync": auto_sync,
                "start": as_float(start),
                "end": as_float(end),
                "settings": settings if isinstance(settings, dict) else {},
            }
            for pk, account_id, name, enabled, auto_sync, start, end, settings in rows.iterator(chunk_size=2000)
        }

    def store(self, rows: Mapping[int, Values], books: Mapping[int, Values]) -> dict[int, int]:
        """A group that is here already under its name is taken, unless our choices for it wait for delivery: these find it.

        One of an account that is not here (any more) is left out.
        """
        accounts = set(
            Account.objects.filter(pk__in={values["account"] for values in rows.values()}).values_list("pk", flat=True)
        )
        known = _unlinked({(values["account"], values["name"]) for values in rows.values()})
        waiting = set(
            OutboxEntry.objects.filter(kind=self.name, local_id__in=known.values()).values_list("local_id", flat=True)
        )
        for account_id in accounts:
            new = {
                name for owner, name in ((values["account"], values["name"]) for values in rows.values()) if owner == account_id
            }
            make_room(StreamGroup.objects.filter(account_id=account_id), new, keep=frozenset(known.values()), limit=GROUP_LIMIT)
        made: dict[int, int] = {}
        # At the first pull every group is new to us and none to the operator.
        told = MirrorPull.objects.filter(kind=self.name, finished_at__isnull=False).exists()
        for remote_id, values in rows.items():
            if values["account"] not in accounts:
                continue
            columns = columns_of(values) | books.get(remote_id, {})
            found = known.get((values["account"], values["name"]))
            if found in waiting:
                continue
            if found is None:
                group = StreamGroup(account_id=values["account"], name=values["name"], is_new=told, **columns)
                group.save(force_insert=True)
                found = group.pk
            else:
                StreamGroup.objects.filter(pk=found).update(**columns)
            made[remote_id] = found
        return made

    def change(self, rows: Mapping[int, Values]) -> None:
        names = {pk: values["name"] for pk, values in rows.items() if "name" in values}
        set_names_in_accounts(StreamGroup.objects.all(), names, limit=GROUP_LIMIT)
        for pk, values in rows.items():
            columns = columns_of(values)
            if columns:
                StreamGroup(pk=pk, **columns).save(force_update=True, update_fields=list(columns))

    def remove(self, ids: Collection[int]) -> None:
        """Only the groups go: streams that were in them still exist, and say with the next pull where they are."""
        Stream.objects.filter(group_id__in=ids).update(group=None)
        StreamGroup.objects.filter(pk__in=ids).delete()

    def keep_books(self, books: Mapping[int, Values]) -> None:
        stored = dict(StreamGroup.objects.filter(pk__in=books).values_list("pk", "xc_id"))
        for pk, values in books.items():
            if values.get("xc_id") and stored.get(pk) != values["xc_id"]:
                StreamGroup.objects.filter(pk=pk).update(xc_id=values["xc_id"])

    # There.

    def read(
        self, client: Dispatcharr, links: LinkBook, ids: Collection[int] | None = None
    ) -> Iterator[tuple[int, Values, Values]]:
        names = cache(partial(_group_names, client))

        def ours(relation: AccountGroupRow, account_id: int) -> tuple[Values, Values] | None:
            name = names().get(relation["channel_group"])
            if name is None:
                return None
            if not name:
                raise ValueError("its name is missing")
            return our_values(relation, account_id, name, links), our_books(relation)

        return read_in_accounts(self, client, links, ids, part="channel_groups", ours=ours, key="channel_group")

    def create(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, Values], attempts: Attempts) -> Iterator[Outcome]:
        """Groups cannot be made there: the provider's own are found by their names, and take our settings."""
        waiting: dict[int, list[int]] = {}
        for local_id, values in rows.items():
            waiting.setdefault(values["account"], []).append(local_id)
        names = _group_names(client) if waiting else {}
        for account_id, local_ids in waiting.items():
            account_there = links.remote("account", account_id)
            found = some_accounts(client, links, [account_there]) if account_there is not None else []
            if not found:
                for local_id in local_ids:
                    yield Postponed(local_id, "Waits until its account is on the server.")
                continue
            there = {names.get(relation["channel_group"]): relation["channel_group"] for relation in found[0]["channel_groups"]}
            wishes: list[Wish] = []
            for local_id in local_ids:
                group = there.get(rows[local_id]["name"])
                if group is not None:
                    wishes.append((local_id, group, _merged(rows[local_id], found[0], group, links)))
                elif _was_read(found[0]):
                    yield Refused(local_id, "The provider does not have this group on the server. Drop it, or wait for it.")
                else:
                    yield Postponed(local_id, "Waits until the server has read the groups of its account.")
            yield from self._set(client, links, found[0], wishes, account_id=account_id, names=names)

    def update(self, client: Dispatcharr, links: LinkBook, changes: list[Change]) -> Iterator[Outcome]:
        by_account: dict[int, list[Change]] = {}
        for change in changes:
            by_account.setdefault(parted(change.remote_id)[0], []).append(change)
        names = _group_names(client) if by_account else {}
        for account_there, found in by_account.items():
            row = client.accounts.get(account_there)
            wishes = [(change.local_id, parted(change.remote_id)[1], change.values) for change in found]
            yield from self._set(client, links, row, wishes, account_id=found[0].whole["account"], names=names)

    def delete(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, int]) -> Iterator[Outcome]:
        """They go there with their account, or stay."""
        for local_id, remote_id in rows.items():
            yield Delivered(local_id, remote_id, {})

    def _set(
        self,
        client: Dispatcharr,
        links: LinkBook,
        account: Row,
        wishes: list[Wish],
        *,
        account_id: int,
        names: Mapping[int, str],
    ) -> Iterator[Outcome]:
        """One request for all groups of an account, each whole: what is left out would be reset there."""
        relations = {relation["channel_group"]: relation for relation in account["channel_groups"]}
        send: dict[int, AccountGroup] = {}
        ours: dict[int, int] = {}
        for local_id, group, values in wishes:
            if group not in relations:
                yield Postponed(local_id, "The server has no settings for this group any more. It will be looked for again.")
                continue
            try:
                whole = whole_settings(relations[group], values, links)
            except NotThereYet as reason:
                yield Postponed(local_id, str(reason))
                continue
            problem = range_problem(whole)
            if problem:
                yield Refused(local_id, problem)
                continue
            send[group], ours[group] = whole, local_id
        if not send:
            return
        forget_accounts(links)
        refused = yield from self._send(client, account["id"], send, ours)
        after = {relation["channel_group"]: relation for relation in client.accounts.get(account["id"])["channel_groups"]}
        for group, local_id in ours.items():
            if group in refused:
                continue
            if group not in after:
                yield Postponed(local_id, "The group vanished from the server while it was being saved.")
                continue
            values = our_values(after[group], account_id, names.get(group, ""), links)
            yield Delivered(local_id, joined(account["id"], group), values)

    def _send(
        self, client: Dispatcharr, account_there: int, send: Mapping[int, AccountGroup], ours: Mapping[int, int]
    ) -> Generator[Outcome, None, set[int]]:
        """All together; when the server refuses that, one by one. Returns the groups that were not saved."""
        try:
            client.accounts.set_groups(account_there, send.values())
        except Rejected as error:
            logger.info("[M3U] The server refused the groups of account %s together: %s", account_there, error)
        else:
            return set()
        failed: set[int] = set()
        for group, settings in send.items():

            def deliver(group: int = group, settings: AccountGroup = settings) -> Outcome:
                client.accounts.set_groups(account_there, [settings])
                return Delivered(ours[group], joined(account_there, group), {})

            outcome = attempted(ours[group], deliver)
            if not isinstance(outcome, Delivered):
                failed.add(group)
                yield outcome
        return failed


def _unlinked(wanted: set[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """Groups that are here under these accounts and names, and are no group of the server yet."""
    found = {
        (account_id, name): pk
        for pk, account_id, name in StreamGroup.objects.filter(
            account_id__in={account_id for account_id, _ in wanted}, name__in={name for _, name in wanted}
        ).values_list("pk", "account_id", "name")
    }
    linked = set(MirrorLink.objects.filter(kind=GroupKind.name, local_id__in=found.values()).values_list("local_id", flat=True))
    return {key: pk for key, pk in found.items() if pk not in linked}


def _merged(values: Values, account: Row, group: int, links: LinkBook) -> Values:
    """Our choices over what the server keeps of its own with the group, such as the provider's category."""
    relation = next(found for found in account["channel_groups"] if found["channel_group"] == group)
    return values | {"settings": our_settings(relation["custom_properties"], links) | values["settings"]}


def _group_names(client: Dispatcharr) -> dict[int, str]:
    """By id; "" for a group whose name cannot be read."""
    rows = client.groups.all()
    return {row["id"]: str(row.get("name") or "")[:GROUP_LIMIT] for row in rows if is_id(row.get("id"))}


def _was_read(account: Row) -> bool:
    """Whether the server has ever read which groups the provider has."""
    return bool(account["channel_groups"]) or account["updated_at"] is not None
