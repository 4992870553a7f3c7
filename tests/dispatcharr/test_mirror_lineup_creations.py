"""Channels made here are made there, once: whatever is lost on the way, and whoever is killed (10 §14.5)."""

import time
from decimal import Decimal
from uuid import UUID

import pytest

from channels_app.mirror import arrivals, create_channels
from channels_app.models import Channel, ChannelGroup, ChannelProfile
from m3u_app.models import Account
from tasks_app.models import CreationAttempt, MirrorLink, OutboxEntry
from tests.dispatcharr.lineup_house import House, bring_streams, make_channel
from tests.fake_dispatcharr import Kind, Playlist

pytestmark = pytest.mark.django_db

POST, BULK = "/api/channels/channels/", "from-stream/bulk/"


class Killed(BaseException):
    """The worker is gone: nobody catches it."""


@pytest.fixture
def ready(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """Pulled once; a server that takes a tenth of a second for what it does in the background."""
    house.world.refresh_seconds = 0.2
    monkeypatch.setattr(create_channels, "sleep", lambda seconds: time.sleep(min(seconds, 0.1)))
    monkeypatch.setattr(arrivals, "GRACE_ONE", 0.0)
    house.pull()
    house.fake.calls.clear()
    return house


def agree(house: House) -> None:
    """Nothing waits, nothing differs, nothing is there twice."""
    assert house.waiting() == {}
    assert not CreationAttempt.objects.exists()
    report = house.pull()
    changed = {kind: count.created + count.updated + count.deleted for kind, count in report.counts.items()}
    assert set(changed.values()) - {changed["logo"]} <= {0}, "only pictures that the server copied may be new"
    assert report.counts["logo"].updated == report.counts["logo"].deleted == 0
    assert len(set(house.names_there())) == len(house.names_there()) == Channel.objects.count()


def many(house: House, count: int, **values: object) -> list[Channel]:
    """Channels of a stream each, of an account that is large enough."""
    first = house.world.streams.next_id
    house.world.add_account("Large", Playlist.generated(count, tag="large"))
    bring_streams(house, Account.objects.get(name="Base"), range(first, first + count))
    return [make_channel(f"Made {number}", house.streams[first + number], **values) for number in range(count)]


def test_one_channel_is_one_request_with_everything_in_it(ready: House) -> None:
    group = ChannelGroup.objects.create(name="Sports")
    channel = make_channel(
        "ESPN",
        ready.streams[9],
        ready.streams[3],
        number=Decimal("4.1"),
        group=group,
        tvg_id="espn.us",
        gracenote_id="55",
        logo_url="http://logos.test/espn.png",
        guide_entry_id=ready.entries[4],
        is_hidden=True,
    )
    ready.deliver()
    row = ready.there("ESPN")
    assert (row["channel_number"], row["tvg_id"], row["tvc_guide_stationid"]) == (4.1, "espn.us", "55")
    assert (row["streams"], row["epg_data_id"], row["hidden_from_output"]) == ([9, 3], 4, True)
    assert row["channel_group_id"] == ready.group_there("Sports")
    assert 4 in ready.world.loaded
    channel.refresh_from_db()
    assert channel.uuid == UUID(row["uuid"]), "players use the server's"
    assert ready.calls("POST", POST) == 1
    agree(ready)


def test_a_new_channel_is_in_exactly_its_profiles(ready: House) -> None:
    kids, family = (ChannelProfile.objects.create(name=name) for name in ("Kids", "Family"))
    make_channel("Nowhere", ready.streams[5])
    make_channel("For kids", ready.streams[6], profiles=[kids])
    make_channel("For all", ready.streams[7], profiles=[kids, family])
    ready.deliver()
    assert ready.members("Kids") == {"For kids", "For all"}
    assert ready.members("Family") == {"For all"}
    agree(ready)


def test_a_channel_without_number_and_group_has_none_after_the_way_there(ready: House) -> None:
    make_channel("Bare")
    ready.deliver()
    row = ready.there("Bare")
    assert (row["channel_number"], row["streams"]) == (None, [])
    assert row["channel_group_id"] == ready.group_there("Default Group")
    agree(ready)


def test_a_thousand_channels_come_from_their_streams(ready: House) -> None:
    group = ChannelGroup.objects.create(name="Sports")
    kids = ChannelProfile.objects.create(name="Kids")
    made = many(ready, 1000, group=group)
    for place, channel in enumerate(made):
        Channel.objects.filter(pk=channel.pk).update(number=1000 + place)
    kids.memberships.model.objects.bulk_create(kids.memberships.model(profile=kids, channel=channel) for channel in made[:10])
    ready.deliver()
    names = {channel.name for channel in made}
    rows = [row for row in ready.world.tables["channels"].values() if row["name"] in names]
    assert len(rows) == 1000
    assert {row["channel_group_id"] for row in rows} == {ready.group_there("Sports")}
    assert ready.there("Made 999")["channel_number"] == 1999.0
    assert {row["logo_id"] for row in rows} == {None}, "the pictures that the server copied were not wanted"
    assert ready.members("Kids") == {f"Made {number}" for number in range(10)}
    assert (ready.calls("POST", BULK), ready.calls("POST", POST), ready.calls("PATCH", "edit/bulk/")) == (2, 0, 2)
    assert len([call for call in ready.fake.calls if call.method != "GET"]) <= 20
    uuids = {row["name"]: UUID(row["uuid"]) for row in rows}
    assert all(channel.uuid == uuids[channel.name] for channel in Channel.objects.filter(name__startswith="Made"))
    agree(ready)


def test_channels_that_share_their_first_stream_are_made_one_by_one(ready: House) -> None:
    many(ready, 25)
    for name in ("Twin A", "Twin B", "Twin B"):
        make_channel(name, ready.streams[8], ready.streams[9])
    make_channel("No stream")
    ready.deliver()
    assert (ready.calls("POST", BULK), ready.calls("POST", POST)) == (1, 4)
    assert ready.waiting() == {}
    assert ready.names_there().count("Twin B") == 2
    assert ready.pull().counts["channel"].updated == 0


@pytest.mark.parametrize("fault", [Kind.RESET_AFTER, Kind.RESET_BEFORE, Kind.HALF_ANSWER, Kind.STATUS])
@pytest.mark.parametrize("after", [0, 2])
def test_a_lost_answer_makes_no_second_channel(ready: House, fault: Kind, after: int) -> None:
    for number in range(5):
        make_channel(f"New {number}", ready.streams[number + 10])
    ready.fake.faults.order(fault, method="POST", path=f"{POST}$", after=after, status=502)
    for _ in range(3):
        ready.deliver()
    agree(ready)
    assert len(ready.names_there()) == 8


@pytest.mark.parametrize("fault", [Kind.RESET_AFTER, Kind.RESET_BEFORE, Kind.HALF_ANSWER])
def test_a_lost_receipt_of_many_makes_none_twice(ready: House, fault: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    many(ready, 30)
    ready.fake.faults.order(fault, method="POST", path=BULK)
    ready.deliver()
    assert OutboxEntry.objects.filter(state="waiting").count() == 30
    ready.deliver()
    if fault is Kind.RESET_BEFORE:
        assert "still creating" in ready.waiting()["channel"], "nobody knows yet whether it was received"
        monkeypatch.setattr(arrivals, "GRACE_UNCLEAR", 0.0)
    else:
        ready.world.finish()
    ready.deliver()
    assert ready.calls("POST", BULK) == (2 if fault is Kind.RESET_BEFORE else 1)
    agree(ready)


@pytest.mark.parametrize("moment", ["create_from_streams", "ids", "update_many", "link_guide", "all"])
def test_a_worker_that_is_killed_leaves_nothing_twice(ready: House, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    made = many(ready, 30)
    Channel.objects.filter(pk__in=[channel.pk for channel in made]).update(guide_entry=ready.entries[2], tvg_id="x")
    methods = ready.client.channels
    real = getattr(methods, moment)
    calls = []

    def killed(*args: object, **options: object) -> object:
        calls.append(moment)
        result = real(*args, **options)
        if len(calls) == (2 if moment == "ids" else 1):
            raise Killed
        return result

    monkeypatch.setattr(methods, moment, killed)
    with pytest.raises(Killed):
        ready.deliver()
    monkeypatch.setattr(methods, moment, real)
    ready.world.finish()
    report = ready.pull()
    assert report.counts["channel"].created == 0, "what is being created is not taken for new"
    ready.deliver()
    assert ready.calls("POST", BULK) == 1
    agree(ready)


def test_a_worker_that_is_killed_between_single_channels(ready: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        make_channel(f"New {number}", ready.streams[number + 10])
    methods = ready.client.channels
    real = methods.create

    def killed(values: dict[str, object]) -> object:
        row = real(values)
        if values["name"] == "New 2":
            raise Killed
        return row

    monkeypatch.setattr(methods, "create", killed)
    with pytest.raises(Killed):
        ready.deliver()
    monkeypatch.setattr(methods, "create", real)
    ready.deliver()
    assert ready.calls("POST", POST) == 5
    agree(ready)


def test_channels_of_somebody_else_are_left_alone(ready: House) -> None:
    """They come while ours are being made, from the same streams even; they are pulled, not taken."""
    made = many(ready, 25)
    first = ready.world.streams.next_id - 25

    def meanwhile() -> None:
        ready.world.add_channel("Somebody’s", streams=[first])
        ready.world.add_channel("Somebody’s other")

    ready.world.later(0.01, meanwhile)
    ready.deliver()
    assert ready.waiting() == {}
    assert {"Somebody’s", "Somebody’s other"} <= set(ready.names_there())
    assert len(ready.names_there()) == 3 + 25 + 2
    assert ready.pull().counts["channel"].created == 2
    assert Channel.objects.filter(name__startswith="Made").count() == len(made)


def test_a_channel_that_is_deleted_here_while_it_is_made_there_goes_there_too(
    ready: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_channel("Keep", ready.streams[11])
    doomed = make_channel("Doomed", ready.streams[10])
    real = ready.client.channels.create

    def killed(values: dict[str, object]) -> object:
        row = real(values)
        if values["name"] == "Doomed":
            raise Killed
        return row

    monkeypatch.setattr(ready.client.channels, "create", killed)
    with pytest.raises(Killed):
        ready.deliver()
    monkeypatch.setattr(ready.client.channels, "create", real)
    doomed.delete()
    ready.deliver()
    ready.deliver()
    assert "Doomed" not in ready.names_there()
    agree(ready)


def test_a_channel_that_cannot_be_as_wanted_is_not_left_there_half_done(ready: House) -> None:
    """Its guide entry is gone on the server, which is known only when it is linked."""
    made = many(ready, 25)
    Channel.objects.filter(pk=made[7].pk).update(guide_entry=ready.entries[3])
    ready.world.remove("entries", 3)
    ready.deliver()
    assert "Made 7" not in ready.names_there()
    assert OutboxEntry.objects.get().local_id == made[7].pk
    assert ready.pull().counts["channel"].created == 0
    Channel.objects.filter(pk=made[7].pk).update(guide_entry=None)
    ready.deliver()
    agree(ready)


def test_streams_that_vanished_there_hold_back_only_their_channels(ready: House) -> None:
    made = many(ready, 25)
    ready.world.remove("streams", ready.world.streams.next_id - 25)
    ready.deliver()
    [entry] = OutboxEntry.objects.all()
    assert entry.local_id == made[0].pk
    assert "no longer on the server" in entry.reason
    assert len(ready.names_there()) == 3 + 24


def test_what_bulk_creation_passes_over_is_made_by_itself(ready: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The recorded server made 250 of 251 channels once, and told nobody but the websocket."""
    monkeypatch.setattr(create_channels, "_REST", 0.2)
    many(ready, 25)
    ready.world.passed_over = {ready.world.streams.next_id - 3}
    ready.deliver()
    assert len(ready.names_there()) == 3 + 24
    assert "still creating" in ready.waiting()["channel"]
    monkeypatch.setattr(arrivals, "GRACE_REST", 0.0)
    ready.deliver()
    assert (ready.calls("POST", BULK), ready.calls("POST", POST)) == (1, 1)
    agree(ready)


def test_an_outage_in_the_middle_loses_and_doubles_nothing(ready: House) -> None:
    made = many(ready, 30)
    Channel.objects.filter(pk__in=[channel.pk for channel in made]).update(tvg_id="mine")
    for path in ("edit/bulk", "from-stream/bulk", r"channels/ids/$", r"channels/channels/$"):
        ready.fake.faults.order(Kind.STATUS, path=path, status=503, times=9)
        ready.deliver()
        ready.fake.faults.clear()
        ready.world.finish()
    ready.deliver()
    assert len({row["name"] for row in ready.world.tables["channels"].values()}) == 33
    assert MirrorLink.objects.filter(kind="channel").count() == 33


def test_a_full_disk_there_parks_nothing(ready: House) -> None:
    for number in range(3):
        make_channel(f"New {number}", ready.streams[number + 10])
    ready.fake.faults.full_disk = True
    ready.deliver()
    assert set(OutboxEntry.objects.values_list("state", flat=True)) == {"waiting"}
    ready.fake.faults.clear()
    ready.deliver()
    agree(ready)
