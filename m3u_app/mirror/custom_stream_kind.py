"""Streams that belong to no provider (10 §9.2): here rows without an account, there rows of the locked account "custom".

An address is there once only, so it tells them apart; it is compared without the at sign of multicast, which the server does
not take and rows of earlier versions have here. Their group is a name here and a group of the server's there, which is
made when it is missing.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, ClassVar

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.shapes import Stream as Row
from m3u_app.custom_streams import GROUP_KEY, LONGEST_GROUP, LONGEST_ID, LONGEST_NAME, new_identity, without_at_sign
from m3u_app.importing.directives import looks_playable
from m3u_app.importing.fields import one_line
from m3u_app.mirror.accounts_there import all_accounts, holds_custom_streams
from m3u_app.mirror.expected import text
from m3u_app.mirror.outcomes import attempted
from m3u_app.models import Stream
from m3u_app.providers.loose_values import text_of
from m3u_app.stream_users import announce_removal
from tasks_app.journal import new_batch_id
from tasks_app.mirror.kinds import Attempts, Change, Delivered, LinkBook, MirroredKind, Outcome, Values, Watched
from tasks_app.mirror.readable import is_id, needed_text, readable

_COLUMNS = ("name", "url", "logo_url", "tvg_id")


class CustomStreamKind(MirroredKind):
    name: ClassVar[str] = "custom_stream"
    label: ClassVar[str] = "custom stream"
    position: ClassVar[int] = 45
    category: ClassVar[str] = "m3u"
    fields: ClassVar[Mapping[str, str]] = {
        "name": "name",
        "url": "address",
        "logo_url": "logo",
        "tvg_id": "TVG-ID",
        "group": "group",
    }
    natural_key: ClassVar[str] = "url"
    watched: ClassVar[tuple[Watched, ...]] = (
        Watched("m3u_app_stream", columns=(*_COLUMNS, "extras"), name="name", condition="{row}.is_custom = 1"),
    )

    # Here.

    def local(self, ids: Collection[int] | None = None) -> dict[int, Values]:
        streams = Stream.objects.filter(is_custom=True, account=None).order_by("pk")
        if ids is not None:
            streams = streams.filter(pk__in=ids)
        found: dict[int, Values] = {}
        for pk, extras, *columns in streams.values_list("pk", "extras", *_COLUMNS):
            values = dict(zip(_COLUMNS, columns, strict=True))
            found[pk] = {**values, "url": without_at_sign(values["url"]), "group": _group_of(extras)}
        return found

    def store(self, rows: Mapping[int, Values], books: Mapping[int, Values]) -> dict[int, int]:
        made: dict[int, int] = {}
        for remote_id, values in rows.items():
            stream = Stream(is_custom=True, stream_hash=new_identity(), **{name: values[name] for name in _COLUMNS})
            stream.extras = _with_group({}, values["group"])
            stream.save(force_insert=True)
            made[remote_id] = stream.pk
        return made

    def change(self, rows: Mapping[int, Values]) -> None:
        stored = dict(Stream.objects.filter(pk__in=rows).values_list("pk", "extras"))
        for pk, values in rows.items():
            columns: dict[str, Any] = {name: values[name] for name in _COLUMNS if name in values}
            if "group" in values:
                columns["extras"] = _with_group(stored.get(pk), values["group"])
            Stream.objects.filter(pk=pk).update(**columns)

    def remove(self, ids: Collection[int]) -> None:
        announce_removal(list(ids), "the custom stream is gone on the server", new_batch_id())
        Stream.objects.filter(pk__in=ids).delete()

    def bring_back(self, values: Values) -> int | None:
        return next(iter(self.store({0: values}, {}).values()))

    # There.

    def read(
        self, client: Dispatcharr, links: LinkBook, ids: Collection[int] | None = None
    ) -> Iterator[tuple[int, Values, Values]]:
        wanted = list(ids) if ids is not None else self._all_ids(client, links)
        if not wanted:
            return
        names = _names_of_groups(client)
        for batch in client.streams.by_ids(wanted):
            yield from readable(
                self.name, links, batch, lambda row: (row["id"], _our_values(row, names), {}) if row["is_custom"] else None
            )

    def create(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, Values], attempts: Attempts) -> Iterator[Outcome]:
        groups = _Groups(client)
        for local_id, values in rows.items():

            def deliver(local_id: int = local_id, values: Values = values) -> Outcome:
                row = client.streams.create(_their_values(values, groups))
                return Delivered(local_id, row["id"], _our_values(row, groups.names))

            yield attempted(local_id, deliver)

    def update(self, client: Dispatcharr, links: LinkBook, changes: list[Change]) -> Iterator[Outcome]:
        groups = _Groups(client)
        for change in changes:

            def deliver(change: Change = change) -> Outcome:
                row = client.streams.update(change.remote_id, _their_values(change.values, groups))
                return Delivered(change.local_id, change.remote_id, _our_values(row, groups.names))

            yield attempted(change.local_id, deliver)

    def delete(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, int]) -> Iterator[Outcome]:
        """All in one request; channels there lose them as ours did."""
        if rows:
            client.streams.delete_many(rows.values())
        for local_id, remote_id in rows.items():
            yield Delivered(local_id, remote_id, {})

    def _all_ids(self, client: Dispatcharr, links: LinkBook) -> list[int]:
        account = next((found for found in all_accounts(client, links) if holds_custom_streams(found)), None)
        return client.streams.ids(account_id=account["id"]) if account is not None else []


def _names_of_groups(client: Dispatcharr) -> dict[int, str]:
    return {row["id"]: text_of(row.get("name")) for row in client.groups.all() if is_id(row.get("id"))}


class _Groups:
    """The server's groups by name, asked for when the first is needed."""

    def __init__(self, client: Dispatcharr) -> None:
        self._client = client
        self._names: dict[int, str] | None = None

    @property
    def names(self) -> dict[int, str]:
        if self._names is None:
            self._names = _names_of_groups(self._client)
        return self._names

    def id_of(self, name: str) -> int | None:
        if not name:
            return None
        found = next((number for number, known in self.names.items() if known == name), None)
        if found is None:
            found = self._client.groups.create(name)["id"]
            self.names[found] = name
        return found


def _our_values(row: Row, names: Mapping[int, str]) -> Values:
    return {
        "name": one_line(needed_text(row, "name"))[:LONGEST_NAME],
        "url": _address(row),
        "logo_url": one_line(text(row, "logo_url")),
        "tvg_id": one_line(text(row, "tvg_id"))[:LONGEST_ID],
        "group": one_line(names.get(row["channel_group"] or 0, ""))[:LONGEST_GROUP],
    }


def _address(row: Row) -> str:
    address = one_line(text(row, "url"))
    if address and not looks_playable(address):
        raise ValueError("its address is none that can be played")
    return without_at_sign(address)


def _their_values(values: Values, groups: _Groups) -> dict[str, Any]:
    body: dict[str, Any] = {name: values[name] for name in ("name", "url", "tvg_id") if name in values}
    if "logo_url" in values:
        body["logo_url"] = values["logo_url"] or None
    if "group" in values:
        body["channel_group"] = groups.id_of(values["group"])
    return body


def _group_of(extras: Any) -> str:
    group = extras.get(GROUP_KEY) if isinstance(extras, dict) else None
    return group if isinstance(group, str) else ""


def _with_group(extras: Any, group: str) -> dict[str, Any]:
    kept = {key: value for key, value in extras.items() if key != GROUP_KEY} if isinstance(extras, dict) else {}
    return {**kept, GROUP_KEY: group} if group else kept
