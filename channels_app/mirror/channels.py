"""Channels with their ordered streams, guide entry and profiles on a mirrored server."""

import logging
from collections.abc import Collection, Iterator, Mapping

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
from channels_app.mirror.read_there import read_rows
from channels_app.models import Channel, ChannelProfile, ChannelStream, ProfileMembership
from ecm_site.dispatcharr.client import Dispatcharr
from tasks_app.mirror.kinds import Attempts, Change, Delivered, LinkBook, MirroredKind, Outcome, Values, Watched

logger = logging.getLogger(__name__)

_GUIDE = {"guide_entry"}


class ChannelKind(MirroredKind):
    name = "channel"
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

    def keep_books(self, books: Mapping[int, Values]) -> None:
        if keep_channel_books(books):
            lineup_changed(guide=False)  # published addresses have the uuid in them

    def read(
        self, client: Dispatcharr, links: LinkBook, ids: Collection[int] | None = None
    ) -> Iterator[tuple[int, Values, Values]]:
        rows = client.channels.all() if ids is None else read_rows(client, ids)
        profiles = client.channel_profiles.all() if rows and ChannelProfile.objects.exists() else []
        reading = Reading(client, links, profiles)
        for portion in chunked(rows):
            yield from reading.translated(portion)
        if reading.left_out:
            logger.info("[MIRROR] %s streams of channels are not known here and were left out", reading.left_out)

    def create(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, Values], attempts: Attempts) -> Iterator[Outcome]:
        yield from create_channels(client, links, rows, attempts)

    def update(self, client: Dispatcharr, links: LinkBook, changes: list[Change]) -> Iterator[Outcome]:
        ids = [change.local_id for change in changes]
        auto: set[int] = set()
        for portion in chunked(ids):
            auto.update(Channel.objects.filter(pk__in=portion, auto_created=True).values_list("pk", flat=True))
        edits = [
            Edit(change.local_id, change.remote_id, dict(change.values), dict(change.whole), auto=change.local_id in auto)
            for change in changes
        ]
        yield from deliver_edits(client, links, edits)

    def delete(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, int]) -> Iterator[Outcome]:
        for portion in chunked(list(rows.items())):
            client.channels.delete_many([remote_id for _, remote_id in portion])
            for local_id, remote_id in portion:
                yield Delivered(local_id, remote_id, {})


def _lists(values: Values) -> Values:
    return {name: list(values.get(name) or ()) for name in ("stream_ids", "profile_ids")}
