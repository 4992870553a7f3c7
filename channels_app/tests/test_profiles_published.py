"""Every channel profile has a playlist, a guide and a tuner of its own."""

import json

import pytest
from django.contrib.auth.models import User

from channels_app.models import ChannelProfile, ProfileMembership
from channels_app.profiles.edit_profiles import rename_profile
from channels_app.profiles.set_memberships import set_memberships
from channels_app.tests.lineup_fixtures import make_channel, make_entry, make_streams
from channels_app.tests.publish_fixtures import Published, add_programme, attribute, body, change, published

__all__ = ["published"]


@pytest.fixture
def kids(published: Published) -> ChannelProfile:
    profile = ChannelProfile.objects.create(name="Kids & Co")
    for place, name in enumerate("ABC", 1):
        entry = make_entry(f"{name}.uk")
        add_programme(entry, f"On {name}", begins=1)
        channel = make_channel(name, str(place), streams=make_streams([name]), tvg_id=f"{name}.uk", guide_entry=entry)
        if name != "B":
            ProfileMembership.objects.create(profile=profile, channel=channel)
    ChannelProfile.objects.create(name="Empty")
    published.publish()
    return profile


def names(lines: list[str]) -> list[str | None]:
    return [attribute(line, "tvg-name") for line in lines]


@pytest.mark.usefixtures("kids")
def test_playlist_and_guide_hold_only_its_channels(published: Published) -> None:
    assert names(published.infos()) == ["A", "B", "C"]
    lines = published.lines("/output/m3u/Kids%20%26%20Co")
    assert names([line for line in lines if line.startswith("#EXTINF")]) == ["A", "C"]
    assert 'url-tvg="http://testserver/output/epg/Kids%20%26%20Co"' in lines[0]
    assert published.titles("/output/epg/kids%20%26%20co") == ["On A", "On C"]
    assert published.infos("/output/m3u/empty") == []
    assert published.titles("/output/epg/empty") == []


@pytest.mark.usefixtures("kids")
def test_options_narrow_a_profile_further(published: Published) -> None:
    line = published.infos("/output/m3u/Kids%20%26%20Co?tvg_id_source=channel_number")[0]
    assert attribute(line, "tvg-id") == "1"
    assert published.get("/output/m3u/Kids%20%26%20Co?group=Nope").status_code == 400


@pytest.mark.usefixtures("kids")
def test_its_tuner_is_a_device_of_its_own(published: Published) -> None:
    whole = json.loads(published.text("/hdhr/discover.json"))
    own = json.loads(published.text("/hdhr/Kids%20%26%20Co/discover.json"))
    assert own["DeviceID"] != whole["DeviceID"]
    assert own["FriendlyName"] == "ECM - Kids & Co"
    assert own["BaseURL"] == "http://testserver/hdhr/Kids%20%26%20Co"
    lineup = json.loads(published.text(own["LineupURL"].removeprefix("http://testserver")))
    assert [line["GuideName"] for line in lineup] == ["A", "C"]
    assert published.text("/hdhr/Kids%20%26%20Co/lineup.xml").count("<Program>") == 2
    playlist = published.text("/hdhr/Kids%20%26%20Co/lineup.m3u")
    assert playlist.count("#EXTINF") == 2
    assert "/output/epg/Kids%20%26%20Co?tvg_id_source=channel_number" in playlist
    assert "Kids &amp; Co" in published.text("/hdhr/Kids%20%26%20Co/device.xml")
    assert published.get("/hdhr/Kids%20%26%20Co/lineup_status.json").status_code == 200
    assert published.client.post("/hdhr/Kids%20%26%20Co/lineup.post?scan=start").status_code == 200


def test_changes_and_new_names_are_published_with_the_next_generation(published: Published, kids: ChannelProfile) -> None:
    assert len(published.infos("/output/m3u/Kids%20%26%20Co")) == 2
    channels = [membership.channel_id for membership in ProfileMembership.objects.filter(profile=kids)]
    set_memberships(channels[:1], disable=[kids.pk])
    published.publish()
    assert names(published.infos("/output/m3u/Kids%20%26%20Co")) == ["C"]
    rename_profile(kids.pk, "Small ones")
    published.publish()
    assert names(published.infos("/output/m3u/small%20ones")) == ["C"]
    gone = published.get("/output/m3u/Kids%20%26%20Co")
    assert (gone.status_code, body(gone).decode()) == (404, "There is no output profile “Kids & Co”.\n")


@pytest.mark.usefixtures("kids")
def test_access_rules_count_for_profiles_too(published: Published) -> None:
    change(output_access="token")
    for address in ("/output/m3u/empty", "/output/epg/empty", "/hdhr/empty/lineup.json"):
        assert published.get(address).status_code == 403


@pytest.mark.usefixtures("kids")
def test_the_publishing_page_lists_the_addresses_of_each_profile(published: Published) -> None:
    published.client.force_login(User.objects.create_user("alice"))
    page = published.text("/publishing/")
    for address in ("/output/m3u/Kids%20%26%20Co", "/output/epg/Kids%20%26%20Co", "/hdhr/Kids%20%26%20Co"):
        assert f'value="http://testserver{address}"' in page
