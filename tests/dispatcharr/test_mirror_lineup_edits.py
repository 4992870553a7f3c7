"""Changed channels reach the server in a handful of requests, and one that is refused costs only itself (10 §14.5, §14.6)."""

from decimal import Decimal

import pytest

from channels_app.models import Channel, ChannelGroup, ChannelProfile, ChannelStream, ProfileMembership, StreamProfile
from tasks_app.models import OutboxEntry
from tests.dispatcharr.lineup_house import House, make_channel, streams_of
from tests.fake_dispatcharr import Kind

pytestmark = pytest.mark.django_db

EDIT, ASSIGN, EPG = "edit/bulk/", "/assign/", "batch-set-epg/"


def writes(house: House) -> list[str]:
    """What was asked of the server, reading aside: method and end of the path."""
    return [f"{call.method} {call.path.removeprefix('/api/channels/')}" for call in house.fake.calls if call.method != "GET"]


def start(house: House, channels: int = 3) -> None:
    for number in range(4, channels + 1):
        house.world.add_channel(f"C{number}", channel_number=float(number), streams=[number % 40 + 1])
    house.pull()
    house.fake.calls.clear()


def test_every_field_of_a_channel_travels(house: House) -> None:
    profile = house.world.insert("channel_profiles", {"id": 0, "name": "Kids"})["id"]
    house.world.memberships[profile] = {1: False, 2: True, 3: True}
    group = house.world.add_group("Sports")
    start(house)
    one = Channel.objects.get(name="One")
    Channel.objects.filter(pk=one.pk).update(
        name="Uno",
        number=Decimal("4.1"),
        group=ChannelGroup.objects.get(name="Sports"),
        tvg_id="uno.es",
        gracenote_id="777",
        logo_url="http://logos.test/uno.png",
        guide_entry=house.entries[2],
        stream_profile=StreamProfile.objects.get(name="streamlink"),
        is_hidden=True,
    )
    ChannelStream.objects.filter(channel=one).update(position=2)
    ChannelStream.objects.create(channel=one, stream_id=house.streams[9], position=1)
    ProfileMembership.objects.create(channel=one, profile=ChannelProfile.objects.get(name="Kids"))
    house.deliver()
    row = house.there("Uno")
    assert (row["channel_number"], row["channel_group_id"], row["tvg_id"]) == (4.1, group, "uno.es")
    assert (row["tvc_guide_stationid"], row["epg_data_id"], row["stream_profile_id"]) == ("777", 2, 2)
    assert (row["hidden_from_output"], row["streams"]) == (True, [9, 1])
    assert house.world.tables["logos"][row["logo_id"]]["url"] == "http://logos.test/uno.png"
    assert house.members("Kids") == {"Uno", "Two", "Three"}
    assert 2 in house.world.loaded, "linked by the call that loads programmes"
    assert house.waiting() == {}
    assert house.pull().changed == 0


def test_what_is_emptied_here_is_emptied_there(house: House) -> None:
    logo = house.world.insert("logos", {"id": 0, "name": "x", "url": "http://logos.test/x.png"})["id"]
    values = {"tvg_id": "a", "tvc_guide_stationid": "1", "logo_id": logo, "epg_data_id": 1, "stream_profile_id": 1}
    house.world.change("channels", 1, **values, channel_group_id=house.world.add_group("Sports"))
    start(house)
    one = Channel.objects.get(name="One")
    assert one.group is not None
    Channel.objects.filter(pk=one.pk).update(
        number=None, group=None, tvg_id="", gracenote_id="", logo_url="", guide_entry=None, stream_profile=None
    )
    ChannelStream.objects.filter(channel=one).delete()
    house.deliver()
    row = house.there("One")
    assert [row[name] for name in (*values, "channel_number")] == [None] * 6
    assert row["streams"] == []
    assert row["channel_group_id"] == house.group_there("Default Group"), "the server takes no null there"
    assert house.waiting() == {}


def test_a_thousand_edits_are_a_request_for_each_five_hundred(house: House) -> None:
    start(house, 1000)
    Channel.objects.update(tvg_id="x")
    for row in Channel.objects.all():
        Channel.objects.filter(pk=row.pk).update(name=f"Renamed {row.pk}")
    house.deliver()
    assert writes(house) == ["PATCH channels/edit/bulk/"] * 2
    assert all(row["name"].startswith("Renamed") for row in house.world.tables["channels"].values())
    assert house.waiting() == {}


def test_new_orders_of_streams_need_one_look_and_one_request(house: House) -> None:
    start(house, 200)
    for channel in Channel.objects.all():
        ChannelStream.objects.filter(channel=channel).update(position=2)
        stream_id = house.streams[channel.pk % 7 + 30]
        ChannelStream.objects.get_or_create(channel=channel, stream_id=stream_id, defaults={"position": 1})
    house.deliver()
    assert writes(house) == ["PATCH channels/edit/bulk/"]
    assert house.calls("GET", "/channels/channels/") == 1
    assert house.waiting() == {}
    assert house.pull().changed == 0


def test_a_run_of_numbers_goes_by_the_call_for_runs(house: House) -> None:
    start(house, 300)
    for place, channel in enumerate(Channel.objects.order_by("-number")):
        Channel.objects.filter(pk=channel.pk).update(number=5000 + place)
    house.deliver()
    assert writes(house) == ["POST channels/assign/"]
    assert house.there("C300")["channel_number"] == 5000.0
    assert house.there("One")["channel_number"] == 5299.0
    assert house.waiting() == {}


def test_numbers_without_a_run_go_with_the_other_changes(house: House) -> None:
    start(house, 40)
    for place, channel in enumerate(Channel.objects.order_by("number")):
        Channel.objects.filter(pk=channel.pk).update(number=Decimal(place) * 7 + Decimal("0.1"))
    house.deliver()
    assert writes(house) == ["PATCH channels/edit/bulk/"]
    assert house.there("Two")["channel_number"] == 7.1


def test_the_one_that_is_refused_is_parked_and_the_others_go(house: House) -> None:
    """The server names rows that it refuses in bulk, and does nothing of the rest."""
    house.world.add_channel("Auto", auto_created=True, auto_created_by=2, streams=[4])
    start(house, 30)
    Channel.objects.update(gracenote_id="new")
    Channel.objects.filter(name="Auto").update(number=0)
    report = house.deliver()
    [entry] = OutboxEntry.objects.all()
    assert (entry.name, entry.state) == ("Auto", "parked")
    assert "override: channel_number: Ensure this value is greater" in entry.reason
    assert report.updated == 30
    assert house.calls("PATCH", EDIT) == 3, "all, the others, and once more the one: it may be in order when the rest is"


def test_a_group_that_is_gone_there_is_found_out_by_the_next_look(house: House) -> None:
    start(house, 6)
    gone = house.world.add_group("Gone")
    house.pull()
    Channel.objects.update(tvg_id="new")
    Channel.objects.filter(name="Two").update(group=ChannelGroup.objects.get(name="Gone"))
    house.world.remove("groups", gone)
    house.deliver()
    [entry] = OutboxEntry.objects.all()
    assert (entry.name, entry.state) == ("Two", "waiting")
    assert "no longer on the server" in entry.reason
    house.pull()
    house.deliver()
    assert house.waiting() == {}
    assert house.there("Two")["tvg_id"] == "new"


def test_too_long_a_text_is_refused_before_anything_is_sent(house: House) -> None:
    start(house)
    Channel.objects.filter(name="One").update(tvg_id="x" * 300)
    Channel.objects.filter(name="Two").update(name="nul \x00")
    house.deliver()
    reasons = dict(OutboxEntry.objects.values_list("local_id", "reason"))
    assert "255 characters of a TVG-ID, and this one has 300" in reasons[Channel.objects.get(name="One").pk]
    assert writes(house) == []


def test_a_full_disk_is_not_the_fault_of_five_hundred_channels(house: House) -> None:
    start(house, 200)
    Channel.objects.update(tvg_id="new")
    house.fake.faults.full_disk = True
    house.deliver()
    assert len(writes(house)) < 40
    assert OutboxEntry.objects.filter(state="waiting").count() == 200
    house.fake.faults.clear()
    house.deliver()
    assert house.waiting() == {}


def test_a_fault_that_one_row_causes_is_found_by_halves(house: House) -> None:
    """A value that the server does not check is a 500 for all of them."""
    start(house, 60)
    bad = house.world.tables["channels"][17]
    Channel.objects.update(tvg_id="new")
    house.world.poison = {bad["id"]}
    house.deliver()
    [entry] = OutboxEntry.objects.all()
    assert entry.local_id == Channel.objects.get(name=bad["name"]).pk
    assert sum(row["tvg_id"] == "new" for row in house.world.tables["channels"].values()) == 59
    assert house.calls("PATCH", EDIT) < 20


@pytest.mark.parametrize("fault", [Kind.RESET_AFTER, Kind.RESET_BEFORE, Kind.TOKEN_EXPIRED, Kind.HALF_ANSWER])
def test_a_lost_answer_in_mid_batch_changes_nothing_twice(house: House, fault: Kind) -> None:
    start(house, 700)
    Channel.objects.update(tvg_id="new")
    house.fake.faults.order(fault, method="PATCH", path="edit/bulk", after=1, times=1)
    house.deliver()
    house.deliver()
    assert {row["tvg_id"] for row in house.world.tables["channels"].values()} == {"new"}
    assert house.waiting() == {}
    assert house.pull().changed == 0


def test_a_channel_that_somebody_deletes_meanwhile_waits_for_an_answer(house: House) -> None:
    start(house)
    Channel.objects.update(tvg_id="new")
    house.world.remove("channels", 2)
    house.deliver()
    [entry] = OutboxEntry.objects.all()
    assert (entry.name, entry.state) == ("Two", "conflict")
    assert entry.conflict["deleted"] == "there"


def test_a_guide_entry_that_is_gone_there_holds_only_its_channel_back(house: House) -> None:
    start(house, 6)
    for place, channel in enumerate(Channel.objects.order_by("number"), 1):
        Channel.objects.filter(pk=channel.pk).update(guide_entry=house.entries[place])
    house.world.remove("entries", 3)
    house.deliver()
    [entry] = OutboxEntry.objects.all()
    assert (entry.name, entry.state) == ("Three", "waiting")
    assert "guide entry is no longer on the server" in entry.reason
    assert [row["epg_data_id"] for row in house.world.tables["channels"].values()] == [1, 2, None, 4, 5, 6]


def test_a_stream_that_the_server_does_not_have_yet_is_waited_for(house: House) -> None:
    start(house)
    own = house.streams.pop(12)
    ChannelStream.objects.create(channel=Channel.objects.get(name="One"), stream_id=own, position=2)
    house.deliver()
    assert "1 stream of it" in house.waiting()["channel"]
    house.streams[12] = own
    house.deliver()
    assert house.there("One")["streams"] == [1, 12]
    assert house.waiting() == {}


def test_profiles_are_switched_for_many_channels_at_once(house: House) -> None:
    start(house, 100)
    for name in ("Kids", "All"):
        pk = house.world.insert("channel_profiles", {"id": 0, "name": name})["id"]
        house.world.memberships[pk] = {}
    house.pull()
    kids = ChannelProfile.objects.get(name="Kids")
    ProfileMembership.objects.bulk_create(ProfileMembership(profile=kids, channel=channel) for channel in Channel.objects.all())
    house.deliver()
    assert len(house.members("Kids")) == 100
    assert house.members("All") == set()
    assert len(writes(house)) == 2
    ProfileMembership.objects.filter(channel__name="One").delete()
    house.deliver()
    assert "One" not in house.members("Kids")
    assert house.pull().changed == 0


def test_channels_of_the_servers_auto_sync_get_overrides(house: House) -> None:
    auto = house.world.add_channel(
        "Auto", auto_created=True, auto_created_by=2, streams=[4], channel_number=700.0, tvg_id="auto.us"
    )
    start(house)
    channel = Channel.objects.get(name="Auto")
    Channel.objects.filter(pk=channel.pk).update(name="Mine", number=Decimal(9), guide_entry=house.entries[5])
    ChannelStream.objects.create(channel=channel, stream_id=house.streams[5], position=2)
    house.deliver()
    row = house.world.tables["channels"][auto]
    assert (row["name"], row["channel_number"], row["streams"]) == ("Auto", 700.0, [4, 5])
    assert (row["override"]["name"], row["override"]["channel_number"], row["override"]["epg_data_id"]) == ("Mine", 9.0, 5)
    assert 5 in house.world.loaded
    assert house.waiting() == {}
    assert house.pull().changed == 0
    Channel.objects.filter(pk=channel.pk).update(name="Auto")
    house.deliver()
    assert house.world.tables["channels"][auto]["override"]["name"] is None, "the provider's own name needs no override"


def test_what_a_provider_gives_cannot_be_emptied(house: House) -> None:
    house.world.add_channel("Auto", auto_created=True, auto_created_by=2, streams=[4], tvg_id="auto.us")
    start(house)
    Channel.objects.filter(name="Auto").update(tvg_id="")
    house.deliver()
    assert "can be replaced there, but not removed" in house.waiting()["channel"]
    assert "TVG-ID" in house.waiting()["channel"]


def test_what_bulk_calls_leave_out_is_sent_again_by_itself(house: House) -> None:
    """A version of the server that knows no hidden channels in its bulk call passes over the field without a word."""
    start(house, 5)
    house.world.bulk_ignores = {"hidden_from_output"}
    Channel.objects.filter(name="Two").update(is_hidden=True)
    house.deliver()
    assert house.there("Two")["hidden_from_output"] is True
    assert house.waiting() == {}


def test_the_servers_way_of_writing_a_name_becomes_ours(house: House) -> None:
    start(house)
    Channel.objects.filter(name="One").update(name="  Uno ")
    house.deliver()
    assert Channel.objects.filter(name="Uno").exists()
    assert house.waiting() == {}


def test_deleted_channels_go_together(house: House) -> None:
    start(house, 80)
    Channel.objects.exclude(name="One").delete()
    house.deliver()
    assert writes(house) == ["DELETE channels/bulk-delete/"]
    assert house.names_there() == ["One"]
    assert house.waiting() == {}


def test_streams_of_a_channel_are_written_one_after_the_other(house: House) -> None:
    """Two writes of one channel's streams at a time are a 500 there."""
    start(house)
    house.world.write_seconds = 0.05
    one = Channel.objects.get(name="One")
    ChannelStream.objects.create(channel=one, stream_id=house.streams[20], position=2)
    house.deliver()
    assert house.there("One")["streams"] == [1, 20]
    assert streams_of(one) == [house.streams[1], house.streams[20]]


def test_a_new_picture_becomes_a_logo_on_both_sides(house: House) -> None:
    start(house, 10)
    for channel in Channel.objects.all():
        Channel.objects.filter(pk=channel.pk).update(logo_url=f"http://logos.test/{channel.pk % 2}.png")
    house.deliver()
    assert sorted(row["url"] for row in house.world.tables["logos"].values()) == [
        "http://logos.test/0.png",
        "http://logos.test/1.png",
    ]
    assert house.waiting() == {}
    assert house.pull().changed == 0


def test_channels_that_are_made_and_deleted_here_never_reach_the_server(house: House) -> None:
    start(house)
    make_channel("Gone again", house.streams[8])
    Channel.objects.filter(name="Gone again").delete()
    house.deliver()
    assert writes(house) == []
    assert house.waiting() == {}
