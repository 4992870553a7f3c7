"""Takes journal entries back (DESIGN §3): an app registers, per entity type, how one entry is undone."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tasks_app.models import JournalEntry


@dataclass
class UndoReport:
    """What undoing did. ``conflicts`` are sentences such as "name was changed to X since"."""

    undone: int = 0
    conflicts: list[str] = field(default_factory=list)


class UndoConflict(Exception):
    """Something else changed the same field since, or the entity is gone. The message says what."""


UndoHandler = Callable[[JournalEntry], None]
"""Undo one entry inside an open transaction, or raise :class:`UndoConflict` without having written anything."""

_handlers: dict[str, UndoHandler] = {}


def register_undo(entity_type: str, handler: UndoHandler) -> None:
    _handlers[entity_type] = handler


def handler_for(entity_type: str) -> UndoHandler | None:
    return _handlers.get(entity_type)
