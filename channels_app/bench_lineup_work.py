"""What ``bench lineup`` does in its own process: makes a lineup, then takes times. Works on a scratch data folder only."""

import gc
import json
import random
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client, override_settings
from django.utils import timezone

from channels_app.drafts import switching
from channels_app.drafts.commit_draft import commit_draft
from channels_app.drafts.entity_changes import entity_changes
from channels_app.drafts.lives import open_draft
from channels_app.drafts.moving import undo
from channels_app.drafts.steps import record
from channels_app.drafts.storage import path_of
from channels_app.drafts.switching import working_in
from channels_app.models import Channel, ChannelGroup, ChannelStream, Draft, DraftState
from channels_app.write_changes import ChannelChange, write_changes
from m3u_app.models import Stream
from tasks_app.undo import undo_batch

_GROUPS = 200
_SHARE_OF_BIGGEST = 0.1
_STREAMS_EACH = 5
_EDITS = 200  # staged one by one for the percentile; the rest goes in one step
_PLAIN_FILES = "django.contrib.staticfiles.storage.StaticFilesStorage"  # collected files may be missing or old here
_HTMX = {"HX-Request": "true"}


def measure(channels: int, operations: int, rounds: int, seed: int) -> dict[str, Any]:
    """Seconds by what was done; see :mod:`channels_app.bench_lineup` for what they mean."""
    pick = random.Random(seed)  # noqa: S311 - not for secrets
    biggest = _fill(channels, pick)
    found: dict[str, Any] = {
        "groups": ChannelGroup.objects.count(),
        "biggest": Channel.objects.filter(group_id=biggest).count(),
        "links": ChannelStream.objects.count(),
        "staged": operations,
    }
    user = get_user_model().objects.create_superuser("bench", password=secrets.token_hex(8))
    client = Client()
    client.force_login(user)
    ids = list(Channel.objects.order_by("pk").values_list("pk", flat=True))
    chosen = pick.sample(ids, min(operations, len(ids)))
    gc.collect()
    gc.freeze()  # as the web server does before it serves
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": {"BACKEND": _PLAIN_FILES}}):
        found["pages"] = {"live": _pages(client, biggest, rounds)}
        found["live_edits"] = [_edit(client, pk, "live") for pk in chosen[:_EDITS]]
        found["open"], draft = _timed(lambda: open_draft(user))
        found["edits"] = [_edit(client, pk, "staged") for pk in chosen[:_EDITS]]
        found["undos"] = [_timed(lambda: _undo_one(draft))[0] for _ in range(min(20, len(chosen)))]
        _stage_rest(draft, chosen, found)
        found["pages"]["draft"] = _pages(client, biggest, rounds)
        found["exit"] = [_timed(lambda: _get(client, "/channels/draft/exit/"))[0] for _ in range(rounds)]
    found["draft_megabytes"] = path_of(draft.file_name).stat().st_size / 1_048_576
    found["floor"] = _floor(chosen)
    _commit(draft, found)
    found["api"] = _api(client, chosen)
    return found


# --- making -----------------------------------------------------------------------------------------------------------


def _fill(channels: int, pick: random.Random) -> int:
    """Groups, channels and their streams; returns the biggest group."""
    groups = ChannelGroup.objects.bulk_create([ChannelGroup(name=f"Group {place:03}") for place in range(_GROUPS)])
    streams = list(Stream.objects.order_by("pk").values_list("pk", "name"))
    rows = []
    for place in range(channels):
        in_biggest = place < channels * _SHARE_OF_BIGGEST
        group = groups[0] if in_biggest else groups[1 + place % (_GROUPS - 1)]
        name = streams[place * 7 % len(streams)][1] if streams else f"Channel {place}"
        rows.append(Channel(name=name[:500], number=Decimal(place + 1), group=group, tvg_id=f"ch{place}.example"))
    Channel.objects.bulk_create(rows, batch_size=500)
    made = list(Channel.objects.order_by("pk").values_list("pk", flat=True))
    links = (
        ChannelStream(channel_id=pk, stream_id=streams[(place * _STREAMS_EACH + nth) % len(streams)][0], position=nth + 1)
        for place, pk in enumerate(made)
        for nth in range(min(_STREAMS_EACH, len(streams)))
    )
    ChannelStream.objects.bulk_create(links, batch_size=2000)
    pick.shuffle(made)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return groups[0].pk


# --- pages ------------------------------------------------------------------------------------------------------------


def _pages(client: Client, biggest: int, rounds: int) -> dict[str, dict[str, Any]]:
    addresses = {
        "first view": "/channels/",
        "biggest group opened": f"/channels/?open={biggest}&all=1",
        "its next rows": f"/channels/groups/{biggest}/rows/?offset=200",
        "search, channels": "/channels/tree/?q=sport",
        "search, streams": "/channels/streams/?sq=sport",
        "filter: no logo, no guide": "/channels/tree/?missing=logo&missing=guide",
    }
    return {name: _page(client, address, rounds) for name, address in addresses.items()}


def _page(client: Client, address: str, rounds: int) -> dict[str, Any]:
    _get(client, address)  # templates and SQLite's cache
    with _counting_queries() as asked:
        size = _get(client, address)
    return {
        "seconds": [_timed(lambda: _get(client, address))[0] for _ in range(rounds)],
        "queries": len(asked),
        "bytes": size,
    }


def _get(client: Client, address: str) -> int:
    answer = client.get(address, headers={} if address in ("/channels/",) or "open=" in address else _HTMX)
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answers {answer.status_code}")
    return len(answer.content)


@contextmanager
def _counting_queries() -> Iterator[list[str]]:
    """Statements of the main connection and, where pages work in a draft, of the draft's connection."""
    asked: list[str] = []

    def note(execute: Callable[..., Any], sql: str, *values: Any) -> Any:
        asked.append(sql)
        return execute(sql, *values)

    def watched(draft: Draft, real: BaseDatabaseWrapper) -> switching.DraftDatabase:
        own = connect(draft, real)
        own.execute_wrappers.append(note)
        return own

    connect = switching._connection_to
    with connections["default"].execute_wrapper(note), patch.object(switching, "_connection_to", watched):
        yield asked


# --- staging ----------------------------------------------------------------------------------------------------------


def _edit(client: Client, pk: int, word: str) -> float:
    seconds, answer = _timed(lambda: client.post(f"/channels/{pk}/name/", {"value": f"{word} {pk}"}, headers=_HTMX))
    if answer.status_code != 204:
        raise RuntimeError(f"Renaming answers {answer.status_code}")
    return seconds


def _undo_one(draft: Draft) -> None:
    with working_in(draft):
        undo(1)


def _stage_rest(draft: Draft, chosen: list[int], found: dict[str, Any]) -> None:
    """What is not renamed yet gets a new name and a new number, in one step."""

    def stage() -> None:
        with record(draft, "Bench"):
            rows = Channel.objects.in_bulk(chosen).values()
            write_changes(
                [
                    ChannelChange(
                        row.pk,
                        {"name": row.name, "number": row.number},
                        {"name": f"Staged {row.pk}", "number": (row.number or Decimal(0)) + 50_000},
                    )
                    for row in rows
                ]
            )

    found["batch"], _ = _timed(stage)
    found["net"] = min(_timed(lambda: entity_changes(draft))[0] for _ in range(5))


# --- commit -----------------------------------------------------------------------------------------------------------


def _floor(chosen: list[int]) -> float:
    """The least that a commit must do, on tables without indexes of ours: read, write and note every row."""
    channels = Channel._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE bench_channels AS SELECT * FROM {channels}")  # noqa: S608 - our own names
        cursor.execute("CREATE UNIQUE INDEX bench_channels_id ON bench_channels(id)")
        cursor.execute("CREATE TABLE bench_journal(id INTEGER PRIMARY KEY, name TEXT, before TEXT, after TEXT)")

    def work() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            rows = []
            for pk in chosen:
                cursor.execute("SELECT name, number FROM bench_channels WHERE id = %s", [pk])
                rows.append((pk, *cursor.fetchone()))
            stamp = str(timezone.now())
            cursor.executemany(
                "UPDATE bench_channels SET name = %s, number = %s, updated_at = %s WHERE id = %s",
                [(f"Floor {pk}", number, stamp, pk) for pk, _, number in rows],
            )
            cursor.executemany(
                "INSERT INTO bench_journal(name, before, after) VALUES (%s, %s, %s)",
                [(name, json.dumps({"name": name}), json.dumps({"name": f"Floor {pk}"})) for pk, name, _ in rows],
            )

    return _timed(work)[0]


def _commit(draft: Draft, found: dict[str, Any]) -> None:
    Draft.objects.filter(pk=draft.pk).update(state=DraftState.COMMITTING)
    draft.refresh_from_db()
    found["commit"], done = _timed(lambda: commit_draft(draft))
    found["locked"] = done.locked_seconds
    found["undo_batch"], report = _timed(lambda: undo_batch(done.batch_id))
    if report.conflicts:
        raise RuntimeError(report.conflicts[0])


def _api(client: Client, chosen: list[int]) -> float:
    operations = [{"type": "updateChannel", "channelId": pk, "data": {"name": f"Program {pk}"}} for pk in chosen]
    body = {"operations": operations}
    seconds, answer = _timed(lambda: client.post("/api/channels/bulk-commit", body, content_type="application/json"))
    if not answer.json()["success"]:
        raise RuntimeError(answer.content[:500].decode())
    return seconds


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result
