"""Rows that are linked, here and on the server, compared and brought together inside one quiet transaction.

One rule for pulling and delivering: the outbox says what was changed here. A row without an entry is as the server says; one
with an entry is compared three ways. What only one side changed goes to the other, what both changed waits for an answer.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tasks_app.journal import Actor
from tasks_app.mirror import lost
from tasks_app.mirror.agreed import Found, as_agreed, known_base
from tasks_app.mirror.bulk_mirrors import PullCounts
from tasks_app.mirror.carry_out import Effects, carry_out
from tasks_app.mirror.compare import ThreeWay, comparable, differing, same, three_way
from tasks_app.mirror.identity import is_another, marked, others, returned, set_aside
from tasks_app.mirror.kinds import MirroredKind, Values
from tasks_app.mirror.links import StoredLinks
from tasks_app.mirror.sync_journal import SyncJournal, name_of
from tasks_app.models import MirrorLink, OutboxEntry, OutboxState

EVERYTHING = "*"
_DELETION = {EVERYTHING: "deleted"}
DELETED = lost.DELETED
HERE = "here"
THERE = lost.THERE


@dataclass(frozen=True)
class Pending:
    """A row whose change has to be delivered, as it was when it was looked at. ``there``: what the server has."""

    local_id: int
    remote_id: int
    version: int
    send: Values = field(default_factory=dict)
    whole: Values = field(default_factory=dict)
    there: Values = field(default_factory=dict)


@dataclass
class Work:
    """What is left to deliver after the comparison, by local id."""

    to_create: list[int] = field(default_factory=list)
    """Rows that turned out not to be on the server any more because we deleted them there."""
    updates: dict[int, Pending] = field(default_factory=dict)
    deletions: dict[int, Pending] = field(default_factory=dict)


class Reconciler:
    """Compares the rows of one kind during one run. Memory of links follows only what was committed: :meth:`committed`."""

    def __init__(
        self,
        kind: MirroredKind,
        links: StoredLinks,
        journal: SyncJournal,
        counts: PullCounts | None = None,
        *,
        knows_losses: bool = False,
    ) -> None:
        self.kind = kind
        self._knows_losses = knows_losses  # all that rows refer to is read in this run, before them
        self.links = links
        self.journal = journal
        self.counts = counts or PullCounts()
        self._made: list[tuple[int, int]] = []
        self._dropped: list[int] = []
        self._stored = (replace(self.counts), journal.mark())

    def committed(self) -> None:
        """The transaction is stored: let the address book know."""
        self.links.forget(self.kind.name, self._dropped)
        for local_id, remote_id in self._made:
            self.links.note(self.kind.name, local_id, remote_id)
        self._made, self._dropped = [], []
        self._stored = (replace(self.counts), self.journal.mark())

    def rolled_back(self) -> None:
        """The transaction is not stored: nothing of it counts."""
        self._made, self._dropped = [], []
        counts, told = self._stored
        for name in ("created", "updated", "deleted", "conflicts"):
            setattr(self.counts, name, getattr(counts, name))
        self.journal.back_to(told)

    def linked(self, found: Mapping[int, Found | None], *, vanish: bool) -> Work:
        """Bring linked rows together with what the server says (remote id → row, None = it has none). Inside ``quietly``.

        ``vanish``: rows that the server no longer has are deleted here, if nothing of them waits for delivery.
        """
        links = list(MirrorLink.objects.filter(kind=self.kind.name, remote_id__in=list(found)))
        ids = [link.local_id for link in links]
        here = self.kind.local(ids) if ids else {}
        entries = {entry.local_id: entry for entry in OutboxEntry.objects.filter(kind=self.kind.name, local_id__in=ids)}
        work, effects = Work(), Effects()
        before = {link.pk: (link.sent, link.stand_in) for link in links}
        found = {**found, **{link.remote_id: None for link in links if self._is_another(link, found[link.remote_id])}}
        found |= self._with_references(links, found)
        found = {**found, **{link.remote_id: as_agreed(link, found[link.remote_id]) for link in links if link.stand_in}}
        waiting = {
            link.local_id: (link.agreed, here[link.local_id])
            for link in links
            if found[link.remote_id] is None and link.local_id in entries and link.local_id in here
        }
        edited = here | lost.as_edited(self.kind, waiting)
        for link in links:
            server, mine, entry = found[link.remote_id], here.get(link.local_id), entries.get(link.local_id)
            if server is None:
                mine = edited.get(link.local_id)
                self._gone_there(link, mine, entry, effects=effects, work=work, vanish=vanish)
            elif mine is None:
                self._gone_here(link, server, entry, effects, work)
            else:
                self._on_both_sides(link, mine, server, entry, effects=effects, work=work)
        if not vanish:  # what is handed out now is sent at once
            for link in links:
                _remember_sending(self.kind, link, work)
        stored, gone = {link.pk for link in effects.links}, set(effects.unlink)
        effects.links += [
            link
            for link in links
            if (link.sent, link.stand_in) != before[link.pk] and link.pk not in stored and link.local_id not in gone
        ]
        moved = carry_out(self.kind, effects, here, found, journal=self.journal, counts=self.counts)
        self._dropped += moved.dropped
        self._made += moved.made
        return work

    def store(self, rows: Mapping[int, Found]) -> None:
        """Make rows here for those of the server that are not linked. Inside ``quietly``."""
        if not rows:
            return
        values = {remote_id: row[0] for remote_id, row in rows.items()}
        made = self.kind.store(values, {remote_id: row[1] for remote_id, row in rows.items()})
        MirrorLink.objects.bulk_create(
            [
                MirrorLink(
                    kind=self.kind.name,
                    local_id=local_id,
                    remote_id=remote_id,
                    agreed=marked(self.kind, comparable(self.kind, values[remote_id]), rows[remote_id][1], {}),
                )
                for remote_id, local_id in made.items()
            ],
            batch_size=100,
        )
        self._made += [(local_id, remote_id) for remote_id, local_id in made.items()]
        self.counts.created += len(made)
        self.journal.write(self.kind, created={local_id: values[remote_id] for remote_id, local_id in made.items()})

    def adopt(self, pairs: Mapping[int, int], bases: Mapping[int, Values]) -> None:
        """Link rows there (remote id → local id) that are taken for ours. ``bases``: what was last sent, by local id."""
        MirrorLink.objects.bulk_create(
            [
                MirrorLink(kind=self.kind.name, local_id=local_id, remote_id=remote_id, agreed=bases.get(local_id, {}))
                for remote_id, local_id in pairs.items()
            ],
            batch_size=100,
        )
        self._made += [(local_id, remote_id) for remote_id, local_id in pairs.items()]

    def follow_ids(self, found: Mapping[int, Found]) -> None:
        """Before rows of the server (remote id → row) are looked up by their ids: set links aside whose ids are other rows' by
        now, and link those again that have come back. Inside ``quietly``."""
        aside = others(self.kind, found)
        set_aside(self.kind.name, aside)
        known = set(
            MirrorLink.objects.filter(kind=self.kind.name, remote_id__in=list(found)).values_list("remote_id", flat=True)
        )
        back = returned(self.kind, {remote_id: row for remote_id, row in found.items() if remote_id not in known})
        for remote_id, link in back.items():
            link.remote_id = remote_id
            link.save(update_fields=["remote_id"])
        moved = [*aside, *back.values()]
        self._dropped += [link.local_id for link in moved]
        self._made += [(link.local_id, link.remote_id) for link in moved]

    def _with_references(self, links: Collection[MirrorLink], found: Mapping[int, Found | None]) -> dict[int, Found]:
        there = {link.remote_id: (link.agreed, server) for link in links if (server := found[link.remote_id]) is not None}
        kept = lost.with_references(self.kind, {pk: (agreed, server[0]) for pk, (agreed, server) in there.items()})
        return {remote_id: (values, there[remote_id][1][1]) for remote_id, values in kept.items()}

    def _is_another(self, link: MirrorLink, server: Found | None) -> bool:
        return server is not None and is_another(self.kind, link, server)

    # One row ---------------------------------------------------------------------------------------------------------

    def _on_both_sides(
        self, link: MirrorLink, mine: Values, server: Found, entry: OutboxEntry | None, *, effects: Effects, work: Work
    ) -> None:
        values, books = server
        theirs, ours = comparable(self.kind, values), comparable(self.kind, mine)
        effects.books[link.local_id] = books
        if link.sent == _DELETION:
            link.sent = {}  # it did not get there
        if entry is None or _wants(entry, EVERYTHING):
            result = ThreeWay(take=differing(ours, theirs), agreed=theirs)
        else:
            base = {**known_base(link, ours, theirs), **{name: ours[name] for name in wished_fields(entry) if name in ours}}
            result = three_way(base, ours, theirs)
        if not self._knows_losses:
            lost.leave_for_later(self.kind, result, link.agreed)
        send = {*result.send, *link.stand_in}
        if entry is not None and result.conflicts:
            self._disagree(entry, result.conflicts, effects)
        elif send:
            if entry is None:
                entry = OutboxEntry(kind=link.kind, local_id=link.local_id, name=name_of(self.kind, mine)[:512])
                effects.entries.append(entry)
            if wished_fields(entry):
                effects.wished[link.local_id] = _wisher(entry)
            self._keep_waiting(entry, effects)
            if entry.state == OutboxState.WAITING:
                whole = {**mine, **{name: values[name] for name in result.take}}
                work.updates[link.local_id] = Pending(
                    link.local_id,
                    link.remote_id,
                    entry.version,
                    send={name: whole[name] for name in whole if name in send},
                    whole=whole,
                    there={**theirs, **link.stand_in},
                )
        elif entry is not None:
            link.sent = {}
            self._settle(entry, effects)
        if result.take:
            effects.take[link.local_id] = {name: values[name] for name in result.take}
        agreed = marked(self.kind, result.agreed, books, link.agreed)
        if not same(agreed, link.agreed):
            link.agreed = agreed
            effects.links.append(link)

    def _gone_here(self, link: MirrorLink, server: Found, entry: OutboxEntry | None, effects: Effects, work: Work) -> None:
        theirs = comparable(self.kind, server[0])
        if entry is None or _wants(entry, EVERYTHING) or not self.kind.deletable:
            effects.bring[link.remote_id] = link
            if entry is not None:
                self._settle(entry, effects)
            return
        arrived = {name: value for name, value in link.sent.items() if name in theirs and same(theirs[name], value)}
        if arrived:  # ours, though no answer came
            link.agreed = link.agreed | arrived
            effects.links.append(link)
        changed = {
            name: {"base": link.agreed.get(name), "theirs": value} for name, value in differing(link.agreed, theirs).items()
        }
        if changed:
            self._disagree(entry, {DELETED: HERE, **changed}, effects)
            return
        self._keep_waiting(entry, effects)
        if entry.state == OutboxState.WAITING:
            work.deletions[link.local_id] = Pending(link.local_id, link.remote_id, entry.version, there=theirs)

    def _gone_there(
        self,
        link: MirrorLink,
        mine: Values | None,
        entry: OutboxEntry | None,
        *,
        effects: Effects,
        work: Work,
        vanish: bool,
    ) -> None:
        if mine is None:
            effects.unlink.append(link.local_id)
            if entry is not None:
                self._settle(entry, effects)
            return
        if entry is not None and not entry.wishes and link.sent == _DELETION:
            effects.unlink.append(link.local_id)  # we did that, and then it was taken back: it is made again there
            work.to_create.append(link.local_id)
            return
        if entry is not None and not _wants(entry, EVERYTHING):
            changed = differing(link.agreed, comparable(self.kind, mine))
            if changed:
                sides = {name: {"base": link.agreed.get(name), "mine": value} for name, value in changed.items()}
                self._disagree(entry, {DELETED: THERE, **sides}, effects)
                return
            if not vanish:
                self._settle(entry, effects)
                return  # nothing of it waits any more; the next pull decides what becomes of the row
        if entry is not None:
            self._settle(entry, effects)
        elif not vanish:
            return
        effects.remove.append(link.local_id)
        effects.unlink.append(link.local_id)

    def _settle(self, entry: OutboxEntry, effects: Effects) -> None:
        effects.done.append(entry.local_id)
        if entry.wishes:
            effects.wished[entry.local_id] = _wisher(entry)

    def _disagree(self, entry: OutboxEntry, conflict: Mapping[str, Any], effects: Effects) -> None:
        if entry.state != OutboxState.CONFLICT:
            self.counts.conflicts += 1
        if entry.state != OutboxState.CONFLICT or entry.conflict != conflict or entry.wishes:
            entry.state, entry.conflict, entry.reason, entry.wishes = OutboxState.CONFLICT, dict(conflict), "", {}
            entry.next_attempt_at = None
            effects.entries.append(entry)

    def _keep_waiting(self, entry: OutboxEntry, effects: Effects) -> None:
        """There is something to deliver and no conflict (any more)."""
        if entry.state == OutboxState.CONFLICT or entry.wishes:
            entry.state = OutboxState.WAITING if entry.state == OutboxState.CONFLICT else entry.state
            entry.conflict, entry.wishes = {}, {}
            effects.entries.append(entry)


def wished_fields(entry: OutboxEntry) -> Collection[str]:
    """Fields for which somebody asked to take the server's value; "*" = the whole row."""
    return list(entry.wishes.get("fields", ())) if entry.wishes else ()


def _wants(entry: OutboxEntry, name: str) -> bool:
    return name in wished_fields(entry)


def _wisher(entry: OutboxEntry) -> Actor:
    return Actor(entry.wishes.get("user_id"), entry.wishes.get("user_name", ""), user_initiated=True)


def _remember_sending(kind: MirroredKind, link: MirrorLink, work: Work) -> None:
    if link.local_id in work.updates:
        link.sent = comparable(kind, work.updates[link.local_id].send)
    elif link.local_id in work.deletions:
        link.sent = dict(_DELETION)
