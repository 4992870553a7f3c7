"""How a refresh deals with what changed: looked up together, compared while the lock is free, written in short turns."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from m3u_app import raw_sql, write_turns
from m3u_app.changes import sum_up
from m3u_app.changes.models import Change, StreamChangeKind
from m3u_app.entries import Entry, ItemSource
from m3u_app.importing import merge_streams, scan_source
from m3u_app.importing.compare_streams import COLUMNS, IDENTITY, Comparison, update_statement
from m3u_app.importing.import_source import import_source
from m3u_app.models import Account, Stream
from m3u_app.refresh_account import refresh_account
from m3u_app.tests.refreshing import FakeProvider, FileAccount, assert_adds_up, playlist_of
from m3u_app.write_turns import WriteTurns
from tasks_app.progress import NoProgress

NAME, NUMBER = COLUMNS.index("name"), COLUMNS.index("stream_chno")


def record_of(stream: Stream, **changes: Any) -> tuple[Any, ...]:
    """What reading would spool for ``stream``, its group at index 0."""
    values = {name: getattr(stream, name) for name in COLUMNS[1:]} | {"extras": "{}"} | changes
    return (0, *(values[name] for name in COLUMNS[1:]), bytes(stream.stream_hash), 77, stream.pk)


@pytest.fixture
def stream(acme: FileAccount) -> Stream:
    acme.refresh('#EXTM3U\n#EXTINF:-1 tvg-chno="5" group-title="G",A\nhttp://h/live/A.ts\n')
    return Stream.objects.get()


def test_of_a_stream_whose_words_stayed_only_the_mark_is_written(stream: Stream) -> None:
    (update,) = Comparison([stream.group_id or 0], "now").of([record_of(stream, stream_chno="5")])  # stored as a number
    assert (update.columns, update.values) == ((), (77, bytes(stream.stream_hash), stream.pk))
    assert "updated_at" not in update_statement(update.columns)


@pytest.mark.parametrize(("number", "differs"), [("5", False), ("5.0", False), ("5.1", True), (None, True)])
def test_numbers_are_compared_as_numbers(stream: Stream, number: str | None, differs: bool) -> None:
    (update,) = Comparison([stream.group_id or 0], "now").of([record_of(stream, stream_chno=number)])
    assert update.columns == ((NUMBER,) if differs else ())


def test_only_what_differs_is_written_and_said(stream: Stream) -> None:
    other = b"\x01" * 32
    record = (*record_of(stream, stream_chno="5", name="B")[:IDENTITY], other, 77, stream.pk)
    (update,) = Comparison([stream.group_id or 0], "now").of([record])
    assert update.columns == (NAME, IDENTITY)
    assert update.values == ("B", other, 77, "now", stream.pk)
    assert update.is_renamed
    assert update.notes == ((StreamChangeKind.RENAMED, stream.group_id, stream.pk, "B", "A", ""),)
    (silent,) = Comparison([stream.group_id or 0], "now", {stream.pk}).of([record])  # it had been missing
    assert silent.notes == ()


def test_a_row_that_went_meanwhile_is_left_alone(stream: Stream) -> None:
    record = record_of(stream, name="B")
    Stream.objects.all().delete()
    assert Comparison([1], "now").of([record]) == []


@pytest.mark.django_db
def test_comparing_asks_once_for_many(acme: FileAccount) -> None:
    def questions(count: int) -> int:
        acme.refresh(playlist_of(*(f"S{number}" for number in range(count))))
        streams = list(Stream.objects.filter(is_stale=False))
        with CaptureQueriesContext(connection) as captured:
            Comparison([streams[0].group_id or 0], "now").of([record_of(stream, name="X") for stream in streams])
        return len(captured)

    assert questions(2) == questions(40) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("read_ahead", [1, 7, 8000])
def test_changes_come_in_whatever_is_compared_at_once(
    acme: FileAccount, monkeypatch: pytest.MonkeyPatch, read_ahead: int
) -> None:
    names = [f"S{number}" for number in range(40)]
    acme.refresh(playlist_of(*names))
    monkeypatch.setattr(merge_streams, "READ_AHEAD", read_ahead)
    monkeypatch.setattr(write_turns, "FIRST", 3)
    monkeypatch.setattr(write_turns, "SMALLEST", 3)
    later = playlist_of(*names).replace(",S", ",New S")
    report = acme.refresh(later)
    assert (report.updated, report.created, report.unchanged) == (40, 0, 0)
    assert acme.names() == [f"New {name}" for name in names]
    assert acme.refresh().unchanged == 40


@pytest.mark.django_db
@pytest.mark.parametrize(("unknown", "batches"), [(1, 1), (3, 1000), (1000, 3), (1000, 1000)])
@pytest.mark.parametrize("batch", [1, 2, 500])
def test_it_does_not_matter_how_many_are_looked_up_together(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, unknown: int, batches: int, batch: int
) -> None:
    """The first of equal entries counts, wherever the others stand: in the same batch, or batches away."""
    account = Account.objects.create(name="Panel", account_type="XC", server_url="http://h", username="u")
    items = [{"name": f"S{number}", "url": f"http://h/{number}", "group": "G"} for number in range(12)]
    provider.items = items
    refresh_account(account.pk, progress=NoProgress())
    monkeypatch.setattr(scan_source, "_UNKNOWN_TOGETHER", unknown)
    monkeypatch.setattr(scan_source, "_BATCHES_TOGETHER", batches)
    monkeypatch.setattr(ItemSource, "BATCH", batch)
    renamed = items[1] | {"name": "Renamed"}
    fresh = {"name": "Fresh", "url": "http://h/fresh", "group": "G"}
    again, late = fresh | {"name": "Fresh again"}, items[10] | {"name": "Too late"}
    provider.items = [items[0], renamed, *items[2:9], fresh, items[1], items[10], again, late, items[11]]
    report = refresh_account(account.pk, progress=NoProgress())
    counts = (report.created, report.updated, report.unchanged, report.duplicate)
    assert counts == (1, 1, 10, 3)  # S1 as it was, "Fresh again" and "Too late" are second
    assert_adds_up(report)
    names = [*(f"S{number}" for number in range(12)), "Fresh"]
    names[1] = "Renamed"
    stored = Stream.objects.filter(account=account, is_stale=False).order_by("pk").values_list("name", flat=True)
    assert list(stored) == [name for name in names if name != "S9"]


@pytest.mark.django_db
def test_few_questions_find_the_unknown_of_many_batches(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account.objects.create(name="Panel", account_type="XC", server_url="http://h", username="u")
    monkeypatch.setattr(ItemSource, "BATCH", 10)

    def look_ups(items: Sequence[dict[str, Any]]) -> int:
        source = ItemSource(items, lambda item, report: Entry(**item))
        with CaptureQueriesContext(connection) as captured:
            import_source(source, account, started=account.created_at, progress=NoProgress())
        return sum("wanted(identity)" in query["sql"] for query in captured)

    items = [{"name": f"S{number}", "url": f"http://h/{number}", "group": "G"} for number in range(150)]
    look_ups(items)
    assert (
        look_ups([item | {"name": f"{item['name']}!"} if number % 10 == 0 else item for number, item in enumerate(items)]) == 1
    )


class Clock:
    """Takes the place of the time module: moves only when the test or a pause moves it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(write_turns, "time", clock)
    return clock


def pauses_between(clock: Clock, held: Sequence[float], free: Sequence[float]) -> list[float]:
    """Take turns that hold the lock for ``held`` seconds each, with ``free`` seconds of other work behind each."""
    turns = WriteTurns()
    for holds, works in zip(held, free, strict=True):
        with turns.turn():
            clock.now += holds
        clock.now += works
    return clock.pauses


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("held", "free", "pauses"),
    [
        ([0.1] * 4, [0.0] * 4, []),  # not yet due
        ([0.2] * 4, [0.0] * 4, [0.11]),
        ([0.2] * 4, [0.2] * 4, []),  # other work was pause enough
        ([0.1] * 8, [0.0, 0.0, 0.0, 0.2, 0.0, 0.0, 0.0, 0.0], []),  # and counts from then on
        ([0.1] * 3, [0.0, 0.08, 0.0], [0.03]),  # nearly enough: the rest is cheaper now
        ([0.01] * 3, [0.06, 0.06, 0.06], []),  # but not when the last pause is just over
    ],
)
def test_work_without_the_lock_counts_as_a_pause(
    clock: Clock, held: list[float], free: list[float], pauses: list[float]
) -> None:
    assert pauses_between(clock, held, free) == pytest.approx(pauses)


@pytest.mark.django_db(transaction=True)
def test_the_log_is_kept_small_also_when_no_pause_is_needed(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints: list[float] = []
    monkeypatch.setattr(write_turns, "checkpoint", lambda: checkpoints.append(clock.now))
    assert pauses_between(clock, [0.2] * 20, [0.2] * 20) == []
    assert len(checkpoints) >= 4  # one about every CHECKPOINT_EVERY seconds


@pytest.mark.django_db(transaction=True)
def test_a_long_list_of_changes_is_summed_up_in_portions(acme: FileAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    portions: list[int] = []
    write = raw_sql.execute_many

    def counted(sql: str, rows: list[tuple[Any, ...]]) -> int:
        portions.append(len(rows))
        return write(sql, rows)

    monkeypatch.setattr(sum_up, "NAMES_A_TURN", 5)
    monkeypatch.setattr(sum_up, "CHANGES_A_TURN", 3)
    acme.refresh(playlist_of("A@Old"))
    monkeypatch.setattr(sum_up, "execute_many", counted)
    acme.refresh(
        playlist_of("A@Old", *(f"S{number}@Old" for number in range(8)), *(f"T{number}@G{number}" for number in range(7)))
    )
    changes = Change.objects.filter(baseline=False).order_by("pk")
    assert list(changes.values_list("group_name", "count")) == [("Old", 8), *((f"G{number}", 1) for number in range(7))]
    assert portions == [1, 3, 3, 1]  # eight names are a portion of their own
