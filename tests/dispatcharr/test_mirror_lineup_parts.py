"""Groups, logos, channel profiles and stream profiles between here and the server, with the server's own rules for each."""

from pathlib import Path

import pytest

from channels_app.commands import DeleteGroups
from channels_app.groups.remove_groups import remove_groups
from channels_app.logos.edit_logos import delete_logos, edit_logo, upload_logo
from channels_app.models import Channel, ChannelGroup, ChannelProfile, Logo, ProfileMembership, StreamProfile
from channels_app.tests.logo_fixtures import png
from tasks_app.models import CreationAttempt, JournalEntry, MirrorLink, OutboxEntry
from tests.dispatcharr.lineup_house import House, make_channel
from tests.fake_dispatcharr import Kind

pytestmark = pytest.mark.django_db

PROFILES, STREAM_PROFILES = "/api/channels/profiles/", "/api/core/streamprofiles/"


@pytest.fixture
def ready(house: House) -> House:
    house.pull()
    house.fake.calls.clear()
    return house


def names(house: House, table: str) -> list[str]:
    return [row["name"] for row in house.world.tables[table].values()]


def agree(house: House) -> None:
    assert house.waiting() == {}
    assert not CreationAttempt.objects.exists()
    assert house.pull().changed == 0


# Groups


def test_a_group_is_made_renamed_and_deleted_there(ready: House) -> None:
    group = ChannelGroup.objects.create(name="Sports")
    ready.deliver()
    assert "Sports" in names(ready, "groups")
    ChannelGroup.objects.filter(pk=group.pk).update(name="Sport")
    ready.deliver()
    assert "Sport" in names(ready, "groups")
    assert "Sports" not in names(ready, "groups")
    agree(ready)
    group.delete()
    ready.deliver()
    assert "Sport" not in names(ready, "groups")
    agree(ready)


def test_a_group_that_providers_have_already_is_taken_and_given_back(ready: House) -> None:
    provider = ready.group_there("US | Sports 0")
    group = ChannelGroup.objects.create(name="US | Sports 0")
    ready.deliver()
    assert MirrorLink.objects.get(kind="group").remote_id == provider
    assert ready.calls("POST", "/groups/") == 0
    group.delete()
    ready.deliver()
    assert provider in ready.world.tables["groups"], "its streams would lose it, and the next refresh would bring it back"
    agree(ready)
    assert not ChannelGroup.objects.exists()


def test_a_group_with_channels_there_cannot_be_deleted(ready: House) -> None:
    group = ChannelGroup.objects.create(name="Sports")
    ready.deliver()
    ready.world.add_channel("Somebody’s", channel_group_id=ready.group_there("Sports"))
    remove_groups(DeleteGroups((group.pk,)))
    ready.deliver()
    [entry] = OutboxEntry.objects.all()
    assert "there is 1 channel in the group “Sports”" in entry.reason
    assert "Sports" in names(ready, "groups")


def test_channels_leave_a_group_before_it_goes(ready: House) -> None:
    group = ChannelGroup.objects.create(name="Sports")
    make_channel("A", ready.streams[5], group=group)
    ready.deliver()
    remove_groups(DeleteGroups((group.pk,)))
    ready.deliver()
    assert "Sports" not in names(ready, "groups")
    assert ready.there("A")["channel_group_id"] == ready.group_there("Default Group")
    agree(ready)


def test_a_name_that_a_provider_has_is_told_when_it_is_in_the_way(ready: House) -> None:
    group = ChannelGroup.objects.create(name="Sports")
    ready.deliver()
    ChannelGroup.objects.filter(pk=group.pk).update(name="US | Sports 0")
    ready.deliver()
    [entry] = OutboxEntry.objects.all()
    assert entry.state == "parked"
    assert "Groups of providers count as well" in entry.reason


def test_two_groups_can_change_names_with_each_other(ready: House) -> None:
    one, two = ready.world.add_group("One"), ready.world.add_group("Two")
    ready.pull()
    ready.world.change("groups", one, name="Two")
    ready.world.change("groups", two, name="One")
    ready.pull()
    links = MirrorLink.objects.filter(kind="group")
    found = {link.remote_id: ChannelGroup.objects.get(pk=link.local_id).name for link in links}
    assert found == {one: "Two", two: "One"}
    agree(ready)


def test_a_default_group_of_our_own_is_the_servers(ready: House) -> None:
    group = ChannelGroup.objects.create(name="Default Group")
    Channel.objects.filter(name="One").update(group=group)
    ready.deliver()
    assert MirrorLink.objects.get(kind="group").remote_id == ready.group_there("Default Group")
    assert ready.waiting() == {}
    ready.pull()
    assert set(Channel.objects.values_list("group", flat=True)) == {group.pk}, "that is where the server has them all"
    agree(ready)


@pytest.mark.parametrize("fault", [Kind.RESET_AFTER, Kind.RESET_BEFORE])
def test_a_lost_answer_makes_no_second_group(ready: House, fault: Kind) -> None:
    ChannelGroup.objects.create(name="Sports")
    ready.fake.faults.order(fault, method="POST", path="groups/$")
    ready.deliver()
    ready.pull()
    ready.deliver()
    assert names(ready, "groups").count("Sports") == 1
    agree(ready)


# Logos


def test_a_logo_lives_and_dies_there(ready: House) -> None:
    logo = Logo.objects.create(name="ESPN", url="http://logos.test/espn.png")
    ready.deliver()
    edit_logo(logo.pk, "ESPN US", "http://logos.test/espn-us.png")
    ready.deliver()
    [row] = ready.world.tables["logos"].values()
    assert (row["name"], row["url"]) == ("ESPN US", "http://logos.test/espn-us.png")
    agree(ready)
    delete_logos([logo.pk])
    ready.deliver()
    assert not ready.world.tables["logos"]
    agree(ready)


def test_channels_follow_a_logo_to_its_new_address(ready: House) -> None:
    Channel.objects.filter(name="One").update(logo_url="http://logos.test/a.png")
    ready.deliver()
    edit_logo(Logo.objects.get().pk, "A", "http://logos.test/b.png")
    ready.deliver()
    [row] = ready.world.tables["logos"].values()
    assert row["url"] == "http://logos.test/b.png"
    assert ready.there("One")["logo_id"] == row["id"]
    agree(ready)
    ready.world.change("logos", row["id"], url="http://logos.test/c.png")
    ready.pull()
    assert Channel.objects.get(name="One").logo_url == "http://logos.test/c.png"


def test_an_uploaded_picture_is_uploaded_there(ready: House) -> None:
    logo, _ = upload_logo(png(), "espn.png")
    Channel.objects.filter(name="One").update(logo_url=logo.url)
    ready.deliver()
    [row] = ready.world.tables["logos"].values()
    assert row["url"] == f"/data{logo.url}"
    assert ready.there("One")["logo_id"] == row["id"]
    agree(ready)
    assert Channel.objects.get(name="One").logo_url == logo.url, "shown from here, as before"


def test_a_logo_can_become_an_uploaded_picture(ready: House) -> None:
    logo = Logo.objects.create(name="A", url="http://logos.test/a.png")
    ready.deliver()
    uploaded, _ = upload_logo(png(), "b.png")
    url = uploaded.url
    uploaded.delete()
    edit_logo(logo.pk, "A", url)
    ready.deliver()
    [row] = ready.world.tables["logos"].values()
    assert row["url"] == f"/data{url}"
    agree(ready)


def test_an_uploaded_picture_whose_file_is_gone_is_told(ready: House, settings: object) -> None:
    logo, _ = upload_logo(png(), "espn.png")
    for path in Path(settings.UPLOAD_DIR).rglob("*.png"):  # type: ignore[attr-defined]
        path.unlink()
    ready.deliver()
    [entry] = OutboxEntry.objects.all()
    assert (entry.local_id, entry.state) == (logo.pk, "parked")
    assert "gone from the data folder" in entry.reason


def test_an_address_that_the_server_knows_is_the_same_logo(ready: House) -> None:
    there = ready.world.insert("logos", {"id": 0, "name": "Theirs", "url": "http://logos.test/a.png"})["id"]
    Logo.objects.create(name="Mine", url="http://logos.test/a.png")
    ready.deliver()
    assert MirrorLink.objects.get(kind="logo").remote_id == there
    assert len(ready.world.tables["logos"]) == 1


def test_many_logos_go_together(ready: House) -> None:
    logos = [Logo.objects.create(name=f"L{number}", url=f"http://logos.test/{number}.png") for number in range(20)]
    ready.deliver()
    ready.fake.calls.clear()
    delete_logos([logo.pk for logo in logos])
    ready.deliver()
    assert ready.calls("DELETE", "/logos/bulk-delete/") == 1
    agree(ready)


# Channel profiles


def test_a_new_profile_holds_what_it_holds_here(ready: House) -> None:
    """The server puts every channel into a new profile."""
    kids = ChannelProfile.objects.create(name="Kids")
    ProfileMembership.objects.create(profile=kids, channel=Channel.objects.get(name="Two"))
    ready.deliver()
    assert ready.members("Kids") == {"Two"}
    agree(ready)
    assert list(kids.memberships.values_list("channel__name", flat=True)) == ["Two"]


@pytest.mark.parametrize("fault", [Kind.RESET_AFTER, Kind.RESET_BEFORE])
@pytest.mark.parametrize("path", ["profiles/$", "profiles/1/channels/bulk-update", "channels/ids/"])
def test_a_profile_that_was_only_half_made_is_finished_before_anybody_looks(ready: House, fault: Kind, path: str) -> None:
    kids = ChannelProfile.objects.create(name="Kids")
    ProfileMembership.objects.create(profile=kids, channel=Channel.objects.get(name="Two"))
    ready.fake.faults.order(fault, path=path, times=9 if "POST" not in path else 1)
    ready.deliver()
    ready.fake.faults.clear()
    ready.pull()
    assert list(kids.memberships.values_list("channel__name", flat=True)) == ["Two"]
    ready.deliver()
    assert ready.members("Kids") == {"Two"}
    assert names(ready, "channel_profiles") == ["Kids"]
    agree(ready)


def test_profiles_are_renamed_and_deleted_there(ready: House) -> None:
    kids = ChannelProfile.objects.create(name="Kids")
    ready.deliver()
    ChannelProfile.objects.filter(pk=kids.pk).update(name="Family")
    ready.deliver()
    assert names(ready, "channel_profiles") == ["Family"]
    kids.delete()
    ready.deliver()
    assert names(ready, "channel_profiles") == []
    agree(ready)


# Stream profiles


def test_a_stream_profile_lives_and_dies_there(ready: House) -> None:
    mine = StreamProfile.objects.create(name="Mine", command="ffmpeg", parameters="-i {streamUrl}")
    Channel.objects.filter(name="One").update(stream_profile=mine)
    ready.deliver()
    made = next(row for row in ready.world.tables["stream_profiles"].values() if row["name"] == "Mine")
    assert ready.there("One")["stream_profile_id"] == made["id"]
    StreamProfile.objects.filter(pk=mine.pk).update(is_active=False)
    ready.deliver()
    assert made["is_active"] is False
    agree(ready)
    mine.delete()
    ready.deliver()
    assert "Mine" not in names(ready, "stream_profiles")
    agree(ready)


def test_locked_stream_profiles_are_never_sent(ready: House) -> None:
    locked = StreamProfile.objects.get(name="ffmpeg")
    assert locked.locked
    StreamProfile.objects.filter(pk=locked.pk).update(command="mine")
    StreamProfile.objects.get(name="Redirect").delete()
    ready.deliver()
    assert all("belongs to Dispatcharr" in entry.reason for entry in OutboxEntry.objects.all())
    assert OutboxEntry.objects.count() == 2
    assert [call for call in ready.fake.calls if call.method != "GET"] == []


@pytest.mark.parametrize("fault", [Kind.RESET_AFTER, Kind.RESET_BEFORE, Kind.HALF_ANSWER])
def test_a_lost_answer_makes_no_second_stream_profile(ready: House, fault: Kind) -> None:
    """Names are not unique there."""
    StreamProfile.objects.create(name="Mine", command="ffmpeg")
    ready.fake.faults.order(fault, method="POST", path=STREAM_PROFILES)
    ready.deliver()
    ready.pull()
    ready.deliver()
    assert names(ready, "stream_profiles").count("Mine") == 1
    assert StreamProfile.objects.filter(name__startswith="Mine").count() == 1
    agree(ready)


# Journal and undo


def test_what_a_pull_did_can_be_undone(ready: House) -> None:
    from tasks_app.undo import undo_entry

    ready.world.change("channels", 1, name="Theirs")
    ready.pull()
    entry = JournalEntry.objects.filter(category="channel", action_type="sync", entity_name="One").get()
    undo_entry(entry)
    assert Channel.objects.filter(name="One").exists()
    ready.deliver()
    assert ready.there("One")["id"] == 1


def test_a_channel_that_the_server_deleted_can_be_brought_back(ready: House) -> None:
    from tasks_app.undo import undo_entry

    ready.world.remove("channels", 1)
    ready.pull()
    assert not Channel.objects.filter(name="One").exists()
    undo_entry(JournalEntry.objects.filter(action_type="sync", entity_name="One").latest("pk"))
    ready.deliver()
    assert ready.there("One")["streams"] == [1]
    agree(ready)
