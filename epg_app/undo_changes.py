"""Takes journal entries about guide sources back: edits, switching on and off, the order."""

from typing import Any

from epg_app.edit_source import store_changes
from epg_app.find_source import find_source
from epg_app.models import GuideSource
from epg_app.source_journal import ENTITY, ORDER_ENTITY, shown_value
from epg_app.source_values import name_problem
from tasks_app.models import JournalEntry
from tasks_app.undo import UndoConflict, register_undo


def undo_source_change(entry: JournalEntry) -> None:
    """Put the fields of one entry back. Raises ``UndoConflict`` when one of them was changed since."""
    try:
        source = find_source(entry.entity_id or 0)
    except GuideSource.DoesNotExist:
        raise UndoConflict("The guide has been deleted since.") from None
    if source.deleting_since is not None:
        raise UndoConflict("The guide is being deleted.")
    before, after = entry.before_value or {}, entry.after_value or {}
    for field, value in after.items():
        now = shown_value(field, getattr(source, field))
        if now != value:
            raise UndoConflict(f"{field.replace('_', ' ')} was changed to {_readable(now)} since.")
    changed = {field: (after[field], before[field]) for field in after if field in before}
    if "name" in changed:
        problem = name_problem(str(changed["name"][1]), source)
        if problem:
            raise UndoConflict(problem)
    store_changes(source, {field: value for field, (_, value) in changed.items()})


def undo_order(entry: JournalEntry) -> None:
    """Give the moved sources their old priorities back, unless one of them was moved since."""
    before, after = entry.before_value or {}, entry.after_value or {}
    present = {str(pk): (priority, name) for pk, priority, name in _priorities()}
    for key, priority in after.items():
        if key in present and present[key][0] != priority:
            raise UndoConflict(f"“{present[key][1]}” was moved since.")
    restored = {key: int(priority) for key, priority in before.items() if key in present}
    if not restored:
        raise UndoConflict("These guides have been deleted since.")
    for key, priority in restored.items():
        GuideSource.objects.filter(pk=int(key)).update(priority=priority)


def register() -> None:
    """Called when the app starts."""
    register_undo(ENTITY, undo_source_change)
    register_undo(ORDER_ENTITY, undo_order)


def _priorities() -> list[tuple[int, int, str]]:
    return list(GuideSource.objects.values_list("pk", "priority", "name"))


def _readable(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "nothing" if value in ("", None) else f"“{value}”"
