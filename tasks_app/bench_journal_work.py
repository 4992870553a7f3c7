"""What ``bench journal`` does in its own process: fills a journal, then takes times. Works on a scratch data folder only."""

import os
import random
import secrets
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test import Client, override_settings

from tasks_app import journal_index, journal_purge
from tasks_app.bench_journal import WRITES
from tasks_app.journal import Actor, acting_as, build_entry, log_entries, log_entry, new_batch_id
from tasks_app.journal_export import csv_lines
from tasks_app.journal_filter import JournalFilter
from tasks_app.journal_pages import journal_page
from tasks_app.journal_walk import walk
from tasks_app.models import JournalEntry
from tasks_app.write_turns import WriteTurns

_DAYS = 90
_CHUNK = 20_000
_WORDS = (
    "Sport", "News", "Movie", "Kids", "Music", "HD", "UHD", "East", "West", "Prime", "Max", "One", "Two", "Plus", "Gold",
    "Sky", "Fox", "Arena", "Nature", "Discovery", "History", "Cinema", "Action", "Comedy", "Drama", "Live",
)  # fmt: skip
_KINDS = (
    ("channel", "update", 30), ("channel", "create", 20), ("channel", "stream_add", 20), ("channel", "delete", 5),
    ("m3u", "refresh", 5), ("m3u", "update", 1), ("epg", "refresh", 5), ("task", "start", 6), ("task", "complete", 6),
    ("task", "fail", 0.5), ("settings", "update", 1), ("auth", "login", 0.5),
)  # fmt: skip
_COLUMNS = (
    "timestamp, category, action_type, entity_type, entity_id, entity_name, description, before_value, after_value,"
    " user_initiated, user_name, batch_id, leads, undoable"
)
_INSERT = f"INSERT INTO {{table}}({_COLUMNS}) VALUES ({', '.join(['%s'] * 14)})"  # noqa: S608 - fixed names
_PLAIN_FILES = "django.contrib.staticfiles.storage.StaticFilesStorage"  # collected files may be missing or old here
_EXPORT_ROWS = 100_000
_PURGE_SHARE = 0.05


def measure(entries: int, rounds: int, seed: int) -> dict[str, Any]:
    """Seconds by what was done; see :mod:`tasks_app.bench_journal` for what they mean."""
    pick = random.Random(seed)  # noqa: S311 - not for secrets
    fill(entries, pick)
    journal_index.catch_up(seconds=3600)
    found: dict[str, Any] = {}
    _writes(found, pick)
    _index(found)
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": {"BACKEND": _PLAIN_FILES}}):
        found["pages"] = _pages(entries, rounds)
    _searches(found, pick)
    _export(found)
    _purge(found)
    found["megabytes"] = Path(str(connection.settings_dict["NAME"])).stat().st_size / 1_048_576
    return found


def fill(entries: int, pick: random.Random) -> None:
    """Write ``entries`` rows spread over 90 days, with bulk operations of 5 to 20,000 entries among them."""
    rows = _rows(entries, pick)
    while True:
        portion = [row for row, _ in zip(rows, range(_CHUNK), strict=False)]
        if not portion:
            return
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(_INSERT.format(table="tasks_app_journalentry"), portion)


def _rows(entries: int, pick: random.Random) -> Iterator[tuple[Any, ...]]:
    start = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=_DAYS)
    step = timedelta(days=_DAYS) / max(1, entries)
    weights = [kind[2] for kind in _KINDS]
    batch, left = "", 0
    for number in range(entries):
        category, action, _ = pick.choices(_KINDS, weights)[0]
        leads = True
        if left:
            left, leads = left - 1, False
            category, action = "channel", "update"
        elif pick.random() < 0.002:
            batch, left = secrets.token_hex(4), pick.choice((5, 20, 100, 1000, 1000, 20_000)) - 1
            category, action = "channel", "update"
        else:
            batch = ""
        at = (start + number * step).strftime("%Y-%m-%d %H:%M:%S.%f")
        yield (at, category, action, *_words(pick), pick.random() < 0.7, "alice", batch, leads, category == "channel")


def _words(pick: random.Random) -> tuple[Any, ...]:
    name = f"{pick.choice(_WORDS)} {pick.choice(_WORDS)} {pick.randrange(100_000)}"
    number = pick.randrange(9999)
    sentence = f"Changed {name}: number from {number} to {number + 1}"
    before, after = f'{{"name": "{name}", "number": {number}}}', f'{{"name": "{name}", "number": {number + 1}}}'
    return "channel", pick.randrange(20_000), name, sentence, before, after


def _writes(found: dict[str, Any], pick: random.Random) -> None:
    _make_twin()
    rows = list(_rows(WRITES, pick))
    insert = _INSERT.format(table="bench_plain")  # the same columns and indexes, no triggers and no Django

    def plain() -> None:
        for row in rows:
            with connection.cursor() as cursor:
                cursor.execute(insert, row)

    def at_once() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(insert, rows)

    def singly() -> None:
        for row in rows:
            log_entry("channel", "update", entity_type="channel", entity_id=row[4], entity_name=row[5], description=row[6],
                      before={"number": 1}, after={"number": 2}, undoable=True)  # fmt: skip

    def together() -> None:
        batch = new_batch_id()
        log_entries(
            [
                build_entry("channel", "update", entity_type="channel", entity_id=row[4], entity_name=row[5],
                            description=row[6], before={"number": 1}, after={"number": 2}, undoable=True, batch_id=batch)
                for row in rows
            ]
        )  # fmt: skip

    found["floor_one"], _ = _timed(plain)
    found["floor_many"], _ = _timed(at_once)
    with acting_as(Actor(None, "alice")):
        found["write_one"], found["write_one_cpu"] = _timed(singly)
        found["write_many"], _ = _timed(together)


def _make_twin() -> None:
    """A table like the journal with the same indexes, but nothing beside it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE tbl_name = 'tasks_app_journalentry' AND type <> 'trigger'")
        made = [(name, sql) for name, sql in cursor.fetchall() if sql]
        for name, sql in sorted(made, key=lambda pair: not pair[1].startswith("CREATE TABLE")):
            cursor.execute(
                sql.replace("tasks_app_journalentry", "bench_plain").replace(f'INDEX "{name}"', f'INDEX "bench_{name}"')
            )


def _index(found: dict[str, Any]) -> None:
    """Two times WRITES entries wait by now; the time is that of one."""
    longest: list[float] = []
    with _WatchedTurns(longest):
        seconds, _ = _timed(lambda: journal_index.catch_up(seconds=3600))
    found["index"], found["index_turn"] = seconds / 2, max(longest)


def _pages(entries: int, rounds: int) -> dict[str, dict[str, list[float]]]:
    user = get_user_model().objects.create_superuser("bench", password=secrets.token_hex(8))
    client = Client()
    client.force_login(user)
    half = entries // 50 // 2
    addresses = {
        "page 1": "/journal/",
        "page 1, every entry": "/journal/?every=1",
        "page in the middle": f"/journal/?every=1&page={half}",
        "one category": "/journal/?category=m3u",
        "category and action, deep": "/journal/?category=channel&action=create&page=500",
        "last 30 days, by people, deep": "/journal/?range=month&origin=person&every=1&page=1000",
        "common text": "/journal/?q=sport",
        "rare text": "/journal/?q=nature+4711",
        "text and category": "/journal/?q=sport&category=auth",
        "two letters": "/journal/?q=ki",
        "GET /api/journal, page in the middle": f"/api/journal?page={half}",
        "GET /api/journal/stats": "/api/journal/stats",
    }
    times: dict[str, dict[str, list[float]]] = {}
    for name, address in addresses.items():
        taken: dict[str, list[float]] = {"seconds": [], "cpu": []}
        client.get(address)  # templates and SQLite's cache
        for _ in range(rounds):
            seconds, cpu = _timed(lambda address=address: _get(client, address))  # type: ignore[misc]
            taken["seconds"].append(seconds)
            taken["cpu"].append(cpu)
        times[name] = taken
    return times


def _get(client: Client, address: str) -> None:
    answer = client.get(address)
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answers {answer.status_code}")


def _searches(found: dict[str, Any], pick: random.Random) -> None:
    texts = [f"{pick.choice(_WORDS)} {pick.randrange(10_000, 99_999)}" for _ in range(30)]
    found["search"] = [_timed(lambda text=text: journal_page(JournalFilter(text=text), number=1, size=50))[0] for text in texts]  # type: ignore[misc]
    scans = [
        _timed(lambda text=text: JournalEntry.objects.filter(description__contains=text).order_by().count())[0]  # type: ignore[misc]
        for text in texts[:3]
    ]
    found["scan"] = sorted(scans)[1]


def _export(found: dict[str, Any]) -> None:
    def write() -> None:
        with Path(os.devnull).open("w") as nowhere:
            for piece in csv_lines(entry for entry, _ in zip(walk(JournalFilter()), range(_EXPORT_ROWS), strict=False)):
                nowhere.write(piece)

    found["export"], _ = _timed(write)
    found["export_rows"] = min(_EXPORT_ROWS, JournalEntry.objects.count())


def _purge(found: dict[str, Any]) -> None:
    cutoff = datetime.now(UTC) - timedelta(days=_DAYS * (1 - _PURGE_SHARE))
    longest: list[float] = []
    found["purge_rows"] = journal_purge.count_before(cutoff)
    with _WatchedTurns(longest):
        found["purge"], _ = _timed(lambda: journal_purge.delete_before(cutoff))
    found["purge_turn"] = max(longest)


class _WatchedTurns:
    """Notes the longest turn of every :class:`WriteTurns` used inside the block."""

    def __init__(self, longest: list[float]) -> None:
        self._longest = longest
        self._turn = WriteTurns.turn

    def __enter__(self) -> None:
        from contextlib import contextmanager

        original, longest = self._turn, self._longest

        @contextmanager
        def noting(turns: WriteTurns) -> Iterator[Any]:
            with original(turns) as turn:
                yield turn
            longest.append(turns.longest)

        WriteTurns.turn = noting  # type: ignore[method-assign, assignment]

    def __exit__(self, *error: object) -> None:
        WriteTurns.turn = self._turn  # type: ignore[method-assign]


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock and of the processor."""
    started, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - cpu
