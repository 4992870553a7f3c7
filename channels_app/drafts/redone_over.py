"""What steps that were done again have put over the server's newer values (10 §13.4, §13.5).

While a step is undone its rows follow the server. Done again, it brings the draft's values back: that is what was asked for,
but whoever asks should know that somebody else has been there. Nothing is lost: finishing the draft shows both.
"""
# ruff: noqa: S608 - statements are put together from names of our own tables and columns, never from values

import json
from collections.abc import Collection, Sequence

from django.db import connection

from channels_app.chunks import chunked
from channels_app.drafts.marks import CONFLICT, GONE, row_marks
from channels_app.drafts.storage import LIVE
from channels_app.drafts.tables import (
    CHANNELS,
    GROUPS,
    LOGOS,
    MEMBERSHIPS,
    PROFILES,
    SKIPPED,
    STREAM_PROFILES,
    STREAMS,
    columns_of,
    quoted,
)
from channels_app.models import Channel, DraftChange, DraftStep
from ecm_site.wording import counted, shortened

_NAMED = 3
_OTHERS = {GROUPS: "name", PROFILES: "name", STREAM_PROFILES: "name", LOGOS: "name"}
_OWN_BOOKS = {"updated_at", "checked_at"}  # change by themselves


def changed_meanwhile(steps: Sequence[DraftStep]) -> list[str]:
    """Names of what these steps, which stand, change and the server changed or deleted, too. Call inside the draft."""
    if not steps:
        return []
    ids = [step.pk for step in steps]  # neighbours: what is undone is newer than what stands
    changes = DraftChange.objects.filter(step_id__range=(min(ids), max(ids)))
    touched: dict[str, set[int]] = {}
    for table, row_id, parent_id in changes.values_list("table", "row_id", "parent_id"):
        name, key = (CHANNELS.name, parent_id) if table in (STREAMS.name, MEMBERSHIPS.name) else (table, row_id)
        if key is not None:
            touched.setdefault(name, set()).add(key)
    found = _channels(touched.get(CHANNELS.name, ()))
    for other, column in _OTHERS.items():
        found += _others(other.name, column, touched.get(other.name, ()))
    return found


def sentence_about(names: Sequence[str]) -> str:
    """A warning for people; "" without names."""
    if not names:
        return ""
    shown = ", ".join(f"“{shortened(name, 40)}”" for name in names[:_NAMED])
    if len(names) == 1:
        return f"{shown} was changed on the server meanwhile, too. Finishing shows both, and you choose."
    what = shown if len(names) <= _NAMED else f"{shown} and {counted(len(names) - _NAMED, 'other')}"
    return f"{what} were changed on the server meanwhile, too. Finishing shows both, and you choose."


def _channels(ids: Collection[int]) -> list[str]:
    found: list[str] = []
    for portion in chunked(sorted(ids)):
        marked = [pk for pk, mark in row_marks(portion).items() if mark in (CONFLICT, GONE)]
        found += Channel.objects.filter(pk__in=marked).order_by("pk").values_list("name", flat=True) if marked else []
    return found


def _others(table: str, column: str, ids: Collection[int]) -> list[str]:
    """Rows that the server changed while the step did not stand, and that are not the same by chance."""
    if not ids:
        return []
    connection.ensure_connection()
    compared = [name for name in columns_of(connection.connection, table) if name not in _OWN_BOOKS]
    differs = " OR ".join(f"mine.{quoted(name)} IS NOT theirs.{quoted(name)}" for name in compared)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT mine.{quoted(column)} FROM {SKIPPED} skipped JOIN main.{quoted(table)} mine ON mine.id = skipped.key"
            f" LEFT JOIN {LIVE}.{quoted(table)} theirs ON theirs.id = skipped.key"
            f' WHERE skipped."table" = %s AND skipped.key IN (SELECT value FROM json_each(%s)) AND ({differs})'
            " ORDER BY mine.id",
            [table, json.dumps(sorted(ids))],
        )
        return [row[0] for row in cursor.fetchall()]
