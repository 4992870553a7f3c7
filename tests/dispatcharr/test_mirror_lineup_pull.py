"""The server's lineup becomes ours: channels with streams, groups, logos, profiles (10 §14.6)."""

from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels_app.models import Channel, ChannelGroup, ChannelProfile, Logo, StreamProfile
from m3u_app.models import Account
from tasks_app.models import MirrorLink, OutboxEntry
from tests.dispatcharr.lineup_house import House, streams_of

pytestmark = pytest.mark.django_db


def test_a_channel_comes_over_with_everything_it_has(house: House) -> None:
    world = house.world
    logo = world.insert("logos", {"id": 0, "name": "ESPN", "url": "http://logos.test/espn.png"})["id"]
    profile = world.insert("channel_profiles", {"id": 0, "name": "Kids"})["id"]
    world.memberships[profile] = {1: True, 2: False}
    pk = world.add_channel(
        "ESPN",
        channel_number=4.1,
        channel_group_id=world.add_group("Sports"),
        tvg_id="ESPN.us",
        tvc_guide_stationid="12345",
        logo_id=logo,
        epg_data_id=3,
        stream_profile_id=2,
        hidden_from_output=True,
        streams=[7, 3, 5],
    )
    house.pull()
    channel = Channel.objects.select_related("group", "stream_profile").get(name="ESPN")
    assert channel.number == Decimal("4.1")
    assert channel.group is not None
    assert channel.stream_profile is not None
    assert (channel.group.name, channel.stream_profile.name) == ("Sports", "streamlink")
    assert (channel.tvg_id, channel.gracenote_id, channel.logo_url) == ("ESPN.us", "12345", "http://logos.test/espn.png")
    assert (channel.guide_entry_id, channel.is_hidden) == (house.entries[3], True)
    assert streams_of(channel) == [house.streams[number] for number in (7, 3, 5)]
    assert channel.uuid == UUID(world.tables["channels"][pk]["uuid"])
    kids = ChannelProfile.objects.get(name="Kids")
    assert set(kids.memberships.values_list("channel__name", flat=True)) == {"ESPN", "One"}
    assert MirrorLink.objects.get(kind="channel", local_id=channel.pk).remote_id == pk
    assert not OutboxEntry.objects.exists()


def test_a_second_pull_finds_everything_as_it_is(house: House) -> None:
    house.pull()
    stamps = list(Channel.objects.values_list("pk", "updated_at"))
    report = house.pull()
    assert report.changed == 0
    assert list(Channel.objects.values_list("pk", "updated_at")) == stamps


def test_changes_of_the_server_follow(house: House) -> None:
    house.pull()
    house.world.change(
        "channels", 1, name="First", streams=[4, 2], channel_number=None, channel_group_id=house.world.add_group("New")
    )
    house.world.remove("channels", 2)
    house.pull()
    first = Channel.objects.select_related("group").get(name="First")
    assert first.group is not None
    assert (first.number, first.group.name) == (None, "New")
    assert streams_of(first) == [house.streams[4], house.streams[2]]
    assert not Channel.objects.filter(name="Two").exists()


def test_channels_without_a_group_have_none_here(house: House) -> None:
    house.pull()
    assert set(Channel.objects.values_list("name", "group")) == {("One", None), ("Two", None), ("Three", None)}
    assert not ChannelGroup.objects.filter(name="Default Group").exists()


def test_groups_of_providers_join_the_lineup_with_their_first_channel(house: House) -> None:
    house.pull()
    assert not ChannelGroup.objects.exists()
    provider = house.group_there("US | Sports 0")
    house.world.change("channels", 1, channel_group_id=provider)
    house.pull()
    assert [group.name for group in ChannelGroup.objects.all()] == ["US | Sports 0"]
    house.world.change("channels", 1, channel_group_id=house.world.add_group("Default Group"))
    house.pull()
    assert ChannelGroup.objects.count() == 1, "once it is one of ours, it stays"


def test_a_group_that_only_an_override_names_comes_along(house: House) -> None:
    provider = house.group_there("US | Sports 0")
    override = {"channel_group_id": provider, "name": "Mine", "channel_number": None}
    house.world.add_channel("Auto", auto_created=True, auto_created_by=2, streams=[4], tvg_id="auto", override=override)
    house.pull()
    channel = Channel.objects.select_related("group").get(name="Mine")
    assert channel.group is not None
    assert (channel.group.name, channel.tvg_id, channel.auto_created) == ("US | Sports 0", "auto", True)
    assert channel.auto_created_by == Account.objects.get(name="Base")
    assert channel.pinned_fields == ["group_id", "name"], "what was set by hand there shows as such here"
    house.world.change("channels", 4, override=None)
    house.pull()
    channel.refresh_from_db()
    assert (channel.name, channel.pinned_fields) == ("Auto", [])


def test_names_that_only_differ_in_case_are_told_apart_here_alone(house: House) -> None:
    first, second = house.world.add_group("Sport"), house.world.add_group("sport")
    house.world.change("channels", 1, channel_group_id=second)
    for name in ("kids", "KIDS"):
        pk = house.world.insert("channel_profiles", {"id": 0, "name": name})["id"]
        house.world.memberships[pk] = {}
    for _ in range(2):
        profile = {"id": 0, "name": "My ffmpeg", "command": "ffmpeg", "parameters": "", "is_active": True}
        house.world.insert("stream_profiles", profile | {"user_agent": None, "locked": False})
    house.pull()
    assert sorted(ChannelGroup.objects.values_list("name", flat=True)) == ["Sport", f"sport (#{second})"]
    assert StreamProfile.objects.filter(name__startswith="My ffmpeg").count() == 2
    group = ChannelGroup.objects.get(name=f"sport (#{second})")
    ChannelGroup.objects.filter(pk=group.pk).update(name="sport (#x)")
    ChannelGroup.objects.filter(pk=group.pk).update(name=group.name)  # an edit that was taken back
    house.deliver()
    assert house.pull().changed == 0
    assert house.world.tables["groups"][second]["name"] == "sport"
    assert house.world.tables["groups"][first]["name"] == "Sport"
    assert not OutboxEntry.objects.exists()


def test_a_name_that_was_told_apart_can_be_given_another_one(house: House) -> None:
    house.world.add_group("Sport")
    second = house.world.add_group("sport")
    house.pull()
    ChannelGroup.objects.filter(name=f"sport (#{second})").update(name="Other sport")
    house.deliver()
    assert house.world.tables["groups"][second]["name"] == "Other sport"
    assert house.pull().changed == 0


def test_streams_that_are_not_known_here_are_left_out_and_stay_there(house: House) -> None:
    house.world.change("channels", 1, streams=[1, 2, 3, 4])
    for unknown in (2, 4):
        del house.streams[unknown]
    house.pull()
    channel = Channel.objects.get(name="One")
    assert streams_of(channel) == [house.streams[1], house.streams[3]]
    channel.channel_streams.filter(stream_id=house.streams[1]).update(position=9)
    house.deliver()
    assert house.there("One")["streams"] == [3, 2, 1, 4]
    assert house.waiting() == {}


def test_pictures_that_were_uploaded_there_are_shown_from_there(house: House) -> None:
    logo = house.world.insert("logos", {"id": 0, "name": "Up", "url": "/data/logos/my logo.png"})["id"]
    house.world.change("channels", 1, logo_id=logo)
    house.pull()
    address = f"{house.fake.url}/api/channels/logos/{logo}/cache/"
    assert Channel.objects.get(name="One").logo_url == address
    assert Logo.objects.get().url == address


def test_numbers_are_the_same_after_the_way_there_and_back(house: House) -> None:
    numbers = [0.1, 4.1, 38.1, 99999999.9999, 1000.5, 2.675, 7.0]
    for number in numbers:
        house.world.add_channel(f"C{number}", channel_number=number)
    house.pull()
    found = {channel.name: channel.number for channel in Channel.objects.all()}
    assert all(found[f"C{number}"] == Decimal(repr(number)) for number in numbers)
    Channel.objects.update(number=None)
    house.deliver()
    assert {row["channel_number"] for row in house.world.tables["channels"].values()} == {None}
    for name, number in found.items():
        Channel.objects.filter(name=name).update(number=number)
    house.deliver()
    assert [house.there(f"C{number}")["channel_number"] for number in numbers] == numbers


def test_queries_do_not_grow_with_channels_and_streams(house: House) -> None:
    def queries_of_a_pull() -> int:
        with CaptureQueriesContext(
            connection,
        ) as context:
            house.pull()
        return len(context)

    def add(count: int) -> None:
        for number in range(count):
            house.world.add_channel(f"N{number}", streams=list(range(1, 30)))

    add(5)
    few = queries_of_a_pull()
    add(300)
    assert queries_of_a_pull() <= few + 10
    assert Channel.objects.count() == 308
