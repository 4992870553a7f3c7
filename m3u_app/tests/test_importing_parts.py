"""Single parts of the importer: identity, marks, the spool, sharing the write lock, who uses streams."""

import hashlib
import json
import threading
import time
from typing import Any

import pytest
from django.db import connection, connections, transaction

from m3u_app import write_turns
from m3u_app.entries import Entry, ReadReport, channel_number, content_mark, content_marks, mark_key, storable
from m3u_app.importing.identity import identity_maker
from m3u_app.importing.import_report import RefreshReport
from m3u_app.importing.spool import Spool
from m3u_app.models import Account
from m3u_app.raw_sql import bulk_writing, insert_many, read_rows
from m3u_app.stream_users import announce_removal, used_streams
from m3u_app.tests.refreshing import Users
from m3u_app.write_turns import WriteTurns

ENTRY = Entry('Täst "1"', "http://h/ü?a=\\1", tvg_id="t", group="G")


@pytest.mark.parametrize(
    ("fields", "entry", "parts"),
    [
        (("url",), ENTRY, {"account": 7, "url": ENTRY.url}),
        (("url",), ENTRY._replace(identity_key="é5"), {"account": 7, "stream_id": "é5"}),
        (("group", "name"), ENTRY, {"account": 7, "name": ENTRY.name, "group": "G"}),
        (("tvg_id", "url"), ENTRY._replace(identity_key="5"), {"account": 7, "tvg_id": "t", "stream_id": "5"}),
    ],
)
def test_the_identity_is_the_hash_of_a_json_object_with_sorted_keys(
    fields: tuple[str, ...], entry: Entry, parts: dict[str, Any]
) -> None:
    expected = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).digest()
    assert identity_maker(7, fields)(entry) == expected


def test_marks_depend_on_text_and_key_and_are_never_zero() -> None:
    key, other = mark_key(b"s", "1"), mark_key(b"s", "2")
    assert content_marks([b"a", b"b"], key) == [content_mark(b"a", key), content_mark(b"b", key)]
    assert len({content_mark(b"a", key), content_mark(b"b", key), content_mark(b"a", other)}) == 3
    assert mark_key(b"s", "ab", "c") != mark_key(b"s", "a", "bc")
    assert -(2**63) <= content_mark(b"a", key) < 2**63


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, "7"),
        ("2.10", "2.1"),
        (2.5, "2.5"),
        (None, None),
        ("None", None),
        ("", None),
        (" 12 ", "12"),
        ("١٢", None),
        (True, None),
    ],
)
def test_channel_numbers_come_in_many_forms(value: object, number: str | None) -> None:
    assert channel_number(value) == number


def test_storable_leaves_good_entries_alone() -> None:
    assert storable(ENTRY) is ENTRY
    assert storable(ENTRY._replace(name="a\0b\udfff")).name == "ab?"


def test_a_report_keeps_a_few_short_samples_and_all_counts() -> None:
    report = ReadReport()
    for number in range(50):
        report.drop("bad_url", line=number, text="x" * 1000)
    assert report.dropped == {"bad_url": 50}
    assert [(line, len(text)) for line, text in report.samples["bad_url"]] == [(number, 160) for number in range(5)]


def test_samples_are_masked_in_the_refresh_report() -> None:
    read = ReadReport(seen=1)
    read.drop("bad_url", line=3, text="ftp://h/x?password=s3cret")
    report = RefreshReport(1)
    report.take_drops(read)
    assert "s3cret" not in json.dumps(report.as_json())


def test_the_spool_gives_back_what_it_got_in_order() -> None:
    with Spool() as spool:
        assert list(spool.chunks()) == []
        spool.extend([("a", 1, None, b"\0"), ("ü", 2**62, None, b"")])
        spool.extend([("c", -1, True, b"x")])
        assert spool.count == 3
        assert [record for chunk in spool.chunks() for record in chunk] == [
            ("a", 1, None, b"\0"),
            ("ü", 2**62, None, b""),
            ("c", -1, True, b"x"),
        ]


@pytest.mark.django_db
@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
def test_many_rows_go_in_whatever_their_number(count: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE pairs (a INTEGER UNIQUE, b TEXT)")
        try:
            rows = [(number, f"%s {number}") for number in range(count)]
            assert insert_many("INSERT INTO pairs (a, b)", rows) == count
            assert insert_many("INSERT INTO pairs (a, b)", rows, " ON CONFLICT DO NOTHING") == 0
            assert list(read_rows("SELECT a, b FROM pairs ORDER BY a")) == rows
        finally:
            cursor.execute("DROP TABLE pairs")


@pytest.mark.django_db(transaction=True)
def test_tuning_for_bulk_writing_is_taken_back() -> None:
    def pragma(name: str) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA {name}")
            return cursor.fetchone()[0]

    before = (pragma("mmap_size"), pragma("wal_autocheckpoint"))
    assert before[0] > 0
    inside: list[tuple[Any, Any]] = []

    def fail() -> None:
        with bulk_writing():
            inside.append((pragma("mmap_size"), pragma("wal_autocheckpoint")))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert inside == [(0, 0)]
    assert (pragma("mmap_size"), pragma("wal_autocheckpoint")) == before


@pytest.mark.django_db(transaction=True)
def test_turns_follow_the_speed_of_the_machine_and_stay_in_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = WriteTurns()
    with turns.turn(write_turns.FIRST):
        pass
    assert turns.size == write_turns.FIRST * 2  # quick: twice as many, not a thousand times
    for _ in range(10):
        with turns.turn(turns.size):
            pass
    assert turns.size == write_turns.LARGEST
    monkeypatch.setattr(write_turns, "HOLD_TARGET", 0.000_000_1)
    with turns.turn(turns.size):
        time.sleep(0.01)
    assert turns.size == write_turns.SMALLEST


@pytest.mark.django_db(transaction=True)
def test_another_writer_gets_its_turn_during_a_long_series() -> None:
    """The waiting connection sleeps up to 100 ms between looks: without gaps it would miss every short pause."""
    account = Account.objects.create(name="Acme")
    over = threading.Event()
    waits: list[float] = []

    def write_too() -> None:
        try:
            while not over.is_set():
                started = time.monotonic()
                with transaction.atomic():
                    Account.objects.filter(pk=account.pk).update(priority=len(waits))
                waits.append(time.monotonic() - started)
                time.sleep(0.02)
        finally:
            connections.close_all()

    other = threading.Thread(target=write_too)
    other.start()
    turns = WriteTurns()
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        with turns.turn():
            Account.objects.filter(pk=account.pk).update(max_streams=1)
            time.sleep(0.05)
    over.set()
    other.join()
    assert len(waits) >= 4  # at least one a gap; without gaps it is a matter of luck


@pytest.mark.django_db
def test_users_of_streams_are_asked_and_told_together(users: Users) -> None:
    users.ids = {1, 3}
    assert used_streams([1, 2]) == {1}
    with transaction.atomic():
        announce_removal([1, 2], "because", "batch")
    assert users.told == [({1, 2}, "because", "batch")]
