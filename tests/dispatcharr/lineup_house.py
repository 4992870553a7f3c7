"""A connected house for tests of the lineup: the server's streams and guide entries are here, the lineup is really mirrored."""

import hashlib
from collections.abc import Collection
from typing import Any

import pytest

from channels_app.mirror.channel_profiles import ChannelProfileKind
from channels_app.mirror.channels import ChannelKind
from channels_app.mirror.groups import GroupKind
from channels_app.mirror.logos import LogoKind
from channels_app.mirror.stream_profiles import StreamProfileKind
from channels_app.models import Channel, ChannelGroup, ChannelProfile, ChannelStream, ProfileMembership
from channels_app.tests.lineup_fixtures import make_account
from ecm_site.dispatcharr.client import Dispatcharr
from epg_app.models import GuideEntry
from epg_app.tests.samples import make_entries, make_source
from m3u_app.models import Account, Stream, StreamGroup
from tasks_app.mirror import bulk_mirrors, kinds
from tasks_app.mirror.bulk_mirrors import BulkMirror, PullCounts
from tasks_app.mirror.deliver import deliver
from tasks_app.mirror.pull import PullReport, pull
from tasks_app.mirror.report import DeliveryReport
from tasks_app.mirror.state import mirror_state
from tasks_app.mirror.triggers import ensure_triggers
from tasks_app.models import MirrorLink, MirrorState, OutboxEntry
from tests.fake_dispatcharr import FakeServer, World

KINDS = (GroupKind, LogoKind, StreamProfileKind, ChannelProfileKind, ChannelKind)


class House:
    """Both sides at hand. Streams and guide entries are linked by what they have in common; accounts by a plain link."""

    def __init__(self, fake: FakeServer, client: Dispatcharr) -> None:
        self.fake, self.client, self.world = fake, client, fake.world
        self.streams: dict[int, int] = {}  # there → here
        self.entries: dict[int, int] = {}

    def pull(self) -> PullReport:
        return pull(self.client)

    def deliver(self) -> DeliveryReport:
        """With whatever waits for its moment."""
        OutboxEntry.objects.update(next_attempt_at=None)
        MirrorState.objects.update(retry_at=None)
        return deliver(self.client)

    def there(self, name: str) -> dict[str, Any]:
        """The channel of that name on the server."""
        [row] = [row for row in self.world.tables["channels"].values() if row["name"] == name]
        return row

    def names_there(self) -> list[str]:
        return sorted(row["name"] for row in self.world.tables["channels"].values())

    def members(self, profile: str) -> set[str]:
        """Names of the channels that are enabled in a profile of the server."""
        [row] = [row for row in self.world.tables["channel_profiles"].values() if row["name"] == profile]
        channels = self.world.tables["channels"]
        return {channels[pk]["name"] for pk, enabled in self.world.memberships[row["id"]].items() if enabled}

    def group_there(self, name: str) -> int:
        return next(pk for pk, row in self.world.tables["groups"].items() if row["name"] == name)

    def waiting(self) -> dict[str, str]:
        """What is left in the outbox: kind → state and reason of its first entry."""
        return {entry.kind: f"{entry.state}: {entry.reason}" for entry in OutboxEntry.objects.order_by("-pk")}

    def calls(self, method: str, path: str) -> int:
        return self.fake.count(method, path)


def make_channel(name: str, *streams: int, profiles: Collection[ChannelProfile] = (), **values: Any) -> Channel:
    """A channel of this house, put down without any use case."""
    channel = Channel.objects.create(name=name, **values)
    ChannelStream.objects.bulk_create(
        ChannelStream(channel=channel, stream_id=pk, position=place) for place, pk in enumerate(streams, 1)
    )
    ProfileMembership.objects.bulk_create(ProfileMembership(channel=channel, profile=profile) for profile in profiles)
    return channel


def streams_of(channel: Channel) -> list[int]:
    rows = ChannelStream.objects.filter(channel=channel).order_by("position")
    return list(rows.values_list("stream_id", flat=True))


def bring_streams(house: House, account: Account, numbers: Collection[int]) -> None:
    """Streams of the server as rows of this house."""
    group, _ = StreamGroup.objects.get_or_create(account=account, name="Base")
    made = Stream.objects.bulk_create(
        Stream(
            account=account,
            group=group,
            name=house.world.streams.name(number),
            url=f"http://provider.example/{number}.ts",
            provider_stream_id=str(number),
            stream_hash=hashlib.sha256(f"{account.pk}/{number}".encode()).digest(),
        )
        for number in numbers
    )
    house.streams |= dict(zip(numbers, (stream.pk for stream in made), strict=True))


def _mirror(name: str, position: int, pairs: dict[int, int]) -> BulkMirror:
    """Only translates; ``pairs`` may grow."""

    def locals_of(ids: Collection[int]) -> dict[int, int]:
        return {pk: pairs[pk] for pk in ids if pk in pairs}

    def remotes_of(ids: Collection[int]) -> dict[int, int]:
        wanted = set(ids)
        return {here: there for there, here in pairs.items() if here in wanted}

    return BulkMirror(name, name, position, lambda *_: PullCounts(), locals_of, remotes_of)


@pytest.fixture
def house(db: None, fake: FakeServer, client: Dispatcharr, world: World, monkeypatch: pytest.MonkeyPatch) -> House:
    """Connected, with the streams and guide entries of ``world``; nothing of the lineup is pulled yet."""
    house = House(fake, client)
    monkeypatch.setattr(kinds, "_kinds", {kind.name: kind() for kind in KINDS})
    mirrors = [_mirror("stream", 40, house.streams), _mirror("guide_entry", 60, house.entries)]
    monkeypatch.setattr(bulk_mirrors, "_mirrors", {mirror.name: mirror for mirror in mirrors})
    account = make_account("Base")
    MirrorLink.objects.create(kind="account", local_id=account.pk, remote_id=2)
    bring_streams(house, account, range(1, 41))
    rows = world.tables["entries"]
    entries = make_entries(make_source("Guide"), *(row["tvg_id"] for row in rows.values()))
    house.entries |= dict(zip(rows, (entry.pk for entry in entries), strict=True))
    ensure_triggers()
    mirror_state()
    MirrorState.objects.update(connected=True)
    return house


__all__ = [
    "Channel",
    "ChannelGroup",
    "ChannelProfile",
    "GuideEntry",
    "House",
    "bring_streams",
    "house",
    "make_channel",
    "streams_of",
]
