"""Takes back what a pull or an answer to a conflict changed here. That is an edit like any other, so it is delivered."""

from typing import Any

from tasks_app.mirror.compare import same
from tasks_app.mirror.kinds import MirroredKind, Values, get_kind
from tasks_app.mirror.sync_journal import ENTITY, KIND_KEY, is_hidden
from tasks_app.models import JournalEntry
from tasks_app.undo import UndoConflict, register_undo


def register() -> None:
    """Called once at start-up."""
    register_undo(ENTITY, undo_row)


def undo_row(entry: JournalEntry) -> None:
    """Undo one entry of :mod:`tasks_app.mirror.sync_journal`. Raises :class:`UndoConflict`."""
    before, after = _values(entry.before_value), _values(entry.after_value)
    try:
        kind = get_kind(str((entry.before_value or entry.after_value or {}).get(KIND_KEY, "")))
    except KeyError:
        raise UndoConflict("Nothing here knows this kind of row any more.") from None
    if entry.entity_id is None:
        raise UndoConflict("This entry does not say what it was about.")
    here = kind.local([entry.entity_id]).get(entry.entity_id)
    if before is None and after is not None:
        _take_away(kind, entry.entity_id, after, here)
    elif after is None and before is not None:
        _bring_back(kind, before, here)
    elif before is not None and after is not None:
        _change_back(kind, entry.entity_id, before, after, here)


def _take_away(kind: MirroredKind, local_id: int, after: Values, here: Values | None) -> None:
    if here is None:
        return
    _refuse_changed(kind, after, here)
    kind.take_away([local_id])


def _bring_back(kind: MirroredKind, before: Values, here: Values | None) -> None:
    if here is not None:
        raise UndoConflict(f"The {kind.label} is there again already.")
    if any(is_hidden(value) for value in before.values()):
        raise UndoConflict(f"The {kind.label} had secrets that are not kept, so it cannot be brought back.")
    if kind.bring_back(before) is None:
        raise UndoConflict(f"A {kind.label} cannot be brought back. Make it again.")


def _change_back(kind: MirroredKind, local_id: int, before: Values, after: Values, here: Values | None) -> None:
    if here is None:
        raise UndoConflict(f"The {kind.label} was deleted since.")
    _refuse_changed(kind, after, here)
    hidden = [name for name, value in before.items() if is_hidden(value) or is_hidden(after.get(name))]
    if hidden:
        raise UndoConflict(f"The {kind.fields.get(hidden[0], hidden[0])} was secret and is not kept, so it cannot be set back.")
    kind.change({local_id: {name: value for name, value in before.items() if name in kind.fields}})


def _refuse_changed(kind: MirroredKind, after: Values, here: Values) -> None:
    for name, value in after.items():
        if name in here and not is_hidden(value) and not same(here[name], value):
            raise UndoConflict(f"The {kind.fields.get(name, name)} was changed again since.")


def _values(stored: Any) -> Values | None:
    if not isinstance(stored, dict):
        return None
    return {name: value for name, value in stored.items() if name != KIND_KEY}
