"""30 §4.5 and the table of 30 §25.1."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epg_app.importing.times import TimeReader, zone_named
from epg_app.tests.reading import clock

TABLE = [
    (1, "20250301200000 +0000", "UTC", 0, "2025-03-01T20:00Z", False),
    (2, "20250301200000 +0100", "UTC", 0, "2025-03-01T19:00Z", False),
    (3, "20250301200000 -0500", "UTC", 0, "2025-03-02T01:00Z", False),
    (4, "20250301200000 +0530", "UTC", 0, "2025-03-01T14:30Z", False),
    (5, "20250301200000", "UTC", 0, "2025-03-01T20:00Z", False),
    (6, "20250701200000", "Europe/London", 0, "2025-07-01T19:00Z", False),
    (7, "20260822163100", "Asia/Shanghai", 0, "2026-08-22T08:31Z", False),
    (8, "20250301200000+0100", "UTC", 0, "2025-03-01T19:00Z", False),
    (9, "20250301200000 +01:00", "UTC", 0, "2025-03-01T19:00Z", False),
    (10, "202503012000 +0100", "UTC", 0, "2025-03-01T19:00Z", False),
    (11, "20250301200000 EST", "UTC", 0, "2025-03-02T01:00Z", False),
    (12, "20250301200000 XYZ", "Europe/Paris", 0, "2025-03-01T19:00Z", True),
    (13, "20250301240000 +0000", "UTC", 0, "2025-03-02T00:00Z", False),
    (14, "2025-03-01T20:00:00+01:00", "UTC", 0, "2025-03-01T19:00Z", False),
    (15, "20251026013000 +0100", "UTC", 0, "2025-10-26T00:30Z", False),
    (15, "20251026013000 +0000", "UTC", 0, "2025-10-26T01:30Z", False),
    (16, "20250301200000 +2500", "UTC", 0, "2025-03-01T20:00Z", True),
    (17, "20250301200000 +0000", "UTC", 60, "2025-03-01T21:00Z", False),
]
MORE = [
    ("20250301200000 Z", "2025-03-01T20:00Z"),
    ("20250301200000 z", "2025-03-01T20:00Z"),
    ("20250301200000 +01", "2025-03-01T19:00Z"),
    ("20250301200000.500 +0100", "2025-03-01T19:00Z"),
    ("20250301200060 +0000", "2025-03-01T20:00Z"),
    ("2025-03-01T20:00Z", "2025-03-01T20:00Z"),
    ("2025-03-01 20:00:00 +0100", "2025-03-01T19:00Z"),
    ("20250301T200000Z", "2025-03-01T20:00Z"),
    ("20250301200000 CEST", "2025-03-01T18:00Z"),
    ("20250301200000 IST", "2025-03-01T14:30Z"),
    ("20250301200000 JST", "2025-03-01T11:00Z"),
    ("20250301200000 pdt", "2025-03-02T03:00Z"),
    ("20250301200000 +1400", "2025-03-01T06:00Z"),
    ("20250301200000 -1400", "2025-03-02T10:00Z"),
    ("  20250301200000   +0000  ", "2025-03-01T20:00Z"),
    ("20240229120000", "2024-02-29T12:00Z"),
]
UNREADABLE = [
    "20250230200000 +0000",
    "",
    "20250301",
    "2025030120",
    "2025030120000",
    "20251301200000",
    "20250301250000",
    "20250301206000",
    "20250301200061",
    "tomorrow",
    "00000000000000",
    "99991231235959 -1300",
    "٢٠٢٥٠٣٠١٢٠٠٠٠٠",
]


@pytest.mark.parametrize(("row", "text", "zone", "shift", "result", "warned"), TABLE, ids=[str(row[0]) for row in TABLE])
def test_a_time_of_the_table_is_read_as_the_table_says(
    row: int, text: str, zone: str, shift: int, result: str, warned: bool
) -> None:
    warnings: list[str] = []
    seconds = TimeReader(zone_named(zone), shift, warnings.append).read(text)
    assert seconds is not None
    assert clock(seconds) == result
    assert bool(warnings) is warned


@pytest.mark.parametrize(("text", "result"), MORE)
def test_other_usual_forms_are_read(text: str, result: str) -> None:
    warnings: list[str] = []
    seconds = TimeReader(zone_named("UTC"), 0, warnings.append).read(text)
    assert seconds is not None
    assert clock(seconds) == result
    assert not warnings


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_is_no_time_is_unreadable(text: str) -> None:
    assert TimeReader(zone_named("UTC")).read(text) is None


@pytest.mark.parametrize("offset", ["+1401", "-2359", "+0075", "XYZ", "+1", "GMT+1"])
def test_an_impossible_offset_falls_back_to_the_zone_of_the_source_with_a_warning(offset: str) -> None:
    warnings: list[str] = []
    seconds = TimeReader(zone_named("Europe/Paris"), 0, warnings.append).read(f"20250301200000 {offset}")
    assert seconds is not None
    assert clock(seconds) == "2025-03-01T19:00Z"
    assert warnings == [offset]


def test_the_same_text_is_worked_out_once() -> None:
    warnings: list[str] = []
    reader = TimeReader(zone_named("UTC"), 0, warnings.append)
    assert reader.read("20250301200000 XYZ") == reader.read("20250301200000 XYZ")
    assert warnings == ["XYZ"]


@given(st.text(max_size=40))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    TimeReader(zone_named("America/New_York"), 1440).read(text)


@given(
    st.datetimes(min_value=__import__("datetime").datetime(1980, 1, 1), max_value=__import__("datetime").datetime(2100, 1, 1)),
    st.integers(-840, 840),
)
def test_every_offset_is_subtracted_exactly(moment: object, minutes: int) -> None:
    from datetime import UTC, datetime, timedelta

    assert isinstance(moment, datetime)
    local = moment.replace(microsecond=0)
    sign = "-" if minutes < 0 else "+"
    text = f"{local:%Y%m%d%H%M%S} {sign}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
    expected = (local - timedelta(minutes=minutes)).replace(tzinfo=UTC)
    assert TimeReader(zone_named("UTC")).read(text) == int(expected.timestamp())
