"""The network tuner (30 §17, examples 105 and 106)."""

import json
from typing import Any

import pytest
from lxml import etree

from channels_app.publishing.tuner_identity import device_id, discover, friendly_name, has_valid_checksum, tuner_count
from channels_app.tests.lineup_fixtures import make_channel, make_entry, make_streams
from channels_app.tests.publish_fixtures import Published, add_programme, attribute, body, published
from m3u_app.models import Account, Stream

__all__ = ["published"]


def account(name: str, limit: int, **values: Any) -> Account:
    return Account.objects.create(name=name, max_streams=limit, **values)


@pytest.mark.parametrize(("limits", "expected"), [([2, 3], 5), ([2, 0], 10), ([], 1), ([1], 1)])
def test_example_105_tuners_are_what_providers_allow(db: None, limits: list[int], expected: int) -> None:
    for place, limit in enumerate(limits):
        account(f"A{place}", limit)
    assert tuner_count() == expected


def test_switched_off_providers_do_not_count_and_own_streams_do(db: None) -> None:
    account("off", 0, is_active=False)
    mine = account("mine", 2)
    own, spare, _provided = make_streams(["own", "spare", "provided"], account=mine)
    Stream.objects.filter(pk__in=[own.pk, spare.pk]).update(is_custom=True)
    make_channel("A", "1", streams=[own])
    make_channel("B", "2", streams=[own])
    assert tuner_count() == 3


def test_example_106_every_profile_is_a_device_of_its_own(settings: Any) -> None:
    assert device_id() != device_id("Kids")
    assert friendly_name() != friendly_name("Kids")
    assert friendly_name("Kids").endswith(" - Kids")
    first = device_id()
    settings.ECM_ENCRYPTION_KEY = "another install"
    assert device_id() != first


@pytest.mark.parametrize("profile", ["", "Kids", "Größe", "x" * 500])
def test_device_ids_are_stable_hex_with_a_valid_checksum(profile: str) -> None:
    found = device_id(profile)
    assert found == device_id(profile)
    assert len(found) == 8
    assert has_valid_checksum(found)
    assert not has_valid_checksum(f"{(int(found, 16) ^ 1):08X}")


@pytest.mark.parametrize("known", ["10311E10", "1038A145"])
def test_the_checksum_is_an_exclusive_or(known: str) -> None:
    """Whatever the body, exactly one last digit is right."""
    body_digits = int(known, 16) & ~0xF
    assert sum(has_valid_checksum(f"{body_digits | digit:08X}") for digit in range(16)) == 1


def test_discover_says_what_media_servers_want(db: None) -> None:
    assert discover("http://h:6100/hdhr") == {
        "FriendlyName": "ECM", "Manufacturer": "ECM", "ModelNumber": "HDTC-2US", "FirmwareName": "hdhomerun3_atsc",
        "FirmwareVersion": "20200101", "DeviceID": device_id(), "DeviceAuth": "ecm", "BaseURL": "http://h:6100/hdhr",
        "LineupURL": "http://h:6100/hdhr/lineup.json", "TunerCount": 1,
    }  # fmt: skip


@pytest.fixture
def lineup(published: Published) -> Published:
    streams = make_streams([str(place) for place in range(5)])
    entry = make_entry("e")
    make_channel('Two "quoted" <b>', "2.1", streams=streams[:1], tvg_id="two")
    make_channel("One", "1", streams=streams[1:2], tvg_id="one", guide_entry=entry)
    make_channel("One again", "1", streams=streams[2:3])
    make_channel("Unnumbered", None, streams=streams[3:4])
    add_programme(entry, "Film", begins=0)
    published.publish()
    return published


def test_the_lineup_has_unique_numbers_in_order(lineup: Published) -> None:
    answer = lineup.get("/hdhr/lineup.json", headers={"Host": "tv:6100"})
    assert answer["Content-Type"].startswith("application/json")
    found = json.loads(body(answer))
    assert [(line["GuideNumber"], line["GuideName"]) for line in found] == [("1", "One"), ("2.1", 'Two "quoted" <b>')]
    assert all(line["URL"].startswith("http://tv:6100/stream/") for line in found)


def test_the_lineup_as_xml_and_as_playlist_hold_the_same_channels(lineup: Published) -> None:
    xml = etree.fromstring(lineup.text("/hdhr/lineup.xml").encode())
    assert [one.findtext("GuideName") for one in xml] == ["One", 'Two "quoted" <b>']
    lines = lineup.lines("/hdhr/lineup.m3u")
    assert attribute(lines[0], "url-tvg") == "http://testserver/output/epg?tvg_id_source=channel_number"
    assert [attribute(line, "tvg-id") for line in lines if line.startswith("#EXTINF")] == ["1", "2.1"]


def test_the_guide_beside_the_tuner_joins_by_number(lineup: Published) -> None:
    numbers = [line["GuideNumber"] for line in json.loads(lineup.text("/hdhr/lineup.json"))]
    guide = lineup.guide("/output/epg?tvg_id_source=channel_number")
    assert set(numbers) <= {channel.get("id") for channel in guide.findall("channel")}
    assert [programme.get("channel") for programme in guide.findall("programme")] == ["1"]


def test_the_small_documents(lineup: Published) -> None:
    assert lineup.get("/hdhr/lineup_status.json").json() == {
        "ScanInProgress": 0, "ScanPossible": 0, "Source": "Cable", "SourceList": ["Cable"],
    }  # fmt: skip
    device = etree.fromstring(lineup.get("/hdhr/device.xml").content)
    names = {"d": "urn:schemas-upnp-org:device-1-0"}
    assert device.findtext("d:URLBase", namespaces=names) == "http://testserver/hdhr"
    assert device.findtext("d:device/d:serialNumber", namespaces=names) == device_id()
    assert device.findtext("d:device/d:UDN", namespaces=names).startswith("uuid:")
    for address in ("/hdhr", "/hdhr/", "/hdhr/discover.json"):
        assert lineup.get(address).json()["DeviceID"] == device_id()


@pytest.mark.parametrize(("query", "status"), [("?scan=start", 200), ("?scan=abort&source=Cable", 200), ("?scan=explode", 400)])
def test_a_scan_is_accepted_and_does_nothing(lineup: Published, query: str, status: int) -> None:
    assert lineup.client.post(f"/hdhr/lineup.post{query}").status_code == status
    assert lineup.get(f"/hdhr/lineup.post{query}").status_code == status
