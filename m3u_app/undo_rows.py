"""Undoes journal entries about single rows: made, changed or deleted (DESIGN §3)."""

from collections.abc import Callable, Collection
from typing import Any

from django.db import IntegrityError, models, transaction

from tasks_app.models import JournalEntry
from tasks_app.undo import UndoConflict

Stored = Callable[[str, Any], Any]
"""Turns a journalled value back into what the column (first argument) holds."""


def undo_row(
    entry: JournalEntry, model: type[models.Model], *, stored: Stored = lambda _, value: value, ignore: Collection[str] = ()
) -> None:
    """Take one entry back, inside an open transaction. A row that is made again gets its old id.

    ``ignore`` names columns that may have changed since. Raises :class:`UndoConflict` without having written anything.
    """
    before, after = entry.before_value, entry.after_value
    row = model._default_manager.filter(pk=entry.entity_id or 0).first()
    if before is not None and after is None:
        if row is not None:
            raise UndoConflict("it exists again")
        _save(model(pk=entry.entity_id, **{name: stored(name, value) for name, value in before.items()}), force_insert=True)
        return
    if row is None:
        raise UndoConflict("it has been deleted since")
    left = {name: stored(name, value) for name, value in (after or {}).items() if name not in ignore}
    moved = [name.replace("_", " ") for name, value in left.items() if getattr(row, name) != value]
    if moved:
        raise UndoConflict(f"{', '.join(moved)} changed since")
    if before is None:
        row.delete()
        return
    for name, value in before.items():
        setattr(row, name, stored(name, value))
    _save(row, update_fields=list(before))


def _save(row: models.Model, **how: Any) -> None:
    try:
        with transaction.atomic():
            row.save(**how)
    except IntegrityError:
        raise UndoConflict("something else has its name or place now, or what it belongs to is gone") from None
