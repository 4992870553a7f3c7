"""30 §4.4 episode numbers, rows 24–27 of 30 §25.2."""

import pytest

from epg_app.importing.episodes import from_description, from_onscreen, from_xmltv_ns
from epg_app.programme_extra import external_ids
from epg_app.tests.reading import content_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.4.", (2, 5)),
        (" 0 . 11 . 0/1", (1, 12)),
        (".4.", (None, 5)),
        ("4.9/22.", (5, 10)),
        ("0.0.0/2", (1, 1)),
        ("2..", (3, None)),
        ("..", (None, None)),
        ("1/3.4/10.0/2", (2, 5)),
        ("", (None, None)),
        ("S1E2", (None, None)),
        ("-1.4.", (None, None)),
        ("99999999999999999999.1.", (None, None)),
    ],
)
def test_xmltv_ns_counts_from_zero(text: str, expected: tuple[int | None, int | None]) -> None:
    assert from_xmltv_ns(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("S12 E6", (12, 6)),
        ("S9 E3/10", (9, 3)),
        ("E119", (None, 119)),
        ("S3E21", (3, 21)),
        ("s03e17", (3, 17)),
        ("S01 Ep 02", (1, 2)),
        ("Season 4, Episode 11", (4, 11)),
        ("Episode 7", (None, 7)),
        ("3x05", (3, 5)),
        ("Part One", (None, None)),
        ("9" * 5000, (None, None)),
    ],
)
def test_onscreen_numbers_are_read_from_their_beginning(text: str, expected: tuple[int | None, int | None]) -> None:
    assert from_onscreen(text) == expected


@pytest.mark.parametrize(
    ("text", "number", "rest"),
    [
        ("S02 E07 - The storm.", (2, 7), "The storm."),
        ("1x05 Pilot", (1, 5), "Pilot"),
        ("2x4 Timber", (None, None), "2x4 Timber"),
        (" - S1E2: Home", (1, 2), "Home"),
        ("Season 1 Episode 2 Home", (1, 2), "Home"),
        ("The S1E2 of things", (None, None), "The S1E2 of things"),
        ("S1E2nd thoughts", (None, None), "S1E2nd thoughts"),
        ("S1E2", (1, 2), ""),
    ],
)
def test_only_the_very_beginning_of_a_description_counts(text: str, number: tuple[int | None, int | None], rest: str) -> None:
    assert from_description(text) == (number, rest)


def test_no_system_counts_as_onscreen() -> None:
    read = content_of("<title>T</title><episode-num>S3E21</episode-num>")
    assert (read["season"], read["episode"]) == (3, 21)
    assert read["extra"]["episode_nums"] == [["onscreen", "S3E21"]]


def test_xmltv_ns_goes_before_onscreen_and_onscreen_fills_what_is_open() -> None:
    both = content_of('<episode-num system="onscreen">S9E9</episode-num><episode-num system="xmltv_ns">1.4.</episode-num>')
    assert (both["season"], both["episode"]) == (2, 5)
    filled = content_of('<episode-num system="xmltv_ns">.4.</episode-num><episode-num system="SxxExx">S7E5</episode-num>')
    assert (filled["season"], filled["episode"]) == (7, 5)


def test_a_description_that_supplies_both_numbers_is_shortened_and_remembered() -> None:
    read = content_of("<title>T</title><desc>S02 E07 - The storm.</desc>")
    assert (read["season"], read["episode"], read["description"]) == (2, 7, "The storm.")
    assert read["extra"] == {"episode_from": "description"}


def test_a_description_stays_whole_when_the_numbers_were_known() -> None:
    read = content_of('<desc>S02 E07 - The storm.</desc><episode-num system="xmltv_ns">4.4.</episode-num>')
    assert (read["season"], read["episode"], read["description"]) == (5, 5, "S02 E07 - The storm.")


def test_ids_of_other_systems_are_kept_and_found() -> None:
    read = content_of(
        '<episode-num system="dd_progid">EP01.0002</episode-num>'
        '<episode-num system="original-air-date">2020-01-01</episode-num>'
        '<episode-num system="themoviedb.org">movie/1</episode-num><episode-num system="nz.example">7</episode-num>'
    )
    assert (read["season"], read["episode"]) == (None, None)
    assert external_ids(read["extra"]) == {"dd_progid": "EP01.0002", "themoviedb.org": "movie/1", "nz.example": "7"}
    assert ["original-air-date", "2020-01-01"] in read["extra"]["episode_nums"]
