"""The things that a source filter can name: apps of higher floors say what there is (50 §4.5)."""

import logging
from collections.abc import Callable, Iterable

from tasks_app.registry import all_tasks

logger = logging.getLogger(__name__)

Entities = Callable[[], Iterable[tuple[int, str]]]
_categories: dict[str, Entities] = {}


def register_alert_entities(category: str, entities: Entities) -> None:
    """``entities()`` gives (id, name) of everything in ``category`` (``m3u_refresh``, ``epg_refresh``), by name."""
    _categories[category] = entities


def entities_of(category: str) -> list[tuple[int, str]]:
    """What there is in this category right now; nothing when nobody knows it."""
    entities = _categories.get(category)
    return list(entities()) if entities is not None else []


def task_names() -> list[tuple[str, str]]:
    """Id and name of every task that an operator can know."""
    return [(task.task_id, task.name) for task in all_tasks()]
