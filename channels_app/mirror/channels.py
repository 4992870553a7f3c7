"""Channels with their ordered streams, guide entry and profiles on a mirrored server."""

import logging
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from channels_app.chunks import chunked
from channels_app.lineup_changed import lineup_changed
from channels_app.mirror.channel_rows import (
    COLUMNS,
    change_channels,
    keep_channel_books,
    read_channels,
    remove_channels,
    store_channels,
)
from channels_app.mirror.channel_targets import Edit
from channels_app.mirror.channel_values import FIELDS, Reading
from channels_app.mirror.create_channels import create_channels
from channels_app.mirror.deliver_channels import deliver_edits
from channels_app.mirror.read_there import read_rows, rows_as_they_come
from channels_app.models import Channel, ChannelProfile, ChannelStream, ProfileMembership
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.resources.channels import PAGE
from ecm_site.dispatcharr.shapes import Channel as ChannelRow
from tasks_app.mirror.kinds import Attempts, Change, Delivered, LinkBook, MirroredKind, Outcome, Values, Watched
from tasks_app.mirror.readable import NOT_UNDERSTOOD, Row, readable, with_ids
from tasks_app.models import MirrorLink

logger = logging.getLogger(__name__)

_GUIDE = {"guide_entry"}
_MEMBERS_FRESH = 5.0  # seconds for which the members of profiles are believed while channels are read page by page
_SOME = 50
_UUID_DIGITS = 32
_FRESH = 30.0  # seconds during which rows that were just looked at need no second look before they are changed


class ChannelKind(MirroredKind):
    name = "channel"
    look_at = 1_000_000  # they come page by page
    label = "channel"
    position = 80
    fields = FIELDS
    references = {
        "group": "group",
        "guide_entry": "guide_entry",
        "stream_profile": "stream_profile",
        "stream_ids": "stream",
        "profile_ids": "channel_profile",
    }
    watched = (
        Watched(Channel._meta.db_table, columns=tuple(COLUMNS.values()), name="name"),
        Watched(ChannelStream._meta.db_table, owner="channel_id", columns=("channel_id", "stream_id", "position")),
        Watched(ProfileMembership._meta.db_table, owner="channel_id", columns=("channel_id", "profile_id")),
    )

    def __init__(self) -> None:
        self._looked: tuple[Dispatcharr | None, dict[int, tuple[float, ChannelRow]]] = (None, {})

    def local(self, ids: Collection[int] | None = None) -> dict[int, Values]:
        return read_channels(ids)

    def store(self, rows: Mapping[int, Values], books: Mapping[int, Values]) -> dict[int, int]:
        made = store_channels(rows, books)
        lineup_changed()
        return made

    def change(self, rows: Mapping[int, Values]) -> None:
        change_channels(rows)
        lineup_changed(guide=any(_GUIDE & values.keys() for values in rows.values()))

    def remove(self, ids: Collection[int]) -> None:
        remove_channels(ids)
        lineup_changed()

    def bring_back(self, values: Values) -> int | None:
        return store_channels({0: {name: values.get(name) for name in FIELDS} | _lists(values)}, {})[0]

    def identity(self, books: Values) -> str:
        digits = str(books.get("uuid")).replace("-", "").lower()
        return digits if len(digits) == _UUID_DIGITS else ""  # quicker than UUID(), and as sure

    def keep_books(self, books: Mapping[int, Values]) -> None:
        if keep_channel_books(books):
            lineup_changed(guide=False)  # published addresses have the uuid in them

    def read(
        self, client: Dispatcharr, links: LinkBook, ids: Collection[int] | None = None
    ) -> Iterator[tuple[int, Values, Values]]:
        portions: Iterable[Sequence[ChannelRow]]
        if ids is None:
            portions = chunked(client.channels.all())
        elif len(ids) <= PAGE:
            portions = chunked(read_rows(client, ids))
        else:
            portions = rows_as_they_come(client, ids, ordering="channel_number" if _are_renamed(ids) else "name")
        self._looked = (client, {})
        reading, read_at = Reading(client, links), -_FRESH
        for portion in portions:
            rows = with_ids(self.name, links, portion)
            if ids is not None:
                self._looked[1].update((row["id"], (time.monotonic(), row)) for row in rows)
            if rows and time.monotonic() - read_at > _MEMBERS_FRESH:
                profiles = client.channel_profiles.all() if ChannelProfile.objects.exists() else []
                reading, read_at = Reading(client, links, profiles, left_out=reading.left_out), time.monotonic()
            yield from _readable(reading, links, rows)
        if reading.left_out:
            logger.info("[MIRROR] %s streams of channels are not known here and were left out", reading.left_out)

    def create(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, Values], attempts: Attempts) -> Iterator[Outcome]:
        yield from create_channels(client, links, rows, attempts)

    def update(self, client: Dispatcharr, links: LinkBook, changes: list[Change]) -> Iterator[Outcome]:
        ids = [change.local_id for change in changes]
        auto: set[int] = set()
        for portion in chunked(ids):
            auto.update(Channel.objects.filter(pk__in=portion, auto_created=True).values_list("pk", flat=True))
        seen = self._just_seen(client)
        edits = [
            Edit(
                change.local_id,
                change.remote_id,
                dict(change.values),
                dict(change.whole),
                auto=bool(row["auto_created"]) if (row := seen.get(change.remote_id)) is not None else change.local_id in auto,
                row=row,
            )
            for change in changes
        ]
        yield from deliver_edits(client, links, edits)

    def _just_seen(self, client: Dispatcharr) -> dict[int, ChannelRow]:
        """Rows of the look that the engine takes before it changes anything, so that none is needed again."""
        looked_with, rows = self._looked
        oldest = time.monotonic() - _FRESH
        return {pk: row for pk, (moment, row) in rows.items() if moment > oldest} if looked_with is client else {}

    def delete(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, int]) -> Iterator[Outcome]:
        for portion in chunked(list(rows.items())):
            client.channels.delete_many([remote_id for _, remote_id in portion])
            for local_id, remote_id in portion:
                yield Delivered(local_id, remote_id, {})


def _are_renamed(remote_ids: Collection[int]) -> bool:
    """Whether these channels wait for a new name there, as far as some of them tell."""
    links = MirrorLink.objects.filter(kind=ChannelKind.name, remote_id__in=sorted(remote_ids)[:_SOME])
    agreed = {local_id: values.get("name") for local_id, values in links.values_list("local_id", "agreed")}
    names = dict(Channel.objects.filter(pk__in=list(agreed)).values_list("pk", "name"))
    return any(names.get(pk) != name for pk, name in agreed.items())


def _readable(reading: Reading, links: LinkBook, rows: Sequence[ChannelRow]) -> Iterable[Row]:
    """One by one only when some of them are of a shape that no channel has."""
    try:
        return reading.translated(rows)
    except NOT_UNDERSTOOD:
        return readable(ChannelKind.name, links, rows, lambda row: reading.translated([row])[0])


def _lists(values: Values) -> Values:
    return {name: list(values.get(name) or ()) for name in ("stream_ids", "profile_ids")}
