"""What the server changed here, in the journal (50 §2): row by row while that can be read, else one line per kind."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from ecm_site.masking import MASK
from ecm_site.wording import counted, shortened
from tasks_app.journal import SUMMARY, build_entry, log_entries, log_entry, new_batch_id
from tasks_app.mirror.compare import DIGEST
from tasks_app.mirror.kinds import MirroredKind, Values
from tasks_app.models import JournalEntry

ENTITY = "mirror_row"
"""Entity type of these entries; :mod:`tasks_app.mirror.undo_rows` takes them back."""
KIND_KEY = "mirror_kind"
ACTION = "sync"
ROWS_KEPT = 500


@dataclass
class _Told:
    created: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def total(self) -> int:
        return self.created + self.updated + self.deleted


Mark = tuple[int, int, dict[str, _Told], dict[str, _Told]]


@dataclass
class SyncJournal:
    """The entries of one pull or one answer, under one batch id. ``brief`` kinds get one line only (their first pull)."""

    batch_id: str = field(default_factory=new_batch_id)
    action: str = ACTION
    said: str = "The server"
    """Who did it, at the beginning of each sentence."""
    brief: set[str] = field(default_factory=set)
    entries: int = 0
    _rows: int = 0
    _counts: dict[str, _Told] = field(default_factory=dict)
    _untold: dict[str, _Told] = field(default_factory=dict)

    def write(
        self,
        kind: MirroredKind,
        *,
        created: Mapping[int, Values] | None = None,
        updated: Mapping[int, tuple[Values, Values]] | None = None,
        deleted: Mapping[int, Values] | None = None,
    ) -> None:
        """Note rows by local id: whole values of created and deleted ones, (whole before, changed fields) of updated ones.

        Call it inside the transaction of the change.
        """
        made, changed, gone = created or {}, updated or {}, deleted or {}
        count = len(made) + len(changed) + len(gone)
        if not count:
            return
        told = self._counts.setdefault(kind.name, _Told())
        for counts in (told, *([] if self._tells_rows(kind, count) else [self._untold.setdefault(kind.name, _Told())])):
            counts.created += len(made)
            counts.updated += len(changed)
            counts.deleted += len(gone)
        if not self._tells_rows(kind, count):
            return
        self._rows += count
        rows = [self._entry(kind, pk, name_of(kind, row), "added", before=None, after=row) for pk, row in made.items()]
        for pk, (before, after) in changed.items():
            rows.append(
                self._entry(
                    kind, pk, name_of(kind, before), "changed", before={name: before.get(name) for name in after}, after=after
                )
            )
        rows += [self._entry(kind, pk, name_of(kind, row), "removed", before=row, after=None) for pk, row in gone.items()]
        self.entries += len(log_entries(rows))

    def mark(self) -> Mark:
        """What has been told until now, for :meth:`back_to`."""
        return self.entries, self._rows, deepcopy(self._counts), deepcopy(self._untold)

    def back_to(self, mark: Mark) -> None:
        """Forget what was told in a transaction that was not stored."""
        self.entries, self._rows = mark[:2]
        self._counts, self._untold = deepcopy(mark[2]), deepcopy(mark[3])

    def end(self, kinds: Mapping[str, MirroredKind]) -> None:
        """One line per kind for the rows that were too many to be told one by one."""
        for name, told in self._untold.items():
            kind = kinds[name]
            parts = [
                f"{verb} {counted(number, kind.label)}"
                for verb, number in (("added", told.created), ("changed", told.updated), ("removed", told.deleted))
                if number
            ]
            self.entries += 1
            log_entry(
                category_of(kind),
                self.action,
                entity_type=SUMMARY,
                entity_name=f"Batch {self.batch_id}",
                description=f"{self.said} {', '.join(parts)}.",
                after={"added": told.created, "changed": told.updated, "removed": told.deleted},
                batch_id=self.batch_id,
            )
        self._untold.clear()

    def _tells_rows(self, kind: MirroredKind, count: int) -> bool:
        return kind.name not in self.brief and kind.name not in self._untold and self._rows + count <= ROWS_KEPT

    def _entry(
        self, kind: MirroredKind, local_id: int, name: str, verb: str, *, before: Values | None, after: Values | None
    ) -> JournalEntry:
        fields = "" if before is None or after is None else f": {', '.join(kind.fields.get(field, field) for field in after)}"
        return build_entry(
            category_of(kind),
            self.action,
            entity_type=ENTITY,
            entity_id=local_id,
            entity_name=name,
            description=f"{self.said} {verb} the {kind.label} “{shortened(name)}”{fields}.",
            before=_image(kind, before),
            after=_image(kind, after),
            batch_id=self.batch_id,
            undoable=True,
        )


def name_of(kind: MirroredKind, values: Mapping[str, Any]) -> str:
    """What a row is called; "" when the kind has no such field."""
    return str(values.get(kind.title) or "")


def category_of(kind: MirroredKind) -> str:
    return kind.category or kind.name


def _image(kind: MirroredKind, values: Mapping[str, Any] | None) -> Values | None:
    if values is None:
        return None
    return {
        KIND_KEY: kind.name,
        **{name: MASK if value and name in kind.secrets else value for name, value in values.items()},
    }


def is_hidden(value: Any) -> bool:
    """Whether ``value`` stands for a secret that nobody here knows."""
    return value == MASK or (isinstance(value, str) and value.startswith(DIGEST))
