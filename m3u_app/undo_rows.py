"""Undoes journal entries about single rows: made, changed or deleted (DESIGN §3). Callers say which columns there are."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db import IntegrityError, models, transaction

from tasks_app.models import JournalEntry
from tasks_app.undo import UndoConflict

Shown = Callable[[models.Model], dict[str, Any]]
"""Gives all journalled columns of a row as the journal holds them."""


def undo_row(entry: JournalEntry, model: type[models.Model], *, shown: Shown, stored: Callable[[str, Any], Any]) -> None:
    """Take one entry back, inside an open transaction.

    ``stored`` turns a journalled value back into what the column (first argument) holds. A row that is made again gets
    its old id. Raises :class:`UndoConflict` without having written anything.
    """
    before, after = entry.before_value, entry.after_value
    row = model._default_manager.filter(pk=entry.entity_id).first()
    if before is None:
        if row is None:
            raise UndoConflict("it has been deleted since")
        _check_unchanged(row, after or {}, shown)
        row.delete()
    elif after is None:
        if row is not None:
            raise UndoConflict("it exists again")
        made = model(pk=entry.entity_id, **{name: stored(name, value) for name, value in before.items()})
        _save(made, force_insert=True)
    else:
        if row is None:
            raise UndoConflict("it has been deleted since")
        _check_unchanged(row, after, shown)
        for name, value in before.items():
            setattr(row, name, stored(name, value))
        _save(row, update_fields=list(before))


def _check_unchanged(row: models.Model, left: dict[str, Any], shown: Shown) -> None:
    now = shown(row)
    moved: Sequence[str] = [name.replace("_", " ") for name, value in left.items() if now.get(name) != value]
    if moved:
        raise UndoConflict(f"{', '.join(moved)} changed since")


def _save(row: models.Model, **how: Any) -> None:
    try:
        with transaction.atomic():
            row.save(**how)
    except IntegrityError:
        raise UndoConflict("something else has its name or place now, or what it belongs to is gone") from None
