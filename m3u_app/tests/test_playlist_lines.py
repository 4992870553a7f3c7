"""The examples of 20 §25.1 and the rules of §3.3 to §3.6, line by line."""

import pytest

from m3u_app.entries import DEFAULT_GROUP
from m3u_app.importing.extinf import MAX_ATTRIBUTES, parse_extinf
from m3u_app.tests.reading import read, read_extinf, read_lines


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            '#EXTINF:-1 tvg-id="espn.us" tvg-name="ESPN HD" tvg-logo="http://l/e.png" group-title="US | Sports",ESPN HD',
            {"tvg_id": "espn.us", "name": "ESPN HD", "logo_url": "http://l/e.png", "group": "US | Sports"},
            id="1",
        ),
        pytest.param(
            '#EXTINF:-1 tvg-id="x" group-title="Movies, Drama",The Good, the Bad, and the Ugly',
            {"group": "Movies, Drama", "name": "The Good, the Bad, and the Ugly"},
            id="2",
        ),
        pytest.param(
            '#EXTINF:-1 tvg-name="A "quoted" name" group-title="G",Name',
            {"tvg_name": 'A "quoted" name', "group": "G", "name": "Name"},
            id="3",
        ),
        pytest.param("#EXTINF:-1 group-title='Kid's',Name", {"group": "Kid's", "name": "Name"}, id="4"),
        pytest.param("#EXTINF:-1,Plain Name", {"name": "Plain Name", "group": DEFAULT_GROUP}, id="5"),
        pytest.param("#EXTINF:-1 My Channel", {"name": "My Channel"}, id="6"),
        pytest.param('#EXTINF:-1 tvg-name="Only Name",', {"name": "Only Name"}, id="7"),
        pytest.param('#EXTINF:-1 tvc-guide-title="Guide T" tvg-name="N",', {"name": "Guide T"}, id="8"),
        pytest.param('#EXTINF:-1 tvg-id=abc group-title="G",Name', {"tvg_id": "abc", "group": "G", "name": "Name"}, id="10"),
        pytest.param(
            '#EXTINF:-1 tvg-name="5, 6" tvg-id=x.us group-title="A, B",N, M',
            {"tvg_name": "5, 6", "tvg_id": "x.us", "group": "A, B", "name": "N, M"},
            id="11",
        ),
        pytest.param('#EXTINF:-1 TVG-ID="AbC" Group-Title="Mixed",Name', {"tvg_id": "AbC", "group": "Mixed"}, id="12"),
        pytest.param('#EXTINF:-1 group-title="Sports" , ESPN', {"group": "Sports", "name": "ESPN"}, id="13"),
        pytest.param(
            '#EXTINF:-1 tvg-id="a",Name with key="value" inside',
            {"tvg_id": "a", "name": 'Name with key="value" inside', "extras": None},
            id="14",
        ),
        pytest.param(
            '#EXTINF:-1 tvg-name="ESPN" group-title="G"ESPN no comma', {"group": "G", "name": "ESPN no comma"}, id="15"
        ),
        pytest.param(
            '#EXTINF:-1 tvg-id="a" group-title="unclosed,Name', {"group": "unclosed", "name": "Name", "tvg_id": "a"}, id="16"
        ),
        pytest.param("#extinf:-1,lower", {"name": "lower"}, id="17"),
        pytest.param('#EXTINF:-1 tv_archive="1" tv_archive_duration="7",A', {"is_catchup": True, "catchup_days": 7}, id="32"),
        pytest.param(
            '#EXTINF:-1 catchup="default" catchup-days="5" catchup-source="http://h/{utc}?a=b&c=d",A',
            {
                "is_catchup": True,
                "catchup_days": 5,
                "extras": {
                    "attributes": {
                        "catchup": "default",
                        "catchup-days": "5",
                        "catchup-source": "http://h/{utc}?a=b&c=d",
                    }
                },
            },
            id="33",
        ),
        pytest.param('#EXTINF:-1 catchup="none",A', {"is_catchup": False, "catchup_days": 0}, id="34"),
        pytest.param('#EXTINF:-1 tvg-chno="2.1" channel-number="9",A', {"stream_chno": "2.1"}, id="35"),
    ],
)
def test_an_extinf_line_is_read_as_the_specification_says(line: str, expected: dict[str, object]) -> None:
    entry = read_extinf(line)
    assert {name: getattr(entry, name) for name in expected} == expected


def test_an_entry_without_any_name_is_called_after_its_address() -> None:  # 9
    assert read_extinf("#EXTINF:0,", "http://h/live/news1.ts").name == "news1"
    assert read_extinf("#EXTINF:0,", "http://h/live/T%C3%A9l%C3%A9.m3u8?token=x/y").name == "Télé"


def test_an_entry_with_nothing_to_be_called_after_is_numbered() -> None:
    reading = read_lines("#EXTINF:-1,A", "http://a/1", "#EXTINF:-1,", "http://b", "#EXTINF:-1,", "udp://239.0.0.1:1234")
    assert [entry.name for entry in reading.entries] == ["A", "Stream 2", "Stream 3"]


def test_an_extinf_without_colon_is_no_extinf() -> None:  # 18
    entry = read_lines("#EXTINF -1,NoColon", "http://h/live/bare.ts").only
    assert (entry.name, entry.url) == ("bare", "http://h/live/bare.ts")


def test_extgrp_names_the_group_when_the_attribute_is_empty() -> None:  # 19
    assert read_lines('#EXTINF:-1 group-title="",A', "#EXTGRP:News", "http://h/1").only.group == "News"


def test_an_explicit_group_wins_over_extgrp() -> None:  # 20
    assert read_lines('#EXTINF:-1 group-title="X",A', "#EXTGRP:News", "http://h/1").only.group == "X"


def test_extgrp_before_an_entry_holds_for_that_entry_only() -> None:  # 21
    reading = read_lines("#EXTGRP:News", "#EXTINF:-1,A", "http://h/1", "#EXTINF:-1,B", "http://h/2")
    assert [(entry.name, entry.group) for entry in reading.entries] == [("A", "News"), ("B", DEFAULT_GROUP)]


def test_option_lines_become_headers_and_are_kept_verbatim() -> None:  # 22
    entry = read_lines("#EXTINF:-1,A", "#EXTVLCOPT:http-user-agent=VLC", "#KODIPROP:inputstream=adaptive", "http://h/1").only
    assert entry.extras == {
        "headers": {"User-Agent": "VLC"},
        "vlc_opts": ["http-user-agent=VLC"],
        "kodi_props": ["inputstream=adaptive"],
    }
    assert not entry.needs_drm


def test_licence_properties_mark_a_stream_as_needing_drm() -> None:
    entry = read_lines("#EXTINF:-1,A", "#KODIPROP:inputstream.adaptive.license_type=com.widevine.alpha", "http://h/1").only
    assert entry.needs_drm


def test_exthttp_is_merged_into_the_request_headers() -> None:
    entry = read_lines(
        "#EXTINF:-1,A",
        "#EXTVLCOPT:http-user-agent=VLC",
        '#EXTHTTP:{"user-agent": "Mine", "Cookie": "a=b", "X": {"no": 1}, "Bad\\nName": "x"}',
        "#EXTHTTP:not json",
        "http://h/1",
    ).only
    assert entry.extras is not None
    assert entry.extras["headers"] == {"user-agent": "Mine", "Cookie": "a=b"}


def test_an_image_line_gives_the_logo_only_when_there_is_none() -> None:
    assert read_lines("#EXTINF:-1,A", "#EXTIMG:http://l/1.png", "http://h/1").only.logo_url == "http://l/1.png"
    entry = read_lines('#EXTINF:-1 tvg-logo="http://l/0.png",A', "#EXTALBUMARTURL:http://l/1.png", "http://h/1").only
    assert entry.logo_url == "http://l/0.png"


def test_an_entry_without_address_is_dropped_and_counted() -> None:  # 23
    reading = read_lines("#EXTINF:-1,A", "#EXTINF:-1,B", "http://b/1")
    assert [entry.name for entry in reading.entries] == ["B"]
    assert reading.dropped == {"no_url": 1}


def test_an_open_entry_at_the_end_is_counted() -> None:
    reading = read_lines("#EXTINF:-1,A", "http://a/1", "#EXTINF:-1,B")
    assert reading.dropped == {"no_url": 1}
    assert reading.seen == 2


def test_every_scheme_that_players_know_closes_its_own_entry() -> None:  # 24
    reading = read_lines("#EXTINF:-1,A", "rtmp://a/1", "#EXTINF:-1,B", "http://b/2")
    assert [(entry.name, entry.url) for entry in reading.entries] == [("A", "rtmp://a/1"), ("B", "http://b/2")]


@pytest.mark.parametrize("scheme", ["http", "HTTPS", "rtmp", "rtmps", "rtsp", "rtp", "udp", "srt", "mms", "MmsH"])
def test_schemes_are_accepted_in_any_case(scheme: str) -> None:
    assert read_lines("#EXTINF:-1,A", f"{scheme}://h:1/x").only.url == f"{scheme.lower()}://h:1/x"


@pytest.mark.parametrize(
    "address", ["/local/file.ts", "plugin://x/y", "pipe://ffmpeg -i http://x", "[NONE]", "http://", "ftp://h/x"]
)
def test_an_unplayable_address_drops_its_entry_and_no_other_takes_its_place(address: str) -> None:  # 25
    reading = read_lines("#EXTINF:-1,A", address, "http://b/2", "#EXTINF:-1,C", "http://c/3")
    assert [(entry.name, entry.url) for entry in reading.entries] == [("C", "http://c/3")]
    assert reading.dropped == {"bad_url": 1, "stray_url": 1}
    assert reading.reader.report.samples["bad_url"] == [(2, address)]


def test_the_multicast_mark_of_vlc_is_not_part_of_the_address() -> None:  # 26
    assert read_lines("#EXTINF:-1,A", "udp://@239.0.0.1:1234").only.url == "udp://239.0.0.1:1234"


def test_headers_behind_the_address_are_split_off() -> None:  # 27
    entry = read_lines("#EXTINF:-1,A", "http://a/1|User-Agent=VLC%2F3&Referer=http://r/").only
    assert entry.url == "http://a/1"
    assert entry.extras == {"headers": {"User-Agent": "VLC/3", "Referer": "http://r/"}}


def test_a_byte_order_mark_costs_no_entry() -> None:  # 28
    assert read(b"\xef\xbb\xbf#EXTINF:-1,A\nhttp://h/1\n").only.name == "A"


def test_latin_1_bytes_are_understood() -> None:  # 29
    assert read("#EXTINF:-1,Télé\nhttp://h/1\n".encode("latin-1")).only.name == "Télé"


def test_guide_addresses_of_the_header_are_kept() -> None:  # 30
    reading = read_lines(
        '#EXTM3U url-tvg="http://e/1.xml.gz,http://e/2.xml" x-tvg-url=http://e/3.xml', "#EXTINF:-1,A", "http://h/1"
    )
    assert reading.reader.header["guides"] == ["http://e/1.xml.gz", "http://e/2.xml", "http://e/3.xml"]


def test_header_catch_up_holds_for_entries_that_say_nothing() -> None:  # 31
    reading = read_lines(
        '#EXTM3U catchup="append" catchup-days="3" catchup-source="?utc=${start}"',
        "#EXTINF:-1,A",
        "http://h/1",
        '#EXTINF:-1 catchup="none",B',
        "http://h/2",
        '#EXTINF:-1 catchup-days="9",C',
        "http://h/3",
    )
    a, b, c = reading.entries
    assert (a.is_catchup, a.catchup_days) == (True, 3)
    assert a.extras == {"attributes": {"catchup": "append", "catchup-days": "3", "catchup-source": "?utc=${start}"}}
    assert (b.is_catchup, b.catchup_days) == (False, 0)
    assert (c.is_catchup, c.catchup_days) == (True, 9)


def test_an_address_longer_than_4096_characters_is_dropped() -> None:  # 38
    reading = read_lines("#EXTINF:-1,A", "http://h/" + "x" * 5000, "#EXTINF:-1,B", "http://h/" + "x" * (4096 - 9))
    assert [entry.name for entry in reading.entries] == ["B"]
    assert reading.dropped == {"long_url": 1}


def test_a_bare_playlist_names_entries_after_their_addresses() -> None:
    reading = read_lines(
        "#EXTM3U", "http://h/a/one.ts", "", "# comment", "udp://@239.0.0.1:1234", "nonsense", "http://user:pw@h:80"
    )
    assert [entry.name for entry in reading.entries] == ["one", "239.0.0.1:1234", "h:80"]
    assert reading.dropped == {"bad_url": 1}
    assert reading.seen == 4


def test_addresses_before_the_first_extinf_are_strays() -> None:
    reading = read_lines("#EXTM3U", "http://h/stray", "#EXTINF:-1,A", "http://h/1")
    assert [entry.name for entry in reading.entries] == ["A"]
    assert reading.dropped == {"stray_url": 1}


@pytest.mark.parametrize(
    ("line", "attributes", "title"),
    [
        ("#EXTINF:-1 tvg-id = \"a\" tvg-name= 'b' ,T", {"tvg-id": "a", "tvg-name": "b"}, "T"),
        ('#EXTINF:-1 tvg-id= tvg-name="b",T', {"tvg-name": "b"}, "T"),
        ("#EXTINF:-1 tvg-id=,T", {}, "T"),
        ('#EXTINF:-1 a="1" a="2" a="",T', {"a": "2"}, "T"),
        ("#EXTINF:10.5,T", {}, "T"),
        ("#EXTINF:T", {}, "T"),
        ("#EXTINF:", {}, ""),
        ("#EXTINF:-1 tvg-id='x',,T", {"tvg-id": "x"}, ",T"),
        ('#EXTINF:-1 a="x"b="y",T', {"a": 'x"b="y'}, "T"),
        ('#EXTINF:-1 url="http://h/?a=1&b=2,3" x="==",T', {"url": "http://h/?a=1&b=2,3", "x": "=="}, "T"),
        ('#EXTINF:-1 a="b"', {"a": "b"}, ""),
        ('#EXTINF:-1\ttvg-id="t"\t,T', {"tvg-id": "t"}, "T"),
    ],
)
def test_odd_attribute_lines_keep_to_the_grammar(line: str, attributes: dict[str, str], title: str) -> None:
    assert parse_extinf(line) == (attributes, title)


def test_a_crafted_line_stops_costing_time() -> None:
    line = "#EXTINF:-1 " + 'a="x"b="x"' * 6000 + "z"
    attributes, _ = parse_extinf(line)
    assert len(attributes) <= MAX_ATTRIBUTES


def test_fields_that_are_too_long_are_cut_and_half_addresses_dropped() -> None:
    entry = read_extinf(f'#EXTINF:-1 tvg-id="{"i" * 999}" tvg-logo="http://{"l" * 9999}" group-title="{"g" * 999}",{"n" * 999}')
    assert (len(entry.name), len(entry.tvg_id), len(entry.group), entry.logo_url) == (512, 255, 255, "")


def test_line_breaks_inside_a_name_are_collapsed() -> None:
    assert read_extinf("#EXTINF:-1,A\u2028B\x0bC").name == "A B C"


@pytest.mark.parametrize(
    ("attributes", "adult", "radio"),
    [
        ('is_adult="1"', True, False),
        ('is_adult="0"', False, False),
        ('adult="yes"', True, False),
        ('parent-code="1234"', True, False),
        ('radio="true"', False, True),
        ('radio="false"', False, False),
    ],
)
def test_adult_and_radio_marks(attributes: str, adult: bool, radio: bool) -> None:
    entry = read_extinf(f"#EXTINF:-1 {attributes},A")
    assert (entry.is_adult, entry.is_radio) == (adult, radio)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('tv_archive="0"', (False, 0)),
        ('tv_archive="True"', (True, 0)),
        ('tv_archive_duration="7"', (False, 0)),
        ('timeshift="3"', (True, 3)),
        ('tvg-rec="2" timeshift="3"', (True, 2)),
        ('catchup-type="flussonic"', (True, 0)),
        ('catchup-days="x" tvg-rec="4"', (True, 4)),
        ('catchup="0" catchup-days="0"', (False, 0)),
    ],
)
def test_catch_up_rules(attributes: str, expected: tuple[bool, int]) -> None:
    entry = read_extinf(f"#EXTINF:-1 {attributes},A")
    assert (entry.is_catchup, entry.catchup_days) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("7", "7"),
        ("007.50", "7.5"),
        ("2.12345", "2.1234"),
        ("0", "0"),
        ("abc", None),
        ("-1", None),
        ("1e5", None),
        ("123456789", None),
    ],
)
def test_channel_numbers_that_are_none_become_null(value: str, expected: str | None) -> None:
    assert read_extinf(f'#EXTINF:-1 tvg-chno="{value}",A').stream_chno == expected


def test_attributes_without_a_field_of_their_own_are_kept_verbatim() -> None:
    entry = read_extinf(
        '#EXTINF:-1 tvg-id="a" xui-id="{XUI_ID}" tvg-shift="+1" CUID="9" tvc-guide-stationid="1234" tvg-country="",A'
    )
    assert entry.station_id == "1234"
    assert entry.extras == {"attributes": {"xui-id": "{XUI_ID}", "tvg-shift": "+1", "cuid": "9"}}
