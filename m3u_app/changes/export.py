"""Changes for programs: CSV that no spreadsheet executes, and plain values; written as they are read (20 §10.4)."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from m3u_app.changes.models import Change, ChangeType, StreamChange
from m3u_app.changes.sum_up import kinds_behind

COLUMNS = (
    "time",
    "account",
    "change",
    "group",
    "former_group",
    "group_enabled",
    "first_look",
    "count",
    "stream",
    "before",
    "after",
    "channels",
)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
CHUNK = 100
NAMES_LISTED = 1000


def csv_lines(changes: Iterable[Change]) -> Iterator[str]:
    """Text of a CSV file, in pieces: a line per stream, or one for a change without listed streams."""
    yield "\ufeff"  # by this spreadsheets know UTF-8
    yield _written([COLUMNS])
    for portion in _portions(changes):
        streams = _streams_of(portion)
        for change in portion:
            head = [
                change.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
                change.account.name,
                ChangeType(change.change_type).label,
                change.group_name,
                change.former_name,
                "yes" if change.enabled else "no",
                "yes" if change.baseline else "",
                str(change.count),
            ]
            rows = streams.get((change.batch_id, change.group_id, change.change_type), [])
            tails = [[row.name, row.before, row.after, ", ".join(str(use[1]) for use in row.used_by)] for row in rows]
            yield _written([*head, *tail] for tail in tails or [["", "", "", ""]])


def change_shape(change: Change, names: Sequence[str]) -> dict[str, Any]:
    """A change as plain values (20 §10.3)."""
    return {
        "id": change.pk,
        "account_id": change.account_id,
        "account": change.account.name,
        "change_time": moment(change.at),
        "change_type": change.change_type,
        "group_name": change.group_name,
        "former_group_name": change.former_name or None,
        "stream_names": list(names),
        "count": change.count,
        "enabled": change.enabled,
        "baseline": change.baseline,
        "in_use": change.in_use,
        "snapshot_id": change.batch_id,
    }


def shapes(changes: Iterable[Change]) -> Iterator[dict[str, Any]]:
    """:func:`change_shape` of each, with up to NAMES_LISTED names; renamed and moved ones as "old → new"."""
    for portion in _portions(changes):
        streams = _streams_of(portion)
        for change in portion:
            rows = streams.get((change.batch_id, change.group_id, change.change_type), [])
            yield change_shape(change, [described(row) for row in rows[:NAMES_LISTED]])


def described(row: StreamChange) -> str:
    """ "ESPN → ESPN HD" for what was renamed, "ESPN (Sports → News)" for what changed otherwise, else the name."""
    if row.before and not row.after:
        return f"{row.before} → {row.name}"
    return f"{row.name} ({row.before} → {row.after})" if row.before else row.name


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _portions(changes: Iterable[Change]) -> Iterator[list[Change]]:
    portion: list[Change] = []
    for change in changes:
        portion.append(change)
        if len(portion) >= CHUNK:
            yield portion
            portion = []
    if portion:
        yield portion


def _streams_of(changes: Sequence[Change]) -> dict[tuple[int, int, str], list[StreamChange]]:
    """The streams behind each change; a query per batch and type that occur, not per change."""
    wanted: dict[tuple[int, str], set[int]] = {}
    for change in changes:
        if not change.baseline or change.change_type != ChangeType.GROUP_ADDED:
            wanted.setdefault((change.batch_id, change.change_type), set()).add(change.group_id)
    found: dict[tuple[int, int, str], list[StreamChange]] = {}
    for (batch_id, change_type), group_ids in wanted.items():
        kinds = kinds_behind(change_type)
        if not kinds:
            continue
        rows = StreamChange.objects.filter(batch_id=batch_id, kind__in=kinds, group_id__in=group_ids).order_by("id")
        for row in rows:
            found.setdefault((batch_id, row.group_id, change_type), []).append(row)
    return found


def _written(rows: Iterable[Sequence[str]]) -> str:
    piece = io.StringIO()
    csv.writer(piece).writerows([_cell(value) for value in row] for row in rows)
    return piece.getvalue()


def _cell(text: str) -> str:
    """A cell that a spreadsheet would take for a formula gets an apostrophe in front."""
    text = text.replace("\x00", "")
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text
