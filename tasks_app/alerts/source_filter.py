"""The source filter of a method (A-4): which accounts, guides, probe results and tasks it wants to hear about.

Stored as versioned JSON. Whatever cannot be read lets everything through: a broken filter must not hide a failure.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks_app.alerts.events import AlertEvent

VERSION = 1
ALL, ONLY_SELECTED, ALL_EXCEPT = "all", "only_selected", "all_except"
MODES = (ALL, ONLY_SELECTED, ALL_EXCEPT)
M3U, EPG, PROBE = "m3u_refresh", "epg_refresh", "probe_failures"
_ID_KEYS = {M3U: "account_ids", EPG: "source_ids"}


@dataclass(frozen=True)
class EntityChoice:
    """``ids`` are account or source ids (numbers) or task ids (texts)."""

    enabled: bool = True
    mode: str = ALL
    ids: frozenset[int | str] = frozenset()

    def wants(self, entity: int | str | None) -> bool:
        """An entity that is not known is wanted by "all except" and not by "only selected"."""
        if self.mode == ONLY_SELECTED:
            return entity is not None and entity in self.ids
        if self.mode == ALL_EXCEPT:
            return entity is None or entity not in self.ids
        return True


@dataclass(frozen=True)
class SourceFilter:
    """None for a category means that the filter says nothing about it."""

    entities: Mapping[str, EntityChoice] = field(default_factory=dict)
    probe_enabled: bool | None = None
    min_failures: int = 1
    tasks: EntityChoice | None = None

    def refusal(self, event: AlertEvent) -> str:
        """Why the filter refuses ``event``; "" when it lets it through."""
        choice = self.entities.get(event.category)
        if choice is not None:
            if not choice.enabled:
                return f"{event.category} is switched off in the source filter"
            if not choice.wants(event.entity_id):
                return f"the source filter does not want {event.category} of {event.entity_id}"
        if event.category == PROBE and self.probe_enabled is not None:
            if not self.probe_enabled:
                return "probe failures are switched off in the source filter"
            if 0 < event.failures < self.min_failures:
                return f"{event.failures} probe failures are fewer than {self.min_failures}"
        if self.tasks is not None and event.task_id and not self.tasks.wants(event.task_id):
            return f"the source filter does not want task {event.task_id}"
        return ""

    def as_text(self) -> str:
        """The JSON that is stored; "" when the filter lets everything through."""
        stored: dict[str, Any] = {
            category: {"enabled": choice.enabled, "filter_mode": choice.mode, _ID_KEYS[category]: _sorted(choice.ids)}
            for category, choice in self.entities.items()
            if not choice.enabled or choice.mode != ALL
        }
        if self.probe_enabled is False or (self.probe_enabled and self.min_failures != 1):
            stored[PROBE] = {"enabled": self.probe_enabled, "min_failures": self.min_failures}
        if self.tasks is not None and self.tasks.mode != ALL:
            stored["tasks"] = {"filter_mode": self.tasks.mode, "task_ids": _sorted(self.tasks.ids)}
        return json.dumps({"version": VERSION, **stored}, sort_keys=True) if stored else ""


def read_filter(text: str) -> SourceFilter:
    """Read a stored filter. Parts that make no sense are left out, and so let everything through."""
    try:
        stored = json.loads(text) if text.strip() else None
    except (ValueError, RecursionError):
        return SourceFilter()
    if not isinstance(stored, dict):
        return SourceFilter()
    entities = {}
    for category, ids_key in _ID_KEYS.items():
        choice = _choice(stored.get(category), ids_key)
        if choice is not None:
            entities[category] = choice
    probe = stored.get(PROBE)
    probe = probe if isinstance(probe, dict) else None
    minimum = probe.get("min_failures", 1) if probe else 1
    return SourceFilter(
        entities=entities,
        probe_enabled=None if probe is None else probe.get("enabled", True) is not False,
        min_failures=minimum if _is_count(minimum) else 1,
        tasks=_choice(stored.get("tasks"), "task_ids"),
    )


def filter_problem(value: Any) -> str:
    """What is wrong with a filter that is to be stored (from the HTTP surface), in words; "" when nothing is."""
    if not isinstance(value, dict):
        return "The source filter is an object with a part for each category."
    known = {*_ID_KEYS, PROBE, "tasks", "version"}
    for key, part in value.items():
        if key not in known:
            return f"The source filter knows no “{str(key)[:40]}”; it knows {', '.join(sorted(known))}."
        if key == "version":
            if part != VERSION:
                return f"Only version {VERSION} of the source filter can be read."
            continue
        problem = _part_problem(key, part)
        if problem:
            return problem
    return ""


def _part_problem(key: str, part: Any) -> str:
    if not isinstance(part, dict):
        return f"“{key}” of the source filter is an object."
    if not isinstance(part.get("enabled", True), bool):
        return f"“{key}.enabled” is true or false."
    if key == PROBE:
        return "" if _is_count(part.get("min_failures", 1)) else "“probe_failures.min_failures” is a whole number from 0."
    if part.get("filter_mode", ALL) not in MODES:
        return f"“{key}.filter_mode” is one of {', '.join(MODES)}."
    ids_key, kind = (_ID_KEYS[key], int) if key in _ID_KEYS else ("task_ids", str)
    ids = part.get(ids_key, [])
    if not isinstance(ids, list) or not all(isinstance(item, kind) and not isinstance(item, bool) for item in ids):
        return f"“{key}.{ids_key}” is a list of {'ids' if kind is int else 'task ids'}."
    return ""


def _choice(part: Any, ids_key: str) -> EntityChoice | None:
    if not isinstance(part, dict):
        return None
    mode = part.get("filter_mode", ALL)
    ids = part.get(ids_key, [])
    if mode not in MODES or not isinstance(ids, list):
        return EntityChoice(enabled=part.get("enabled", True) is not False)
    usable = frozenset(item for item in ids if isinstance(item, int | str) and not isinstance(item, bool))
    return EntityChoice(part.get("enabled", True) is not False, mode, usable)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _sorted(ids: Iterable[int | str]) -> list[int | str]:
    return sorted(ids, key=lambda item: (isinstance(item, str), item))
