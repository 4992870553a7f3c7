"""The journal as a file: CSV that no spreadsheet executes, and JSON; written as it is read, whatever its size (50 §16)."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from ecm_site.masking import mask_text
from tasks_app.clean_values import plain
from tasks_app.models import JournalEntry

COLUMNS = (
    "id",
    "timestamp",
    "category",
    "action_type",
    "entity_type",
    "entity_id",
    "entity_name",
    "description",
    "before_value",
    "after_value",
    "user_initiated",
    "user",
    "batch_id",
    "undoable",
    "undone_by",
)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_LINES_AT_ONCE = 200


def entry_shape(entry: JournalEntry) -> dict[str, Any]:
    """An entry as plain values: UTC with a trailing Z, secrets masked. Also what ``GET /api/journal`` answers with."""
    return {
        "id": entry.pk,
        "timestamp": _moment(entry.timestamp),
        "category": entry.category,
        "action_type": entry.action_type,
        "entity_type": entry.entity_type,
        "entity_id": entry.entity_id,
        "entity_name": mask_text(entry.entity_name),
        "description": mask_text(entry.description),
        "before_value": plain(entry.before_value, mask=True),
        "after_value": plain(entry.after_value, mask=True),
        "user_initiated": entry.user_initiated,
        "user": entry.user_name or None,
        "batch_id": entry.batch_id or None,
        "undoable": entry.undoable,
        "undone_by": entry.undone_by_id,
    }


def csv_lines(entries: Iterable[JournalEntry]) -> Iterator[str]:
    """Text of a CSV file, in pieces. It begins with a mark by which spreadsheets know UTF-8."""
    yield "\ufeff"
    piece = io.StringIO()
    writer = csv.writer(piece)
    writer.writerow(COLUMNS)
    for number, entry in enumerate(entries, 1):
        shape = entry_shape(entry)
        writer.writerow([_cell(shape[column]) for column in COLUMNS])
        if number % _LINES_AT_ONCE == 0:
            yield piece.getvalue()
            piece.seek(0)
            piece.truncate()
    yield piece.getvalue()


def json_lines(entries: Iterable[JournalEntry]) -> Iterator[str]:
    """Text of a JSON array, one entry a line, in pieces."""
    waiting: list[str] = []
    separator = "[\n"
    for entry in entries:
        waiting.append(json.dumps(entry_shape(entry), ensure_ascii=False))
        if len(waiting) >= _LINES_AT_ONCE:
            yield separator + ",\n".join(waiting)
            waiting.clear()
            separator = ",\n"
    if waiting:
        yield separator + ",\n".join(waiting)
        separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"


def _cell(value: Any) -> str:
    """Text of a cell. One that a spreadsheet would take for a formula gets an apostrophe in front; numbers are left."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = text.replace("\x00", "")
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
