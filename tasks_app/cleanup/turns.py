"""Deletes and empties rows in short turns, so that whoever else writes waits for half a second at most."""

from typing import Any

from django.db.models import Model, Q, QuerySet

from tasks_app.cleanup.steps import Context
from tasks_app.write_turns import WriteTurns

_AT_ONCE = 500


def delete_in_turns(rows: QuerySet[Any], context: Context, *, at_once: int = _AT_ONCE) -> int:
    """Delete ``rows``, ``at_once`` in a statement; return how many (without what went with them).

    In a dry run only count. Raises ``Cancelled`` between turns; what is deleted stays deleted.
    """
    if context.dry_run:
        return rows.count()
    turns = WriteTurns()
    deleted = 0
    while True:
        context.progress.raise_if_cancelled()
        with turns.turn() as turn:
            while not turn.is_over:
                found = list(rows.values_list("pk", flat=True)[:at_once])
                if not found:
                    return deleted
                rows.model._default_manager.filter(pk__in=found).delete()
                deleted += len(found)


def empty_in_turns(rows: QuerySet[Any], columns: dict[str, Any], context: Context, *, at_once: int = _AT_ONCE) -> int:
    """Set ``columns`` of ``rows`` to their empty values; return how many rows held anything, so a second time gives 0.

    A row counts as full when *any* of the columns holds something (50 trap 7). The rows themselves stay.
    """
    full = Q()
    for name, empty in columns.items():
        full |= ~Q(**{name: empty}) if empty is not None else Q(**{f"{name}__isnull": False})
    return _update_in_turns(rows.filter(full), columns, context, at_once)


def _update_in_turns(rows: QuerySet[Any], values: dict[str, Any], context: Context, at_once: int) -> int:
    if context.dry_run:
        return rows.count()
    model: type[Model] = rows.model
    turns = WriteTurns()
    emptied = 0
    while True:
        context.progress.raise_if_cancelled()
        with turns.turn() as turn:
            while not turn.is_over:
                found = list(rows.values_list("pk", flat=True)[:at_once])
                if not found:
                    return emptied
                emptied += model._default_manager.filter(pk__in=found).update(**values)
