"""Watches this house: nothing that somebody did here may change again unless they were asked or the journal tells."""

import copy
from typing import Any

from django.db import connection

from epg_app.models import GuideEntry
from m3u_app.models import Stream
from tasks_app.mirror.compare import comparable, same
from tasks_app.mirror.kinds import all_kinds
from tasks_app.mirror.sync_journal import ENTITY, KIND_KEY
from tasks_app.models import CreationAttempt, JournalEntry, MirrorLink, OutboxEntry
from tests.dispatcharr.stories.operator import ids_of

Row = tuple[str, int]
WHOLE = "*"
SENT = "+"
"""Before a kind's name: what the engine remembers of creations that it has begun."""

THEIRS_ALONE = {("account_group", "name"), ("account_group", "account")}
"""Fields that only the server sets: undoing a change of such a one here lasts until the next pull."""


class State:
    """All mirrored rows of this house at one moment, and which streams and guide entries there are."""

    def __init__(self) -> None:
        self.rows: dict[Row, dict[str, Any]] = {}
        for kind in all_kinds():
            for pk, values in kind.local().items():
                self.rows[kind.name, pk] = values
        self.links = {(link.kind, link.local_id): link for link in MirrorLink.objects.all()}
        self.known = {"stream": ids_of(Stream), "guide_entry": ids_of(GuideEntry)}
        self.sent: dict[Row, list[dict[str, Any]]] = {}  # creations whose answers were lost
        for name, details in CreationAttempt.objects.filter(kind__startswith=SENT).values_list("kind", "details"):
            for pk, values in details["rows"].items():
                self.sent.setdefault((name.removeprefix(SENT), int(pk)), []).append(values)

    def has(self, kind: str, pk: int) -> bool:
        return pk in self.known[kind] if kind in self.known else (kind, pk) in self.rows


class Ledger:
    """``edit`` after each step of the operator, ``run`` after each of the engine's, ``answer`` before each answer."""

    def __init__(self) -> None:
        self.state = State()
        self.written = (0, 0)
        self.entry = self._newest()
        self.pending: dict[tuple[str, int, str], Any] = {}
        self.gone: dict[Row, int | None] = {}
        self.overruled: dict[Row, set[str]] = {}
        self.kinds = {kind.name: kind for kind in all_kinds()}

    def copied(self) -> "Ledger":
        """As it is now, for going back to."""
        twin = copy.copy(self)
        twin.state = self.state  # never changed, only exchanged
        twin.pending, twin.gone = dict(self.pending), dict(self.gone)
        twin.overruled = {row: set(fields) for row, fields in self.overruled.items()}
        return twin

    def _newest(self) -> int:
        return JournalEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0

    def edit(self) -> None:
        before, self.state = self.state, State()
        links = before.links | self.state.links
        for row in before.rows.keys() | self.state.rows.keys():
            old, new = before.rows.get(row), self.state.rows.get(row)
            if old == new:
                continue
            self.overruled.pop(row, None)
            if new is None:
                self._forget(row)
                self.gone[row] = links[row].remote_id if row in links else None
                continue
            self.gone.pop(row, None)
            known = links.get(row)
            ours = comparable(self.kinds[row[0]], new)
            for name, value in new.items():
                if (old is not None and same(old.get(name), value)) or (row[0], name) in THEIRS_ALONE:
                    continue
                if known is not None and name not in known.sent and same(known.agreed.get(name), ours[name]):
                    self.pending.pop((*row, name), None)  # taken back before it was delivered
                else:
                    self.pending[(*row, name)] = value
        self.entry = self._newest()

    def answer(self, entry: OutboxEntry, fields: set[str]) -> None:
        """Somebody said about these fields (all with ``WHOLE``) that the server's shall count, or gave them up."""
        self.overruled.setdefault((entry.kind, entry.local_id), set()).update(fields)

    def run(self) -> None:
        """Raises ``AssertionError`` when the run just over has changed something without telling or being told."""
        if self.written == _written():
            return  # nothing was written since, by anybody
        before, self.state = self.state, State()
        self.written = _written()
        told = self._told()
        for row in before.rows.keys() | self.state.rows.keys():
            old, new = before.rows.get(row), self.state.rows.get(row)
            if old == new:
                continue
            if old is None or new is None:
                self._appeared_or_went(row, old, told, before)
                continue
            for name, value in new.items():
                if same(old.get(name), value) or self._follows(row[0], name, old.get(name), value):
                    continue
                if self._comes_back(row, name, old.get(name), value, before):
                    self.pending.pop((*row, name), None)
                else:
                    self._changed(row, name, old.get(name), value, told.get(row, []), before)
        self._settle()

    def _told(self) -> dict[Row, list[tuple[dict[str, Any] | None, dict[str, Any] | None]]]:
        told: dict[Row, list[tuple[Any, Any]]] = {}
        for entry in JournalEntry.objects.filter(pk__gt=self.entry, entity_type=ENTITY):
            kind = (entry.before_value or entry.after_value)[KIND_KEY]
            told.setdefault((kind, entry.entity_id or 0), []).append((entry.before_value, entry.after_value))
        self.entry = self._newest()
        return told

    def _appeared_or_went(self, row: Row, old: dict[str, Any] | None, told: dict[Row, list[Any]], before: State) -> None:
        if old is None:
            return  # whether it may be there at all is seen at the end
        with_others = any(
            before.has(kind, value) and not self.state.has(kind, value)
            for name, kind in self.kinds[row[0]].references.items()
            for value in (old.get(name) if isinstance(old.get(name), list) else [old.get(name)])
            if value is not None and name == "account"
        )
        if with_others:
            self._forget(row)
            return
        assert any(after is None for _, after in told.get(row, [])) or row[0] == "account_group", f"{row} went untold: {old}"
        agreed = before.links[row].agreed if row in before.links else {}
        ours = comparable(self.kinds[row[0]], old)
        waits = {
            name: value
            for (kind, pk, name), value in self.pending.items()
            if (kind, pk) == row and not (name in agreed and same(agreed[name], ours[name]))
        }
        if waits and row[0] != "account_group":
            assert row in self.overruled, f"{row} went although this had not been delivered: {waits}"
        self._forget(row)

    def _follows(self, kind: str, name: str, old: Any, new: Any) -> bool:
        """Whether the change of a reference only follows from rows that are gone."""
        target = self.kinds[kind].references.get(name)
        if target is None:
            return False
        there = [pk for pk in _ids(old) if self.state.has(target, pk)]
        return there == _ids(new)

    def _comes_back(self, row: Row, name: str, old: Any, new: Any, before: State) -> bool:
        """Whether a reference only comes back with the row: its deletion was given up, and nobody there knew of any of it."""
        target = self.kinds[row[0]].references.get(name)
        if target is None or row not in self.state.links:
            return False
        back = {pk for pk in _ids(self.state.links[row].agreed.get(name)) if not before.has(target, pk)}
        return bool(back) and [pk for pk in _ids(new) if pk not in back] == _ids(old)

    def _changed(self, row: Row, name: str, old: Any, new: Any, told: list[Any], before: State) -> None:
        shown = f"{row} {name}: {old!r} became {new!r}"
        assert any(after is None or before is None or name in after for before, after in told), f"{shown} untold"
        if (*row, name) in self.pending:
            overruled = self.overruled.get(row, set())
            ours = comparable(self.kinds[row[0]], {name: old})[name]
            known = before.links[row].agreed if row in before.links else {}
            arrived = any(name in sent and same(sent[name], ours) for sent in (known, *before.sent.get(row, ())))
            assert arrived or name in overruled or WHOLE in overruled, f"{shown} although {old!r} had not been delivered"
            del self.pending[(*row, name)]

    def _settle(self) -> None:
        """What no longer waits was delivered, or the server had it already."""
        waiting = set(OutboxEntry.objects.values_list("kind", "local_id"))
        for key in [key for key in self.pending if key[:2] not in waiting]:
            del self.pending[key]
        for row in [row for row in self.overruled if row not in waiting]:
            del self.overruled[row]
        for row, remote_id in list(self.gone.items()):
            back = MirrorLink.objects.filter(kind=row[0], remote_id=remote_id).exclude(local_id=row[1]).first()
            if remote_id is not None and back is not None and row in self.gone:
                raise AssertionError(f"{row} was deleted here and came back as {back.local_id}")
            if row not in waiting:
                del self.gone[row]

    def _forget(self, row: Row) -> None:
        for key in [key for key in self.pending if key[:2] == row]:
            del self.pending[key]

    def may_come_back(self, kind: str, local_id: int) -> None:
        """The deletion of this row was given up."""
        self.gone.pop((kind, local_id), None)


def _ids(value: Any) -> list[int]:
    return [pk for pk in (value if isinstance(value, list) else [value]) if pk is not None]


def _written() -> tuple[int, int]:
    """Changes with every row that is written, by whichever connection of this process."""
    connection.ensure_connection()
    return id(connection.connection), connection.connection.total_changes
