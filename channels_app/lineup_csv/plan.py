"""What an import will do, row by row, as plain values (10 §20.2 "dry run")."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from channels_app.channel_fields import to_journal
from channels_app.commands import FieldValue
from channels_app.lineup_csv.reading import LineProblem

Mark = tuple[int, int, datetime | None]


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    DELETE = "delete"


@dataclass(frozen=True)
class PlannedRow:
    """``line`` is 0 for a channel that no row names (it is deleted). ``before`` and ``after`` hold the fields that change,
    the group by its name under "group"; for a new channel ``after`` holds all of them. ``streams`` None: left as they are.
    """

    line: int
    action: Action
    name: str
    channel_id: int | None = None
    before: dict[str, FieldValue] = field(default_factory=dict)
    after: dict[str, FieldValue] = field(default_factory=dict)
    streams_before: tuple[int, ...] = ()
    streams: tuple[int, ...] | None = None
    logo_from_guide: bool = False

    def changes(self) -> list[tuple[str, str, str]]:
        """(label, old, new) of every field that changes, as texts."""
        told = [
            (_LABELS[name], _text(name, self.before.get(name)), _text(name, self.after[name]))
            for name in _LABELS
            if name in self.after
        ]
        if self.streams is not None:
            old, new = f"{len(self.streams_before):,}", f"{len(self.streams):,}"
            told.append(("streams", old, new if old != new else f"{new}, others or in another order"))
        return told


_LABELS = {
    "number": "number",
    "name": "name",
    "group": "group",
    "tvg_id": "TVG-ID",
    "gracenote_id": "Gracenote id",
    "logo_url": "logo",
    "guide_entry_id": "guide entry",
}


@dataclass
class ImportPlan:
    """``problem``: why nothing of it can be carried out. ``errors`` rows are left out, ``warnings`` are sentences."""

    rows: list[PlannedRow] = field(default_factory=list)
    errors: list[LineProblem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    new_groups: list[str] = field(default_factory=list)
    group_ids: dict[str, int] = field(default_factory=dict)
    """Existing groups by folded name."""
    guide_entries: dict[str, int] = field(default_factory=dict)
    problem: str = ""
    mark: Mark | None = None

    def counts(self) -> Counter[Action]:
        return Counter(row.action for row in self.rows)

    @property
    def work(self) -> list[PlannedRow]:
        """Rows that do something."""
        return [row for row in self.rows if row.action is not Action.UNCHANGED]

    @property
    def can_be_applied(self) -> bool:
        return not self.problem and any(row.action is not Action.UNCHANGED for row in self.rows)

    @property
    def logos_from_guide(self) -> int:
        return sum(row.logo_from_guide for row in self.rows)

    @property
    def fingerprint(self) -> str:
        """Equal fingerprints: the same will happen."""
        digest = hashlib.sha256(repr(self.new_groups).encode())
        for row in self.work:
            values = (
                row.line,
                row.action,
                row.channel_id,
                _plain(row.before),
                _plain(row.after),
                row.streams,
                row.streams_before,
            )
            digest.update(repr(values).encode("utf-8", "backslashreplace"))
        return digest.hexdigest()[:32]


def report_lines(plan: ImportPlan) -> Iterable[str]:
    """Errors and warnings as text lines, for downloading."""
    yield from (f"Error. {error}" for error in plan.errors)
    yield from (f"Warning. {warning}" for warning in plan.warnings)


def _plain(values: dict[str, FieldValue]) -> list[tuple[str, object]]:
    return sorted((name, to_journal(name, value)) for name, value in values.items())


def _text(name: str, value: FieldValue) -> str:
    if name == "guide_entry_id":
        return "" if value is None else "linked"
    return str(to_journal(name, value) or "")
