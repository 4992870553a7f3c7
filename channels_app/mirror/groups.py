"""Groups of the lineup. The server keeps them in one table with the groups of its providers.

A group that only providers have is no group of the lineup; it becomes one with the first channel in it. The server's "Default
Group" is where it puts channels without a group: here they simply have none, unless somebody makes a group of that name.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from channels_app.mirror.answers import VANISHED, each
from channels_app.mirror.limits import text_problem
from channels_app.mirror.named_rows import NamedKind
from channels_app.models import ChannelGroup
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import NotFound, Rejected
from ecm_site.dispatcharr.shapes import Group
from ecm_site.wording import counted, shortened
from tasks_app.mirror.kinds import (
    Attempts,
    Change,
    Delivered,
    LinkBook,
    Outcome,
    Postponed,
    Refused,
    Values,
    Watched,
)
from tasks_app.mirror.readable import needed_text, readable, with_ids

KIND = "group"
DEFAULT_GROUP = "Default Group"
LONGEST = 255


class GroupKind(NamedKind):
    name = KIND
    label = "group"
    position = 70
    asks_from = 2  # channels lose their place with them, and a house has few
    watched = (Watched(ChannelGroup._meta.db_table, columns=("name",), name="name"),)
    id_table = ChannelGroup._meta.db_table
    model = ChannelGroup
    longest = LONGEST

    def read(
        self, client: Dispatcharr, links: LinkBook, ids: Collection[int] | None = None
    ) -> Iterator[tuple[int, Values, Values]]:
        rows = with_ids(KIND, links, client.groups.all())
        if ids is None:
            known = links.locals_of(KIND, [row["id"] for row in rows])
            overridden = {group for row in client.channels.overridden() if (group := _overridden_group(row))}
            wanted = {row["id"] for row in rows if row["id"] in known or _is_of_lineup(row, overridden)}
        else:
            wanted = set(ids)
        chosen = (row for row in rows if row["id"] in wanted)
        yield from readable(KIND, links, chosen, lambda row: (row["id"], {"name": needed_text(row, "name")}, {}))

    def create(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, Values], attempts: Attempts) -> Iterator[Outcome]:
        """Names are unique there, so what is there already is taken for ours, also a provider's group and one whose answer
        was lost."""
        there = {row["name"]: row["id"] for row in client.groups.all()}
        owners = links.locals_of(KIND, list(there.values()))
        for local_id, values in rows.items():
            name = values["name"].strip()
            problem = text_problem("group name", name, longest=LONGEST, required=True)
            if problem:
                yield Refused(local_id, problem)
                continue
            if name not in there:
                try:
                    made = client.groups.create(name)
                except Rejected as error:
                    there = {row["name"]: row["id"] for row in client.groups.all()}  # somebody was quicker
                    if name not in there:
                        yield Refused(local_id, str(error))
                        continue
                else:
                    there[made["name"]] = made["id"]
                    name = made["name"]
            if owners.setdefault(there[name], local_id) != local_id:
                yield Refused(
                    local_id, f"Dispatcharr’s group “{shortened(name)}” is another group here already. Rename this one."
                )
                continue
            yield Delivered(local_id, there[name], {"name": name})

    def update(self, client: Dispatcharr, links: LinkBook, changes: list[Change]) -> Iterator[Outcome]:
        fit = []
        for change in changes:
            problem = text_problem("group name", change.values.get("name", "-"), longest=LONGEST, required=True)
            if problem:
                yield Refused(change.local_id, problem)
            else:
                fit.append(change)

        def rename(change: Change) -> Delivered:
            try:
                row = client.groups.rename(change.remote_id, change.whole["name"].strip())
            except Rejected as error:
                raise Rejected(
                    f"{error} Groups of providers count as well: choose another name, or make a new group of that name and"
                    " move the channels there.",
                    fields=error.fields,
                    status=error.status,
                ) from error
            return Delivered(change.local_id, change.remote_id, {"name": row["name"]})

        yield from each(fit, rename)

    def delete(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, int]) -> Iterator[Outcome]:
        """A group that providers have as well stays there: without channels it is none of the lineup's."""
        there = {row["id"]: row for row in client.groups.all()}
        for local_id, remote_id in rows.items():
            row = there.get(remote_id)
            if row is not None and _count(row, "channel_count"):
                held = counted(_count(row, "channel_count"), "channel")
                yield Refused(
                    local_id,
                    f"On the server there {'are' if _count(row, 'channel_count') > 1 else 'is'} {held} in the group"
                    f" “{shortened(row['name'])}”. Move or delete them first, or take the group back.",
                )
                continue
            if row is not None and not _count(row, "m3u_account_count") and row["name"] != DEFAULT_GROUP:
                try:
                    client.groups.delete(remote_id)
                except NotFound:
                    pass  # somebody else was quicker
                except Rejected:
                    yield Postponed(local_id, VANISHED.replace("It was deleted", "It was given a channel"))
                    continue
            yield Delivered(local_id, remote_id, {})


def _is_of_lineup(row: Group, overridden: Collection[int]) -> bool:
    if row.get("name") == DEFAULT_GROUP:
        return False
    return bool(_count(row, "channel_count")) or not _count(row, "m3u_account_count") or row["id"] in overridden


def _count(row: Group, name: str) -> int:
    values: dict[str, Any] = dict(row)
    found = values.get(name)
    return found if isinstance(found, int) else 0


def _overridden_group(row: Mapping[str, Any]) -> int | None:
    """The group that the operator of the server gave to a channel of its auto-sync; counts do not know it."""
    own = row.get("override")
    found = own.get("channel_group_id") if isinstance(own, dict) else None
    return found if isinstance(found, int) else None
