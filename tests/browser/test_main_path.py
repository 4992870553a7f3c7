"""The main job, once from end to end with the real server, the real worker and a real browser:
setup → wizard → demo → whole stream groups to channels → published by itself → what players fetch.

One newcomer walks the way for all browser tests; these look at what came out of it."""

import gzip
import re
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ecm_site.demo.playlist import harbour_playlist, northlight_playlist
from m3u_app.tests.reading import read
from tests.browser.newcomer import GROUPS, PUBLISH_SECONDS, Walk

pytestmark = [pytest.mark.browser, pytest.mark.processes]


def test_the_preview_promised_what_was_made(walk: Walk) -> None:
    made = walk.open_manager()
    assert made
    assert sorted(made, key=lambda channel: channel.name) == sorted(walk.preview, key=lambda channel: channel.name)
    assert {channel.group for channel in made} <= set(GROUPS.values())
    assert {"News", "Kids"} <= {channel.group for channel in made}
    numbers = [Decimal(channel.number) for channel in made]
    assert len(set(numbers)) == len(numbers)
    assert min(numbers) == 101
    assert {channel.number for channel in made if channel.group == "Kids"} == {"200.5", "200.6", "200.7"}
    assert walk.tab.complaints == []


def test_the_same_channel_of_two_providers_became_one(walk: Walk) -> None:
    redwood = next(channel for channel in walk.preview if channel.name == "Redwood News")
    addresses = {source_of(stream).partition("/")[0] for stream in redwood.streams}
    assert addresses == {"tv.northlight.invalid", "cdn.harbour.invalid:8080"}
    used = [stream for channel in walk.preview for stream in channel.streams]
    assert len(set(used)) == len(used), "a stream on two channels"


def test_the_published_playlist_contains_exactly_the_channels(walk: Walk) -> None:
    channels = walk.open_manager()
    entries = walk.published(lambda found: len(found) == len(channels), "publishing")
    as_shown = {(entry.attributes["tvg-chno"], entry.name, entry.attributes["group-title"]) for entry in entries}
    assert as_shown == {(channel.number, channel.name, channel.group) for channel in channels}
    numbers = [Decimal(entry.attributes["tvg-chno"]) for entry in entries]
    assert numbers == sorted(numbers)
    assert len({entry.url for entry in entries}) == len(entries)
    assert all(entry.url.startswith(f"{walk.base}/stream/") for entry in entries)

    # our own reader sees the same as the small one
    ours = read(walk.fetch("/output/m3u")).entries
    assert [(entry.name, entry.url, entry.tvg_id) for entry in ours] == [
        (entry.name, entry.url, entry.attributes["tvg-id"]) for entry in entries
    ]
    assert [entry.group for entry in ours] == [entry.attributes["group-title"] for entry in entries]


def test_catch_up_that_came_in_goes_out(walk: Walk) -> None:
    entries = walk.published(bool, "publishing")
    redwood = next(entry for entry in entries if entry.name == "Redwood News")
    assert redwood.attributes["catchup"] == "default"
    assert redwood.attributes["catchup-days"] == "2"


def test_the_published_guide_tells_what_is_on_now(walk: Walk) -> None:
    entries = walk.published(bool, "publishing")
    now = datetime.now(UTC)
    walk.server.wait_for(lambda: "<programme" in walk.fetch("/output/epg"), "programmes in the guide", PUBLISH_SECONDS)
    guide = ElementTree.fromstring(walk.fetch("/output/epg"))
    listed = {channel.get("id"): [name.text for name in channel.iter("display-name")] for channel in guide.iter("channel")}
    assert {entry.attributes["tvg-id"] for entry in entries} == set(listed)
    assert all(entry.name in listed[entry.attributes["tvg-id"]] for entry in entries)  # several channels may share an id
    current: dict[str, list[str]] = {}
    for programme in guide.iter("programme"):
        start, stop = (datetime.strptime(programme.get(edge, ""), "%Y%m%d%H%M%S %z") for edge in ("start", "stop"))
        assert start < stop
        if start <= now < stop:
            current.setdefault(programme.get("channel", ""), []).append(programme.findtext("title", ""))
    with_guide = {entry.attributes["tvg-id"] for entry in entries} & _GUIDE_IDS
    assert len(with_guide) >= len(GROUPS)
    assert set(current) == with_guide, "channels without a current programme"
    assert all(len(titles) == 1 and titles[0] for titles in current.values())
    for path in ("/output/epg.xml", "/output/epg.xml.gz"):
        with walk.player as player:
            body = player.get(path).raise_for_status().content
        assert ElementTree.fromstring(gzip.decompress(body) if path.endswith(".gz") else body).find("programme") is not None


def test_the_tuner_lists_the_same_channels(walk: Walk) -> None:
    entries = walk.published(bool, "publishing")
    with walk.player as player:
        device = player.get("/hdhr/discover.json").raise_for_status().json()
        lineup = player.get(device["LineupURL"]).raise_for_status().json()
        state = player.get("/hdhr/lineup_status.json").raise_for_status().json()
        description = player.get("/hdhr/device.xml").raise_for_status().text
    assert device["BaseURL"] == f"{walk.base}/hdhr"
    assert re.fullmatch(r"[0-9A-F]{8}", device["DeviceID"])
    assert device["TunerCount"] > 0
    assert [(row["GuideNumber"], row["GuideName"], row["URL"]) for row in lineup] == [
        (entry.attributes["tvg-chno"], entry.name, entry.url) for entry in entries
    ]
    assert state["ScanInProgress"] == 0
    assert device["DeviceID"] in description


def test_a_player_is_sent_to_the_first_stream_of_the_channel(walk: Walk) -> None:
    entries = {entry.name: entry for entry in walk.published(bool, "publishing")}
    for channel in walk.open_manager():
        with walk.player as player:
            answer = player.get(entries[channel.name].url)
        assert answer.status_code in (302, 303, 307), channel.name
        assert answer.headers["Location"] == f"http://{source_of(channel.streams[0])}"


def test_the_dashboard_tells_what_is_published(walk: Walk) -> None:
    entries = walk.published(bool, "publishing")
    walk.tab.goto(walk.base)
    walk.tab.get_by_text(f"{len(entries)} channels,").wait_for()
    assert walk.tab.complaints == []


def test_unchanged_files_are_not_sent_again(walk: Walk) -> None:
    walk.published(bool, "publishing")
    with walk.player as player:
        for path in ("/output/m3u", "/output/epg", "/hdhr/lineup.json"):
            first = player.get(path)
            assert player.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304, path


def test_a_channel_is_renamed_in_its_row_and_the_journal_takes_it_back(walk: Walk) -> None:
    tab, old, new = walk.tab, "Kiddo", 'Kiddo & <b>Co</b> "HD", Süd'
    before = walk.open_manager()
    walk.row(old).get_by_role("link", name=old, exact=True).focus()
    tab.keyboard.press("F2")
    tab.get_by_label("Channel name").fill(new)
    tab.keyboard.press("Enter")
    walk.row(new).wait_for()
    entries = walk.published(lambda found: old not in {entry.name for entry in found}, "publishing the new name")
    assert len(entries) == len(before)
    renamed = next(entry for entry in entries if entry.name.startswith("Kiddo"))
    assert renamed.attributes["tvg-chno"] == "200.5"
    # A quote inside an attribute would end it for players; everything else arrives as it was typed.
    assert renamed.name.replace("'", '"') == new
    guide = ElementTree.fromstring(walk.fetch("/output/epg"))
    assert new in {name.text for name in guide.iter("display-name")}

    tab.goto(f"{walk.base}/journal/")
    row = tab.get_by_role("article").filter(has_text=new).first
    row.get_by_role("link", name="Undo").click()
    dialog = tab.get_by_role("dialog")
    dialog.get_by_role("button", name="Undo").click()
    dialog.wait_for(state="hidden")
    tab.get_by_role("article").filter(has_text=new).filter(has_text="Undone").wait_for()
    walk.published(lambda found: old in {entry.name for entry in found}, "publishing the old name")
    assert walk.open_manager() == before
    assert tab.complaints == []


_PLAYLISTS = (northlight_playlist(), harbour_playlist())
_GUIDE_IDS = {found for playlist in _PLAYLISTS for found in re.findall(r'tvg-id="([^"]+)"', playlist)}
_SOURCES: dict[str, str] = {
    " ".join(name.split()): address  # as a browser shows it
    for playlist in _PLAYLISTS
    for name, address in re.findall(r",([^\n]*)\n(?:#EXTVLCOPT[^\n]*\n)*http://(\S+)", playlist)
}


def source_of(stream: str) -> str:
    """The address of a demo stream, without its scheme, from the demo's own playlists."""
    return _SOURCES[stream]
