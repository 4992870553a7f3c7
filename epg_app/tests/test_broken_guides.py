"""30 §4.2: what is broken costs as little as possible, and the report says what and where."""

import gzip
import random
import tracemalloc

import pytest

from epg_app.importing.findings import KINDS, Effect
from epg_app.tests.reading import START, channel, programme, read, tv

GOOD = [programme(f"202503012{hour}0000 +0000", inside=f"<title>Good {hour}</title>") for hour in range(4)]
GOOD_TITLES = [f"Good {hour}" for hour in range(4)]


def effects(done: object) -> set[str]:
    return {row["effect"] for row in done.findings.as_rows()}  # type: ignore[attr-defined]


def kinds(done: object) -> dict[str, int]:
    return {row["key"]: row["count"] for row in done.findings.as_rows()}  # type: ignore[attr-defined]


def test_a_clean_guide_has_no_findings() -> None:
    done = read(tv(channel(), *GOOD[:2], programme("20250301220000 +0000", "20250301230000 +0000")))
    assert kinds(done) == {"stop_derived": 2}


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\n\n  ", b"\x00", b"\xef\xbb\xbf\r\n\t", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_bytes_before_the_declaration_do_not_matter(before: bytes) -> None:
    assert read(before + tv(channel(), *GOOD).encode()).titles() == GOOD_TITLES


def test_a_bare_ampersand_is_text_and_is_reported_with_its_line() -> None:
    done = read(tv(channel(), programme(inside="<title>Tom & Jerry &amp; Co</title>"), *GOOD[1:]))
    assert done.titles()[0] == "Tom & Jerry & Co"
    assert done.titles()[1:] == GOOD_TITLES[1:]
    [row] = [row for row in done.findings.as_rows() if row["key"] == "bare_ampersand"]
    assert row["samples"][0][0] == 4
    assert done.findings.damaged_line is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Caf&eacute;&nbsp;noir", "Café\xa0noir"),
        ("&lt;b&gt; &quot;x&quot; &apos;y&apos;", "<b> \"x\" 'y'"),
        ("&#233; &#xE9; &#8217;", "é é ’"),
        ("&amp;eacute;", "&eacute;"),
        ("&#146;s", "’s"),
        ("&nosuchthing;", "&nosuchthing;"),
        ("&#0;&#x1F;&#xD800;a", "a"),
        ("&#99999999;b", "b"),
        ("a &; b", "a &; b"),
    ],
)
def test_entities(written: str, meant: str) -> None:
    assert read(tv(programme(inside=f"<title>{written}</title>"))).titles() == [meant]


def test_a_control_character_goes_and_is_reported() -> None:
    done = read(tv(programme(inside="<title>Odd\x0bByte</title>"), *GOOD[1:]))
    assert done.titles()[0] == "OddByte"
    assert kinds(done)["control_character"] == 1
    [row] = [row for row in done.findings.as_rows() if row["key"] == "control_character"]
    assert row["samples"][0][0] == 3


def test_latin_1_bytes_in_a_utf_8_file_are_read_as_windows_1252() -> None:
    document = tv(programme(inside="<title>Été €</title>"), programme("20250301210000 +0000", inside="<title>X</title>"))
    data = document.encode().replace(b"<title>X</title>", "<title>Café – “x”</title>".encode("cp1252"))
    done = read(data)
    assert done.titles() == ["Été €", "Café – “x”"]
    assert kinds(done)["bad_bytes"] == 4


def test_an_undeclared_windows_1252_file_is_recognised() -> None:
    document = "<tv>" + "".join(programme(f"2025030{day}200000", inside="<title>Soirée à l’été</title>") for day in range(1, 9))
    done = read((document + "</tv>").encode("cp1252"))
    assert set(done.titles()) == {"Soirée à l’été"}
    assert kinds(done)["bad_bytes"] == 1


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("ISO-8859-1", "latin-1"),
        ("iso-8859-2", "iso8859-2"),
        ("windows-1251", "cp1251"),
        ("GB2312", "gb2312"),
        ("Shift_JIS", "shift_jis"),
        ("UTF-8", "utf-8"),
    ],
)
def test_the_declared_encoding_is_used(declared: str, codec: str) -> None:
    title = {"cp1251": "Новости", "gb2312": "新闻联播", "shift_jis": "ニュース", "iso8859-2": "Łódź"}.get(codec, "Château")
    document = f'<?xml version="1.0" encoding="{declared}"?><tv>{programme(inside=f"<title>{title}</title>")}</tv>'
    assert read(document.encode(codec)).titles() == [title]


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_encodings_are_read(codec: str) -> None:
    document = f'<?xml version="1.0" encoding="UTF-16"?><tv>{programme(inside="<title>Café</title>")}</tv>'
    assert read(document.encode(codec)).titles() == ["Café"]


@pytest.mark.parametrize("declared", ["no-such-thing", "base64", "zip", "utf-16", "unicode_escape"])
def test_a_declaration_that_cannot_be_true_means_utf_8(declared: str) -> None:
    document = f'<?xml version="1.0" encoding="{declared}"?><tv>{programme(inside="<title>Café</title>")}</tv>'
    assert read(document.encode()).titles() == ["Café"]


def test_a_cut_file_keeps_what_was_complete_and_says_where_it_ends() -> None:
    whole = tv(channel(), *GOOD)
    done = read(whole[: whole.index("Good 3") + 4])
    assert done.titles()[:3] == GOOD_TITLES[:3]
    assert kinds(done)["cut"] == 1
    assert done.findings.damaged_line == 7


def test_a_file_without_the_end_of_its_root_is_whole_but_noted() -> None:
    done = read(tv(channel(), *GOOD).replace("</tv>", ""))
    assert done.titles() == GOOD_TITLES
    assert kinds(done)["cut"] == 1


def test_junk_around_the_elements_is_ignored() -> None:
    document = tv(
        "<script>alert('&')</script>", channel(), "<div class=x>Proxy error <br></div>", GOOD[0], "< > && ]]>", GOOD[1]
    )
    done = read(f"{document}<html><body>Served by cache 7</body></html>\n<tv></tv>")
    assert done.titles() == GOOD_TITLES[:2]


def test_elements_may_come_in_any_order() -> None:
    done = read(tv(GOOD[0], channel("b"), GOOD[1], channel("a", "Alpha"), GOOD[2]))
    assert done.titles() == GOOD_TITLES[:3]
    assert done.feed.channels["a"].name == "Alpha"


@pytest.mark.parametrize(
    "start_tag",
    [
        "<programme channel='a' start='{0}' stop='{1}'>",
        '<programme\n  stop="{1}"\n  channel="a"\n  start="{0}"\n>',
        '<programme start = "{0}" stop ="{1}" channel= " a ">',
        '<programme start="{0}" stop="{1}" pdc-start="x>y" channel="a" clumpidx="0/1">',
        '<programme xml:lang="en" start="{0}" stop="{1}" channel="&#97;">',
        "<programme start={0} stop={1} channel=a>",
    ],
)
def test_attributes_in_any_order_quotes_and_blanks(start_tag: str) -> None:
    tag = start_tag.format("20250301200000+0000", "20250301210000+0000")
    done = read(tv(f"{tag}<title>T</title></programme>"))
    assert [(row.start, row.stop) for row in done.programmes["a"]] == [(1740859200, 1740862800)]
    assert done.titles() == ["T"]


def test_namespaces_are_ignored() -> None:
    document = (
        '<x:tv xmlns:x="urn:tv" xmlns="urn:other"><x:channel id="a"><x:display-name>A</x:display-name></x:channel>'
        f'<x:programme start="{START}" channel="a"><x:title>T</x:title><x:icon src="http://x/i"/></x:programme></x:tv>'
    )
    done = read(document)
    assert done.titles() == ["T"]
    assert done.programmes["a"][0].content[6] == "http://x/i"
    assert done.feed.channels["a"].name == "A"
    late = read(tv(f'<programme start="{START}" channel="a"><y:title xmlns:y="u">T</y:title></programme>'))
    assert late.titles() == ["T"]


def test_comments_and_cdata_and_instructions() -> None:
    done = read(
        tv(
            "<!-- <programme start='20250301190000' channel='a'><title>Hidden</title></programme> -->",
            programme(inside="<title><![CDATA[Tom & <Jerry>]]></title><!-- a --><desc>x <!-- b --> y</desc>"),
            "<?php echo '<programme>' ?>",
            GOOD[1],
        )
    )
    assert done.titles() == ["Tom & <Jerry>", "Good 1"]
    assert done.programmes["a"][0].content[2] == "x  y"


def test_a_comment_that_never_ends_costs_nothing_behind_it() -> None:
    done = read(tv(GOOD[0], "<!-- oops", GOOD[1], GOOD[2]))
    assert done.titles() == GOOD_TITLES[:3]
    assert kinds(done)["open_section"] == 1
    assert done.findings.damaged_line == 4


def test_a_cdata_section_that_never_ends_does_not_swallow_the_next_programme() -> None:
    done = read(
        tv(
            programme(inside="<title><![CDATA[Broken</title>"),
            programme("20250301210000 +0000", inside="<title><![CDATA[Fine]]></title>"),
        )
    )
    assert done.titles() == ["Broken", "Fine"]


def test_markup_in_texts_falls_away_and_the_text_stays() -> None:
    done = read(tv(programme(inside="<title>A <b>bold</b> move</title><desc>1 < 2 and 3 > 2<br/>!</desc>")))
    assert done.titles() == ["A bold move"]
    assert done.programmes["a"][0].content[2] == "1 < 2 and 3 > 2!"
    assert kinds(done)["markup"] == 1


def test_elements_that_are_not_closed_end_where_the_next_begins() -> None:
    done = read(tv(programme(inside="<title>A<desc>B</desc><category>C")))
    row = done.programmes["a"][0]
    assert (row.content[0], row.content[2], row.content[3]) == ("A", "B", '["C"]')


def test_a_programme_without_end_tag_loses_nothing_but_is_damage() -> None:
    first = GOOD[0].replace("</programme>", "")
    done = read(tv(first, GOOD[1], channel("b"), first.replace("Good 0", "Also").replace("2000", "2200"), channel("c")))
    assert done.titles()[:2] == GOOD_TITLES[:2]
    assert set(done.feed.channels) == {"a", "b", "c"}
    assert done.findings.damaged_line == 3


def test_a_self_closing_programme_is_one_without_title() -> None:
    done = read(tv(f'<programme start="{START}" channel="a"/>', GOOD[1]))
    assert done.titles() == ["No title", "Good 1"]
    assert effects(done) <= {"noted"}


def test_a_broken_start_tag_costs_that_programme_only() -> None:
    done = read(tv(GOOD[0], '<programme start="20250301 channel="a" <title>X</title></programme>', GOOD[2]))
    assert [title for title in done.titles() if title.startswith("Good")] == ["Good 0", "Good 2"]
    assert done.feed.programmes <= 3


@pytest.mark.parametrize("size", [70_000, 300_000])
def test_huge_attributes_are_no_reason_to_stop(size: int) -> None:
    icon = f'<icon src="http://x/{"y" * size}"/>'
    huge = f'<programme start="{START}" channel="a" junk="{"x" * size}"><title>T</title>{icon}</programme>'
    done = read(tv(huge, GOOD[1]))
    assert done.titles() == ["T", "Good 1"]
    assert done.programmes["a"][0].content[6] == ""


def test_an_element_without_end_is_given_up_after_some_megabytes() -> None:
    done = read(tv(GOOD[0], "<programme start='x' " + "y" * 18_000_000, GOOD[1]))
    assert done.titles() == GOOD_TITLES[:2]
    assert kinds(done)["oversized"] >= 1


ENTITIES = (
    '<!DOCTYPE tv [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefghij", "bcdefghijk", strict=True))
    + '<!ENTITY file SYSTEM "file:///etc/passwd"><!ENTITY % remote SYSTEM "http://127.0.0.1:9/x.dtd"> %remote;]>'
)


def test_an_entity_bomb_is_never_expanded_and_nothing_is_fetched() -> None:
    document = f'<?xml version="1.0"?>{ENTITIES}<tv>{programme(inside="<title>&k;</title><desc>&file;</desc>")}</tv>'
    tracemalloc.start()
    done = read(document)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert done.titles() == ["&k;"]
    assert done.programmes["a"][0].content[2] == "&file;"
    assert kinds(done)["own_entities"] == 1
    assert peak < 3_000_000


def test_sections_that_never_end_do_not_make_reading_slow() -> None:
    import time

    hostile = tv(GOOD[0]) + "<!--<![CDATA[<?" * 200_000
    started = time.process_time()
    assert read(hostile).titles() == ["Good 0"]
    assert time.process_time() - started < 20  # quadratic reading would take hours


def test_every_finding_has_words_and_an_effect() -> None:
    assert all(kind.words and isinstance(kind.effect, Effect) for kind in KINDS.values())


def damaged(data: bytes, random_source: random.Random) -> bytes:
    """The ways in which guides arrive broken."""
    at = random_source.randrange(len(data))
    kind = random_source.choice(["cut", "flip", "insert", "delete", "repeat", "latin1", "amp", "control"])
    if kind == "cut":
        return data[:at]
    if kind == "flip":
        return data[:at] + bytes([random_source.randrange(256)]) + data[at + 1 :]
    if kind == "delete":
        return data[:at] + data[at + random_source.randrange(200) :]
    if kind == "repeat":
        return data[: at + 300] + data[at:]
    junk = {"latin1": b"caf\xe9", "amp": b" & ", "control": b"\x0b\x00", "insert": random_source.randbytes(8)}[kind]
    return data[:at] + junk + data[at:]


def test_one_wound_anywhere_costs_at_most_a_few_programmes() -> None:
    wounds = random.Random(7)
    programmes = [
        programme(f"202503{day:02}{hour:02}0000 +0000", inside=f"<title>T {day} {hour}</title><desc>Text &amp; more</desc>")
        for day in range(1, 29)
        for hour in range(24)
    ]
    data = tv(channel(), *programmes).encode()
    for _ in range(60):
        wounded = damaged(data, wounds)
        done = read(wounded)
        expected = len(programmes) if len(wounded) > len(data) * 0.9 else wounded.count(b"</programme>")
        assert len(done.programmes.get("a", [])) >= expected - 5


def test_a_packed_guide_is_none_of_the_readers_business() -> None:
    assert read(gzip.compress(tv(channel(), *GOOD).encode())).feed.channels == {}
