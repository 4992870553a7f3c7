"""The published playlist (30 §16.2, examples 90–94 and 97)."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_app.publishing.lineup_rows import LineupChannel, pass_through
from channels_app.publishing.playlist_text import header_line, playlist_lines
from channels_app.tests.lineup_fixtures import make_channel, make_group, make_streams
from channels_app.tests.publish_fixtures import Published, attribute, published
from m3u_app.tests.reading import read, read_lines

__all__ = ["published"]

CHANNEL = LineupChannel(
    id=88, uuid="11111111-1111-4111-8111-111111111111", name="ESPN", number="206", group="Sports", tvg_id="espn.us",
    station_id="32645", logo_url="https://x/e.png", entry_id=0, stream_url="http://p.example/live/joe/s3cret/1.ts",
    is_radio=False, catchup_days=0, attributes={}, headers={}, vlc_opts=[], kodi_props=[],
)  # fmt: skip


def lines_of(*, source: str = "tvg_id", direct: bool = False, **changes: Any) -> list[str]:
    return "".join(playlist_lines([CHANNEL._replace(**changes)], source, direct=direct)).splitlines()


def test_example_90_attributes_stand_in_their_order() -> None:
    assert lines_of() == [
        '#EXTINF:-1 tvg-id="espn.us" tvg-name="ESPN" tvg-logo="https://x/e.png" tvg-chno="206" '
        'tvc-guide-stationid="32645" group-title="Sports",ESPN',
        "\0/stream/11111111-1111-4111-8111-111111111111",
    ]


def test_example_91_numbers_are_written_without_needless_decimals(published: Published) -> None:
    streams = make_streams(["A", "B", "C"])
    for name, number, stream in zip("ABC", ("5.0", "5.1", None), streams, strict=True):
        make_channel(name, number, streams=[stream])
    published.publish()
    assert [attribute(line, "tvg-chno") for line in published.infos()] == ["5", "5.1", None]


def test_example_92_quotes_become_apostrophes_inside_attributes_only() -> None:
    line = lines_of(name='Ch "A" & <B>')[0]
    assert attribute(line, "tvg-name") == "Ch 'A' & <B>"
    assert line.endswith(',Ch "A" & <B>')


@pytest.mark.parametrize(
    ("source", "changes", "expected"),
    [
        ("tvg_id", {"tvg_id": "", "number": "12"}, "12"),  # example 93
        ("tvg_id", {"tvg_id": "", "number": ""}, "ecm-88"),
        ("gracenote", {"station_id": ""}, "espn.us"),  # example 94
        ("gracenote", {}, "32645"),
        ("channel_number", {}, "206"),
        ("channel_number", {"number": ""}, "espn.us"),
        ("channel_number", {"number": "", "tvg_id": ""}, "ecm-88"),
        ("tvg_id", {"tvg_id": ' a"b\n'}, "a'b"),
    ],
)
def test_examples_93_and_94_ids_fall_back(source: str, changes: dict[str, str], expected: str) -> None:
    assert attribute(lines_of(source=source, **changes)[0], "tvg-id") == expected


def test_what_is_empty_is_left_out_and_a_group_is_always_named() -> None:
    assert lines_of(logo_url="", number="", station_id="", group="")[0] == (
        '#EXTINF:-1 tvg-id="espn.us" tvg-name="ESPN" group-title="Default",ESPN'
    )


def test_line_breaks_cannot_make_lines() -> None:
    hostile = "A\n#EXTINF:-1,evil\r\nhttp://evil/\u2028\0\x1b B"
    written = lines_of(name=hostile, group=hostile, logo_url=hostile, tvg_id=hostile, attributes={"x": hostile},
                       headers={"X-A": hostile}, vlc_opts=[f"a={hostile}"], kodi_props=[f"b={hostile}"])  # fmt: skip
    assert [line.partition(":")[0].partition("/")[0] for line in written] == [
        "#EXTINF",
        "#KODIPROP",
        "#EXTVLCOPT",
        "#EXTHTTP",
        "\0",
    ]
    assert attribute(written[0], "tvg-name") == "A #EXTINF:-1,evil http://evil/ B".replace("/ B", "/  B")


CATCH_UP = {
    "catchup": "append",
    "catchup-source": "?utc={utc}",
    "catchup-days": "7",
    "tvg-rec": "7",
    "timeshift": "3",
    "tvg-shift": "-2",
}


def test_catch_up_headers_and_player_options_go_out_again() -> None:
    written = lines_of(
        is_radio=True,
        attributes=CATCH_UP,
        headers={"User-Agent": "VLC/3", "Referer": "http://r/", "X-Key": "1"},
        vlc_opts=["http-user-agent=VLC/3", "network-caching=1000"],
        kodi_props=["inputstream.adaptive.license_type=clearkey"],
    )
    for name, value in {"radio": "true", **CATCH_UP}.items():
        assert attribute(written[0], name) == value
    assert written[1:5] == [
        "#KODIPROP:inputstream.adaptive.license_type=clearkey",
        "#EXTVLCOPT:http-user-agent=VLC/3",
        "#EXTVLCOPT:network-caching=1000",
        "#EXTVLCOPT:http-referrer=http://r/",
    ]
    assert json.loads(written[5].removeprefix("#EXTHTTP:")) == {"Referer": "http://r/", "X-Key": "1"}


def test_what_a_provider_sends_comes_out_as_it_went_in() -> None:
    came_in = read_lines(
        '#EXTINF:-1 tvg-id="a" catchup="shift" catchup-days="5" tvg-shift="1" parent-code="1" group-logo="http://l/g.png",A',
        "#KODIPROP:inputstream=inputstream.adaptive",
        "#EXTVLCOPT:http-referrer=http://r/",
        '#EXTHTTP:{"X-Token": "abc", "Cookie": "a=b"}',
        "http://a/1|User-Agent=VLC%2F3",
    ).only
    text = "".join(playlist_lines([CHANNEL._replace(**pass_through(came_in.extras))], "tvg_id", direct=False))
    went_out = read(text.replace("\0", "http://e")).only
    assert came_in.extras is not None
    assert went_out.extras is not None
    for part in ("attributes", "headers", "kodi_props"):
        assert went_out.extras[part] == came_in.extras[part]
    assert set(came_in.extras["vlc_opts"]) <= set(went_out.extras["vlc_opts"])
    assert (went_out.is_catchup, went_out.catchup_days, went_out.is_adult) == (True, 5, True)


def test_days_of_catch_up_are_told_when_no_attribute_does() -> None:
    assert attribute(lines_of(catchup_days=5)[0], "catchup-days") == "5"
    assert attribute(lines_of(catchup_days=5, attributes={"tvg-rec": "5"})[0], "catchup-days") is None


def test_other_names_of_the_providers_own_id_and_number_do_not_come_back() -> None:
    extras = {"attributes": {"channel-id": "x", "CHANNEL-NUMBER": "1", "ch-number": "1", "logo": "l", "group-logo": "kept"}}
    assert pass_through(extras)["attributes"] == {"group-logo": "kept"}


@pytest.mark.parametrize("extras", [None, "{}", "[]", {}, {"attributes": None, "headers": [], "vlc_opts": None}])
def test_extras_of_any_shape_are_read(extras: Any) -> None:
    assert pass_through(extras) == {"attributes": {}, "headers": {}, "vlc_opts": [], "kodi_props": []}


def test_a_login_in_a_catch_up_address_stays_in_the_house() -> None:
    source = "http://p.example/timeshift/joe/s3cret/{duration:60}/{Y}-{m}-{d}/1.ts"
    changes = {"attributes": {"catchup": "default", "catchup-source": source, "note": "http://joe:s3cret@h/"}}
    line = lines_of(**changes)[0]
    assert "s3cret" not in line
    assert attribute(line, "catchup-source") == (
        "\0/stream/11111111-1111-4111-8111-111111111111/archive?v={duration:60}&v={Y}&v={m}&v={d}"
    )
    assert attribute(line, "note") is None
    assert attribute(lines_of(direct=True, **changes)[0], "catchup-source") == source


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ("http://p.example/1", "http://p.example/1"),
        ("udp://239.0.0.1:1234", "udp://@239.0.0.1:1234"),
        ("rtp://224.1.1.1:5", "rtp://@224.1.1.1:5"),
        ("udp://192.168.1.5:1234", "udp://192.168.1.5:1234"),  # not multicast
        ("udp://@239.0.0.1:1234", "udp://@239.0.0.1:1234"),
        ("", "\0/stream/11111111-1111-4111-8111-111111111111"),
    ],
)
def test_direct_playlists_hold_provider_addresses(stored: str, expected: str) -> None:
    assert lines_of(direct=True, stream_url=stored)[-1] == expected


def test_channels_are_ordered_by_number_and_those_without_stand_last_by_name(published: Published) -> None:
    streams = make_streams([str(place) for place in range(6)])
    wanted = [("ten", "10"), ("two", "2"), ("two-one", "2.1"), ("zebra", None), ("Ant", None), ("bee", None)]
    for (name, number), stream in zip(wanted, streams, strict=True):
        make_channel(name, number, streams=[stream])
    published.publish()
    assert [line.rpartition(",")[2] for line in published.infos()] == ["two", "two-one", "ten", "Ant", "bee", "zebra"]


def test_hidden_channels_and_channels_without_a_stream_are_absent_everywhere(published: Published) -> None:
    first, second = make_streams(["A", "B"])
    make_channel("Shown", "1", streams=[first], tvg_id="shown.id")
    make_channel("Hidden", "2", streams=[second], tvg_id="hidden.id", is_hidden=True)
    make_channel("Empty", "3", tvg_id="empty.id")
    report = published.publish()
    assert (report.channels, report.left_out) == (1, 1)
    for address in ("/output/m3u", "/output/epg", "/hdhr/lineup.json", "/hdhr/lineup.xml", "/hdhr/lineup.m3u"):
        text = published.text(address)
        assert "Shown" in text
        assert "Hidden" not in text
        assert "Empty" not in text


def test_example_97_channels_with_one_id_are_two_playlist_entries(published: Published) -> None:
    first, second = make_streams(["A", "B"])
    make_channel("ESPN", "1", streams=[first], tvg_id="espn.us")
    make_channel("ESPN backup", "2", streams=[second], tvg_id="espn.us")
    published.publish()
    assert [attribute(line, "tvg-id") for line in published.infos()] == ["espn.us", "espn.us"]


def test_the_first_stream_is_the_one_that_would_play(published: Published) -> None:
    gone, there = make_streams(["gone", "there"])
    gone.is_stale, gone.extras = True, {"headers": {"User-Agent": "gone"}}
    there.extras = {"headers": {"User-Agent": "there"}}
    gone.save()
    there.save()
    make_channel("A", "1", streams=[gone, there])
    published.publish()
    assert "#EXTVLCOPT:http-user-agent=there" in published.lines()


def test_the_file_is_utf8_with_one_final_line_end(published: Published) -> None:
    make_channel("Télé \U0001f4fa", "1", streams=make_streams(["A"]), group=make_group("Été"))
    published.publish()
    answer = published.get("/output/m3u")
    data = b"".join(answer.streaming_content)
    assert data.startswith(b"#EXTM3U url-tvg=")
    assert data.endswith(b"\n")
    assert not data.endswith(b"\n\n")
    assert b"\r" not in data
    assert "Télé \U0001f4fa".encode() in data
    assert answer["Content-Type"] == "audio/x-mpegurl; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="lineup.m3u"'


_TEXT = st.text(st.characters(codec="utf-8"), max_size=60)
_KEY = st.from_regex(r"[a-z][a-z0-9_.-]{0,12}", fullmatch=True)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(name=_TEXT, group=_TEXT, tvg_id=_TEXT, logo=_TEXT, number=st.sampled_from(["", "5", "5.1", "1000"]),
       attributes=st.dictionaries(_KEY, _TEXT, max_size=4), headers=st.dictionaries(_KEY, _TEXT, max_size=2))  # fmt: skip
def test_our_own_reader_finds_what_was_published(
    name: str, group: str, tvg_id: str, logo: str, number: str, attributes: dict[str, str], headers: dict[str, str]
) -> None:
    channel = CHANNEL._replace(name=f"X{name}", group=group, tvg_id=tvg_id, logo_url=logo, number=number,
                               attributes=attributes, headers=headers)  # fmt: skip
    follower = CHANNEL._replace(name="Follower", number="999")
    text = header_line("http://e/output/epg") + "".join(playlist_lines([channel, follower], "tvg_id", direct=False))
    found = read(text.replace("\0", "http://e")).entries
    assert [entry.url for entry in found] == [f"http://e/stream/{CHANNEL.uuid}"] * 2
    assert found[0].stream_chno == (number or None)
    assert found[1].name == "Follower"
    assert found[1].group == "Sports"
