"""The published guide (30 §16.3, examples 93, 96–98)."""

from datetime import UTC
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from channels_app.publishing.output_text import xml_attribute
from channels_app.publishing.programme_xml import programme_xml
from channels_app.tests.lineup_fixtures import make_channel, make_entry, make_streams
from channels_app.tests.publish_fixtures import Published, add_programme, attribute, change, published
from epg_app.queries import RawAiring
from m3u_app.models import Stream

__all__ = ["published"]


@pytest.fixture
def streams(db: None) -> list[Stream]:
    return make_streams(["A", "B", "C", "D"])


def airing(**changes: Any) -> RawAiring:
    plain = RawAiring(
        entry_id=1, start="2026-03-01 20:00:00", stop="2026-03-01 21:30:00", title="Film", sub_title="", description="",
        categories="[]", season=None, episode=None, icon_url="", extra="{}", stop_is_derived=0,
    )  # fmt: skip
    return plain._replace(**changes)


def element(**changes: Any) -> Any:
    return etree.fromstring(programme_xml(airing(**changes), "x").encode())


def as_text(parent: Any, path: str) -> list[tuple[str | None, dict[str, str]]]:
    return [(found.text, dict(found.attrib)) for found in parent.findall(path)]


def test_a_guide_has_the_prescribed_frame(published: Published, streams: list[Stream]) -> None:
    entry = make_entry("espn.us")
    make_channel("ESPN", "206", streams=streams[:1], tvg_id="espn.us", guide_entry=entry, logo_url="https://x/e.png?a=1&b=2")
    add_programme(entry, "Now", begins=-0.5)
    published.publish()
    lines = published.text("/output/epg").splitlines()
    assert lines[:2] == ['<?xml version="1.0" encoding="UTF-8"?>', '<!DOCTYPE tv SYSTEM "xmltv.dtd">']
    assert lines[2].startswith('<tv generator-info-name="ECM ')
    assert lines[3] == (
        '<channel id="espn.us"><display-name>ESPN</display-name><display-name>206</display-name>'
        '<icon src="https://x/e.png?a=1&amp;b=2"/></channel>'
    )
    assert lines[-1] == "</tv>"


def test_example_93_ids_are_those_of_the_playlist(published: Published, streams: list[Stream]) -> None:
    make_channel("Twelve", "12", streams=streams[:1])
    own = make_channel("Nothing", None, streams=streams[1:2])
    make_channel("Quotes", "3", streams=streams[2:3], tvg_id='a"b&c<d>')
    published.publish()
    wanted = ["a'b&c<d>", "12", f"ecm-{own.pk}"]
    assert [attribute(line, "tvg-id") for line in published.infos()] == wanted
    assert [channel.get("id") for channel in published.guide().findall("channel")] == wanted


def test_example_96_ids_are_escaped_in_attributes(published: Published, streams: list[Stream]) -> None:
    entry = make_entry("A&E.us")
    make_channel("A&E", "1", streams=streams[:1], tvg_id="A&E.us", guide_entry=entry)
    add_programme(entry, "Duck & Dynasty", begins=0)
    published.publish()
    text = published.text("/output/epg")
    assert 'id="A&amp;E.us"' in text
    assert 'channel="A&amp;E.us"' in text
    assert "<title>Duck &amp; Dynasty</title>" in text


def test_example_97_channels_with_one_id_are_one_guide_channel(published: Published, streams: list[Stream]) -> None:
    first, second = make_entry("one"), make_entry("two")
    make_channel("Second", "20", streams=streams[:1], tvg_id="espn.us", guide_entry=second, logo_url="http://second/")
    make_channel("First", "10", streams=streams[1:2], tvg_id="espn.us", guide_entry=first)
    add_programme(first, "Of the first", begins=0)
    add_programme(second, "Of the second", begins=0)
    published.publish()
    (channel,) = published.guide().findall("channel")
    assert [name.text for name in channel.findall("display-name")] == ["First", "10", "Second"]
    assert channel.find("icon").get("src") == "http://second/"
    assert published.titles() == ["Of the first"]


def test_programmes_of_an_entry_are_repeated_for_each_id(published: Published, streams: list[Stream]) -> None:
    entry = make_entry("shared")
    make_channel("A", "1", streams=streams[:1], tvg_id="a", guide_entry=entry)
    make_channel("B", "2", streams=streams[1:2], tvg_id="b", guide_entry=entry)
    add_programme(entry, "News", begins=0)
    add_programme(entry, "Film", begins=1)
    report = published.publish()
    assert report.programmes == 4
    assert published.titles(channel="a") == published.titles(channel="b") == ["News", "Film"]


def test_example_98_what_is_on_is_in_and_what_is_over_is_not(published: Published, streams: list[Stream]) -> None:
    entry = make_entry("e")
    make_channel("A", "1", streams=streams[:1], tvg_id="a", guide_entry=entry)
    for title, begins, hours in (("over", -4, 2), ("on", -2, 3), ("next", 1, 22), ("tomorrow", 25, 2), ("late", 24 * 20, 1)):
        add_programme(entry, title, begins=begins, hours=hours)
    published.publish()
    assert published.titles() == ["on", "next", "tomorrow", "late"]
    assert published.titles("/output/epg?days=1") == ["on", "next"]
    assert published.titles("/output/epg?days=1&prev_days=1") == ["over", "on", "next"]
    assert published.titles("/output/epg?prev_days=1") == ["over", "on", "next", "tomorrow", "late"]


def test_prev_days_ends_where_it_says(published: Published, streams: list[Stream]) -> None:
    entry = make_entry("e")
    make_channel("A", "1", streams=streams[:1], tvg_id="a", guide_entry=entry)
    add_programme(entry, "two days ago", begins=-49)
    add_programme(entry, "yesterday", begins=-20)
    add_programme(entry, "on", begins=-0.5)
    published.publish()
    assert published.titles("/output/epg?prev_days=1") == ["yesterday", "on"]
    assert published.titles("/output/epg?prev_days=3") == ["two days ago", "yesterday", "on"]


def test_other_ids_are_used_throughout_a_variant(published: Published, streams: list[Stream]) -> None:
    first, second = make_entry("one"), make_entry("two")
    make_channel("First", "10", streams=streams[:1], tvg_id="same&id", guide_entry=first, gracenote_id="555")
    make_channel("Second", "20", streams=streams[1:2], tvg_id="same&id", guide_entry=second)
    add_programme(first, "Of the first", begins=0, description='says channel="same&id"> here')
    add_programme(second, "Of the second", begins=0)
    published.publish()
    by_number = "/output/epg?tvg_id_source=channel_number"
    assert published.titles(by_number, "10") == ["Of the first"]
    assert published.titles(by_number, "20") == ["Of the second"]  # it lost under the shared id, and is there all the same
    assert published.guide(by_number).findtext("programme/desc") == 'says channel="same&id"> here'
    assert published.titles("/output/epg?tvg_id_source=gracenote", "555") == ["Of the first"]
    assert published.titles("/output/epg?tvg_id_source=gracenote", "same&id") == ["Of the second"]


def test_the_setting_decides_about_ids_everywhere(published: Published, streams: list[Stream]) -> None:
    entry = make_entry("e")
    make_channel("A", "7", streams=streams[:1], tvg_id="a", guide_entry=entry)
    add_programme(entry, "Film", begins=0)
    change(output_tvg_id_source="channel_number")
    published.publish()
    assert attribute(published.infos()[0], "tvg-id") == "7"
    assert published.titles(channel="7") == ["Film"]
    assert published.titles("/output/epg?tvg_id_source=tvg_id", "a") == ["Film"]


def test_channels_that_want_no_guide_have_none(published: Published, streams: list[Stream]) -> None:
    entry = make_entry("e")
    make_channel("A", "1", streams=streams[:1], tvg_id="a", guide_entry=entry, no_epg=True)
    add_programme(entry, "Film", begins=0)
    assert published.publish().programmes == 0
    assert published.titles() == []


def test_everything_that_came_in_goes_out_again() -> None:
    extra = (
        '{"flags": ["new", "live", "premiere", "repeat", "last_chance"], "premiere": "UK premiere",'
        ' "previously_shown": {"start": "20200101", "channel": "x&y"}, "keywords": ["k1", "k2"], "date": "2024",'
        ' "countries": ["GB", "US"], "language": "en", "orig_language": "fr", "length": [90, "minutes"],'
        ' "credits": [["director", "D & E"], ["actor", "An Actor", "The \\"Role\\"", true], ["actor", "Other", "", false]],'
        ' "ratings": [["15", "BBFC"], ["TV-14", ""]], "star_ratings": [["7/10", "imdb"]],'
        ' "episode_nums": [["xmltv_ns", "0.4.0/2"], ["onscreen", "S1 E5"], ["dd_progid", "EP01.0005"],'
        ' ["themoviedb.org", "movie/1"], ["original-air-date", "2020-01-01"]],'
        ' "video": {"present": "yes", "aspect": "16:9", "quality": "HDTV"}, "audio": {"stereo": "dolby"},'
        ' "subtitles": [["teletext", "English"], ["", ""]],'
        ' "reviews": [{"text": "Good & bad", "type": "text", "source": "S"}],'
        ' "images": [{"url": "http://i/1?a&b", "type": "poster", "size": "3"}], "url": "http://p/?a=1&b=2"}'
    )
    found = element(
        title="T<1>", sub_title="Sub & title", description="Two\nlines", categories='["Film", "Drama & more"]',
        season=1, episode=5, icon_url='http://i/?"q"&', extra=extra,
    )  # fmt: skip
    assert dict(found.attrib) == {"start": "20260301200000 +0000", "stop": "20260301213000 +0000", "channel": "x"}
    order = [child.tag for child in found]
    assert order == (
        ["title", "sub-title", "desc", "credits", "date", "category", "category", "keyword", "keyword", "language",
         "orig-language", "length", "icon", "url", "country", "country"] + ["episode-num"] * 5
        + ["video", "audio", "previously-shown", "premiere", "last-chance", "new", "live", "subtitles", "subtitles",
           "rating", "rating", "star-rating", "review", "image"]
    )  # fmt: skip
    assert [found.findtext(name) for name in ("title", "sub-title", "desc", "date")] == [
        "T<1>",
        "Sub & title",
        "Two\nlines",
        "2024",
    ]
    assert as_text(found, "credits/*") == [
        ("D & E", {}), ("An Actor", {"role": 'The "Role"', "guest": "yes"}), ("Other", {}),
    ]  # fmt: skip
    assert as_text(found, "category") == [("Film", {}), ("Drama & more", {})]
    assert as_text(found, "length") == [("90", {"units": "minutes"})]
    assert as_text(found, "icon") == [(None, {"src": 'http://i/?"q"&'})]
    assert as_text(found, "episode-num")[0] == ("0.4.0/2", {"system": "xmltv_ns"})
    assert as_text(found, "episode-num")[3] == ("movie/1", {"system": "themoviedb.org"})
    assert as_text(found, "video/*") == [("yes", {}), ("16:9", {}), ("HDTV", {})]
    assert as_text(found, "previously-shown") == [(None, {"start": "20200101", "channel": "x&y"})]
    assert as_text(found, "premiere") == [("UK premiere", {})]
    assert as_text(found, "last-chance") == [(None, {})]
    assert as_text(found, "subtitles") == [(None, {"type": "teletext"}), (None, {})]
    assert found.findtext("subtitles/language") == "English"
    assert as_text(found, "rating") == [(None, {"system": "BBFC"}), (None, {})]
    assert found.findtext("star-rating/value") == "7/10"
    assert as_text(found, "review") == [("Good & bad", {"type": "text", "source": "S"})]
    assert as_text(found, "image") == [("http://i/1?a&b", {"type": "poster", "size": "3"})]


@pytest.mark.parametrize(
    ("season", "episode", "extra", "expected"),
    [
        (2, 3, "{}", [("onscreen", "S02E03"), ("xmltv_ns", "1.2.")]),  # found in the description, which lost it
        (None, 3, "{}", [("onscreen", "E03"), ("xmltv_ns", ".2.")]),
        (2, 3, '{"episode_nums": [["onscreen", "S2 E3"]]}', [("onscreen", "S2 E3"), ("xmltv_ns", "1.2.")]),
        (2, 3, '{"episode_nums": [["xmltv_ns", "1.2.0/4"]]}', [("xmltv_ns", "1.2.0/4")]),
        (None, None, "{}", []),
        (0, 0, "{}", []),
    ],
)
def test_episode_numbers_are_written_in_both_notations(season: Any, episode: Any, extra: str, expected: Any) -> None:
    found = element(season=season, episode=episode, extra=extra)
    assert [(one.get("system"), one.text) for one in found.findall("episode-num")] == expected


_ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


@settings(max_examples=200, deadline=None)
@given(title=_ANY, description=_ANY, icon=_ANY, channel=_ANY)
def test_no_text_breaks_the_xml(title: str, description: str, icon: str, channel: str) -> None:
    text = programme_xml(airing(title=title, description=description, icon_url=icon), xml_attribute(channel))
    found = etree.fromstring(text.encode())
    assert next(child.tag for child in found) == "title"
    allowed = "".join(char for char in title if char in "\t\n" or (char >= " " and char not in "\x7f\ufffe\uffff"))
    assert (found.findtext("title") or "") == allowed


def test_a_guide_of_hostile_names_is_well_formed(published: Published, streams: list[Stream]) -> None:
    hostile = "<script>alert(1)</script>]]>&amp;\x0b\x1f\ufffe\"'"
    entry = make_entry("e")
    make_channel(hostile, "1", streams=streams[:1], tvg_id=hostile, guide_entry=entry, logo_url=f"http://x/{hostile}")
    add_programme(
        entry,
        hostile,
        begins=0,
        description=hostile,
        categories=[hostile],
        extra={"credits": [["actor", hostile, hostile, True]]},
    )
    published.publish()
    cleaned = "<script>alert(1)</script>]]>&amp;\"'"
    assert published.titles() == [cleaned]
    assert published.guide().findtext("channel/display-name") == cleaned


def test_the_number_of_queries_does_not_grow_with_the_lineup(published: Published, streams: list[Stream]) -> None:
    entries = [make_entry(f"e{place}") for place in range(4)]
    for entry, stream in zip(entries[:2], streams[:2], strict=True):
        make_channel(entry.name, None, streams=[stream], guide_entry=entry)
        add_programme(entry, "Film", begins=0)
    with CaptureQueriesContext(connection) as few:
        published.publish()
    for entry, stream in zip(entries[2:], streams[2:], strict=True):
        make_channel(entry.name, None, streams=[stream], guide_entry=entry)
        for hour in range(20):
            add_programme(entry, "Film", begins=hour)
    with CaptureQueriesContext(connection) as many:
        report = published.publish()
    assert report.programmes == 42
    assert len(many) == len(few)


def test_times_are_utc(published: Published, streams: list[Stream]) -> None:
    entry = make_entry("e")
    make_channel("A", "1", streams=streams[:1], guide_entry=entry)
    programme = add_programme(entry, "Film", begins=3)
    published.publish()
    assert published.guide().find("programme").get("start") == f"{programme.start.astimezone(UTC):%Y%m%d%H%M%S} +0000"
