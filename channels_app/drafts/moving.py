"""Undo and redo: goes back and forth between the steps of a draft, one or many at once (10 §13.4, §13.6)."""

import json
from collections.abc import Iterator
from itertools import groupby, islice

from django.db import connection, transaction

from channels_app.drafts.catching_up import note_displaced, refresh_untouched
from channels_app.drafts.mending import mend_steps
from channels_app.drafts.steps import refuse_unless_open
from channels_app.drafts.tables import CHANGES, LINEUP, LineupTable, columns_of, listed, quoted
from channels_app.models import DraftStep

_AT_ONCE = 500  # images held in memory


def undo(count: int = 1, *, newest: int | None = None) -> list[DraftStep]:
    """Take back the newest ``count`` steps that stand; those taken back, newest first. Raises :class:`DraftBusy`.

    With ``newest`` only while the step of that id is the newest one.
    """
    with transaction.atomic():
        refuse_unless_open()
        steps = list(DraftStep.objects.filter(undone=False).order_by("-pk")[:count])
        if newest is not None and [step.pk for step in steps[:1]] != [newest]:
            return []
        if steps:
            _undo(steps[-1].pk, steps[0].pk)
        return steps


def redo(count: int = 1) -> list[DraftStep]:
    """Do the oldest ``count`` undone steps again; those done, oldest first. Raises :class:`DraftBusy`."""
    with transaction.atomic():
        refuse_unless_open()
        steps = list(DraftStep.objects.filter(undone=True).order_by("pk")[:count])
        if steps:
            _redo(steps[0].pk, steps[-1].pk)
        return steps


def go_to(step_id: int) -> tuple[int, int]:
    """Undo or redo until the step of this id is the newest that stands; how many were undone, and redone. 0 = the start."""
    with transaction.atomic():
        refuse_unless_open()
        later = DraftStep.objects.filter(undone=False, pk__gt=step_id).count()
        earlier = DraftStep.objects.filter(undone=True, pk__lte=step_id).count()
        undo(later)
        redo(earlier)
        return later, earlier


def _undo(first: int, last: int) -> None:
    _write_images(first, last, "before", "MIN")
    DraftStep.objects.filter(pk__range=(first, last)).update(undone=True)
    refresh_untouched()
    mend_steps(first, last)


def _redo(first: int, last: int) -> None:
    _write_images(first, last, "after", "MAX")
    DraftStep.objects.filter(pk__range=(first, last)).update(undone=False)
    note_displaced()
    mend_steps(first, last)


def _write_images(first: int, last: int, side: str, which: str) -> None:
    """Make every row that these steps changed what it was before the first, or after the last change of it.

    Undone steps are all newer than those that stand, so a range of ids never holds both. Recording is off: a step
    switches it on for itself only.
    """
    tables = {table.name: table for table in LINEUP}
    between = [first, last]
    with connection.cursor() as cursor:
        for name in tables:
            cursor.execute(
                f"DELETE FROM {quoted(name)} WHERE id IN (SELECT row_id FROM {CHANGES}"  # noqa: S608 - our own names
                ' WHERE step_id BETWEEN %s AND %s AND "table" = %s)',
                [*between, name],
            )
        cursor.execute(
            f'SELECT "table", {side}, {which}(id) FROM {CHANGES} WHERE step_id BETWEEN %s AND %s'  # noqa: S608 - as above
            ' GROUP BY "table", row_id ORDER BY "table"',
            between,
        )
        rows = ((name, image) for name, image, _ in iter(cursor.fetchone, None) if image is not None)
        for name, images in groupby(rows, key=lambda row: row[0]):
            _insert(tables[name], (image for _, image in images))


def _insert(table: LineupTable, images: Iterator[str]) -> None:
    columns = columns_of(connection.connection, table.name)
    marks = ", ".join(["%s"] * len(columns))
    statement = f"INSERT OR REPLACE INTO {quoted(table.name)}({listed(columns)}) VALUES ({marks})"  # noqa: S608 - as above
    with connection.cursor() as cursor:
        while portion := list(islice(images, _AT_ONCE)):
            values = [json.loads(image) for image in portion]
            cursor.executemany(statement, [[value[column] for column in columns] for value in values])
