"""A journal entry as a field-by-field difference an operator can read, without secrets."""

import json
from dataclasses import dataclass
from typing import Any

from tasks_app.clean_values import plain
from tasks_app.models import JournalEntry

_MAX_TEXT = 2000
_MAX_ITEMS = 60
EMPTY = "–"


@dataclass(frozen=True)
class FieldChange:
    """One field; ``before`` or ``after`` is None when the thing did not exist then."""

    name: str
    before: str | None
    after: str | None
    changed: bool


@dataclass(frozen=True)
class Difference:
    """Changed fields first in the list, in the order they were written."""

    changed: list[FieldChange]
    unchanged: list[FieldChange]

    @property
    def is_empty(self) -> bool:
        return not self.changed and not self.unchanged


def difference(entry: JournalEntry) -> Difference:
    """What ``entry`` changed."""
    return _difference(entry.before_value, entry.after_value)


def restoration(entry: JournalEntry) -> Difference:
    """What undoing ``entry`` will do: from what it left to what was before."""
    return _difference(entry.after_value, entry.before_value)


def _difference(before: Any, after: Any) -> Difference:
    old, new = _fields(before), _fields(after)
    changes = []
    for name in [*old, *(name for name in new if name not in old)]:
        # An update that names a field on one side only means "was empty"; a creation or deletion means "was not there".
        was, became = old.get(name), new.get(name)
        changes.append(
            FieldChange(
                name=name,
                before=None if before is None else _text(was),
                after=None if after is None else _text(became),
                changed=before is None or after is None or was != became,
            )
        )
    return Difference([change for change in changes if change.changed], [change for change in changes if not change.changed])


def _fields(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    return plain(value, mask=True) if isinstance(value, dict) else {"value": plain(value, mask=True)}


def _text(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return EMPTY
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(part, str | int | float) for part in value):
        shown = ", ".join(str(part) for part in value[:_MAX_ITEMS])
        return _shortened(f"{shown} … ({len(value):,} in all)" if len(value) > _MAX_ITEMS else shown)
    if isinstance(value, list | dict):
        return _shortened(json.dumps(value, ensure_ascii=False, indent=2))
    return _shortened(str(value))


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}… ({len(text):,} characters)"
