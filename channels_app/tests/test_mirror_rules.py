"""The small rules of the mirrored lineup: names, numbers, runs, what arrived, what the server would refuse."""

from decimal import Decimal
from typing import Any

import pytest

from channels_app.mirror.arrivals import IN_BULK, ONE_BY_ONE, Begun, Expected, matched
from channels_app.mirror.assign_runs import _runs, _worthwhile
from channels_app.mirror.channel_rows import change_channels, read_channels, store_channels
from channels_app.mirror.channel_targets import Edit, with_unknown
from channels_app.mirror.channel_values import FIELDS, number_here, number_there
from channels_app.mirror.limits import text_problem
from channels_app.mirror.names import names_here
from channels_app.models import Channel, ChannelProfile, StreamProfile
from channels_app.tests.lineup_fixtures import make_streams


def row(pk: int, name: str, *streams: int, auto: bool = False) -> Any:
    return {"id": pk, "name": name, "streams": list(streams), "auto_created": auto}


def edit(number: str | None, pk: int, **more: Any) -> Edit:
    return Edit(pk, pk, {"number": number, **more}, {"number": number, **more})


# Names


def test_the_oldest_of_equal_names_keeps_it() -> None:
    found = names_here([(9, "sport"), (3, "Sport"), (5, "News")], taken=[], longest=50)
    assert found == {3: "Sport", 5: "News", 9: "sport (#9)"}


def test_a_name_that_is_taken_or_too_long_gets_the_servers_number() -> None:
    assert names_here([(7, "Kids")], taken=["KIDS"], longest=50) == {7: "Kids (#7)"}
    assert names_here([(7, "x" * 30)], taken=[], longest=10) == {7: "xxxxx (#7)"}


def test_letters_beyond_ascii_are_as_different_here_as_for_the_database() -> None:
    assert names_here([(1, "ÄRZTE"), (2, "ärzte")], taken=[], longest=50) == {1: "ÄRZTE", 2: "ärzte"}


# Numbers


@pytest.mark.parametrize(
    ("there", "here"),
    [(101.0, "101"), (4.1, "4.1"), (0.1 + 0.2, "0.3"), (None, None), (7, "7"), (2.67501, "2.675"), (1e9, None), (-3.0, "-3")],
)
def test_numbers_are_written_as_operators_read_them(there: float | None, here: str | None) -> None:
    assert number_here(there) == here


@pytest.mark.parametrize("here", ["4.1", "38.1", "99999999.9999", "0.0001", "101", None])
def test_numbers_come_back_as_they_went(here: str | None) -> None:
    assert number_here(number_there(here)) == here


# Runs


def test_runs_are_whole_numbers_in_a_row_of_channels_that_change_nothing_else() -> None:
    edits = [edit(str(n), n) for n in (12, 10, 11, 20)]
    edits += [edit("13", 90, name="x"), edit("14.5", 91), edit(None, 92), Edit(93, 93, {"number": "13"}, {}, auto=True)]
    assert [[each.local_id for each in run] for run in _runs(edits)] == [[10, 11, 12], [20]]


@pytest.mark.parametrize(
    ("runs", "total", "taken"),
    [([300], 300, 1), ([300], 301, 0), ([600, 400], 1000, 2), ([600, 300], 1000, 1), ([9], 9, 0), ([20] * 50, 1000, 0)],
)
def test_a_run_is_taken_only_where_that_saves_requests(runs: list[int], total: int, taken: int) -> None:
    assert len(_worthwhile([[edit("1", 1)] * size for size in runs], total)) == taken


# Arrivals


def test_what_arrived_is_known_by_stream_and_name() -> None:
    expected = {1: Expected(("BBC", "My BBC"), 50), 2: Expected(("ITV",), 51), 3: Expected(("No stream",), None)}
    rows = [
        row(10, "Other", 50),
        row(11, "My BBC", 50, 60),
        row(12, "ITV", 51, auto=True),
        row(13, "No stream"),
        row(14, "BBC", 52),
    ]
    assert {pk: found["id"] for pk, found in matched(expected, rows).items()} == {1: 11, 3: 13}


def test_equal_ones_are_shared_out_and_a_name_of_today_counts_too() -> None:
    expected = {1: Expected(("Twin",), 5), 2: Expected(("Twin",), 5), 3: Expected(("Old",), 6)}
    rows = [row(20, "Twin", 5), row(21, "Twin", 5), row(22, "Twin", 5), row(23, "New", 6)]
    found = matched(expected, rows, {3: "New"})
    assert sorted(row["id"] for row in found.values()) == [20, 21, 23]


def test_what_was_begun_survives_being_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = Begun(IN_BULK, 77, 1000.0, accepted=False, rows={5: Expected(("a", "b"), 9), 6: Expected(("c",), None)})
    assert Begun.of(begun.details()) == begun
    monkeypatch.setattr("channels_app.mirror.arrivals.time.time", lambda: 1030.0)
    assert not begun.is_over()
    assert begun.is_over(partly=True)
    assert Begun(ONE_BY_ONE, 77, 1000.0, accepted=False, rows={}).is_over()
    monkeypatch.setattr("channels_app.mirror.arrivals.time.time", lambda: 1100.0)
    assert begun.is_over()
    assert not Begun(IN_BULK, 77, 1000.0, accepted=True, rows={}).is_over()
    monkeypatch.setattr("channels_app.mirror.arrivals.time.time", lambda: 10.0)
    assert begun.is_over(), "a clock that was set back must not make anything wait for years"


# Streams that nobody here knows


def test_unknown_streams_keep_their_places() -> None:
    assert with_unknown([3, 1], [(1, 2), (3, 4)]) == [3, 2, 1, 4]
    assert with_unknown([], [(4, 9)]) == [9]
    assert with_unknown([5, 5], []) == [5]


# What the server would refuse


def test_texts_that_the_server_would_refuse_are_told_before() -> None:
    assert "Shorten it" in text_problem("TVG-ID", "x" * 256, longest=255)
    assert text_problem("TVG-ID", "x" * 255, longest=255) == ""
    assert "Type it again" in text_problem("TVG-ID", "a\x00", longest=255)
    assert "Type it again" in text_problem("TVG-ID", "\ud800", longest=255)
    assert "needs a name" in text_problem("name", "  ", longest=255, required=True)


# Rows here


@pytest.mark.django_db
def test_a_stored_channel_reads_as_it_was_given() -> None:
    streams = [stream.pk for stream in make_streams(["a", "b", "c"])]
    profile = ChannelProfile.objects.create(name="Kids")
    locked = StreamProfile.objects.create(name="ffmpeg")
    given: dict[str, Any] = dict.fromkeys(FIELDS) | {
        "name": "One",
        "number": "4.1",
        "tvg_id": "one",
        "gracenote_id": "",
        "logo_url": "http://logos.test/1.png",
        "stream_profile": locked.pk,
        "is_hidden": True,
        "stream_ids": [streams[2], streams[0]],
        "profile_ids": [profile.pk],
    }
    [pk] = store_channels({7: given}, {}).values()
    assert read_channels([pk]) == read_channels() == {pk: given}
    channel = Channel.objects.get(pk=pk)
    assert (channel.number, channel.pinned_fields, channel.epg_locked, channel.no_epg) == (Decimal("4.1"), [], False, False)
    change_channels({pk: {"number": None, "stream_ids": [streams[0], streams[1]], "profile_ids": []}})
    assert read_channels([pk]) == {pk: given | {"number": None, "stream_ids": [streams[0], streams[1]], "profile_ids": []}}


@pytest.mark.django_db
def test_what_is_gone_by_now_is_left_out() -> None:
    """A transaction must not fail on a stream that was deleted a moment ago."""
    [stream] = make_streams(["a"])
    given: dict[str, Any] = dict.fromkeys(FIELDS, "") | {
        "number": None,
        "group": 99,
        "guide_entry": 99,
        "stream_profile": 99,
        "is_hidden": False,
        "stream_ids": [99, stream.pk],
        "profile_ids": [99],
    }
    [pk] = store_channels({1: given}, {1: {"uuid": "c54e53ca-cd96-4a85-9ce8-2a557be0d51e", "auto_created_by": 99}}).values()
    change_channels({pk: {"group": 98, "stream_ids": [stream.pk, 98]}, 12345: {"name": "nobody"}})
    found = read_channels([pk])[pk]
    assert (found["group"], found["guide_entry"], found["stream_profile"]) == (None, None, None)
    assert (found["stream_ids"], found["profile_ids"]) == ([stream.pk], [])


@pytest.mark.django_db
def test_a_uuid_that_another_channel_has_stays_with_it() -> None:
    other = Channel.objects.create(name="Other")
    given: dict[str, Any] = dict.fromkeys(FIELDS) | {
        "name": "New",
        "tvg_id": "",
        "gracenote_id": "",
        "logo_url": "",
        "is_hidden": False,
        "stream_ids": [],
        "profile_ids": [],
    }
    [pk] = store_channels({1: given}, {1: {"uuid": str(other.uuid)}}).values()
    assert Channel.objects.get(pk=pk).uuid != other.uuid
