"""Stores what a kind says became of rows, while it goes on talking to the server."""

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from django.db import IntegrityError

from tasks_app.mirror.agreed import write_links
from tasks_app.mirror.compare import base_of_creation, comparable, differing, same
from tasks_app.mirror.identity import marked
from tasks_app.mirror.kinds import Delivered, MirroredKind, Outcome, Refused, Values
from tasks_app.mirror.links import StoredLinks
from tasks_app.mirror.lost import gone, with_references
from tasks_app.mirror.readable import NOT_UNDERSTOOD
from tasks_app.mirror.reconcile import Pending
from tasks_app.mirror.report import DeliveryReport, Held
from tasks_app.mirror.state import quietly
from tasks_app.mirror.sync_journal import SyncJournal, name_of
from tasks_app.models import MirrorLink, OutboxEntry

logger = logging.getLogger(__name__)

CREATE = "create"
UPDATE = "update"
DELETE = "delete"

_TOGETHER = 100
_SECONDS = 0.25


@dataclass
class _Stored:
    """Links that a transaction made (local id, remote id) and dropped (local id)."""

    made: list[tuple[int, int]] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)


class Recorder:
    """Outcomes of one batch, written a few together; :meth:`flush` writes what is left.

    A worker that is killed before they are written loses nothing: updates and deletions are found done when they are looked
    at again, and creations are found again through their attempts, which are not forgotten before a flush.
    """

    def __init__(
        self, kind: MirroredKind, doing: str, links: StoredLinks, journal: SyncJournal, report: DeliveryReport
    ) -> None:
        self._kind = kind
        self._doing = doing
        self._links = links
        self._journal = journal
        self._report = report
        self._expected: Mapping[int, Pending] = {}
        self._waiting: list[Delivered] = []
        self._since = 0.0
        self.answered: set[int] = set()
        self.sent_earlier: Mapping[int, list[Values]] = {}
        """What earlier attempts without an answer have sent to create rows: such a row may be found with the values of then,
        and changed by others since. It is compared like any other change, with these as the base."""

    def expect(self, rows: Mapping[int, Pending]) -> None:
        """What was handed to the kind, as it was then."""
        self._expected = rows

    def add(self, outcome: Outcome) -> None:
        self.answered.add(outcome.local_id)
        if isinstance(outcome, Delivered):
            if not self._waiting:
                self._since = time.monotonic()
            self._waiting.append(outcome)
            if len(self._waiting) >= _TOGETHER or time.monotonic() - self._since > _SECONDS:
                self.flush()
            return
        row = self._expected.get(outcome.local_id)
        if row is not None:
            self._report.held[self._kind.name, outcome.local_id] = Held(
                row.version, outcome.reason, isinstance(outcome, Refused), self._report.delivered + len(self._waiting)
            )

    def flush(self) -> None:
        """Store what was delivered until now, in one short transaction; one by one when the database refuses it together."""
        outcomes = {outcome.local_id: outcome for outcome in self._waiting}
        self._waiting = []
        if not outcomes:
            return
        try:
            self._store_now(outcomes)
        except (IntegrityError, *NOT_UNDERSTOOD):
            for local_id, outcome in outcomes.items():
                self._store_one(local_id, outcome)

    def _store_one(self, local_id: int, outcome: Delivered) -> None:
        try:
            self._store_now({local_id: outcome})
        except (IntegrityError, *NOT_UNDERSTOOD) as error:
            logger.warning("[MIRROR] %s %s cannot be as the server has it: %r", self._kind.name, local_id, error)
            self._store_now({local_id: outcome}, take_over=False)
            row = self._expected.get(local_id)
            if row is not None:
                reason = "The server wrote it differently, which cannot be here: something else is in the way. Change it here."
                self._report.held[self._kind.name, local_id] = Held(row.version, reason, True, self._report.delivered)
                self._report.faulty.add((self._kind.name, local_id))

    def _store_now(self, outcomes: Mapping[int, Delivered], *, take_over: bool = True) -> None:
        stored = _Stored()
        with quietly():
            self._store(outcomes, stored, take_over=take_over)
        self._links.forget(self._kind.name, stored.dropped)
        for local_id, remote_id in stored.made:
            self._links.note(self._kind.name, local_id, remote_id)
        if self._doing == CREATE:
            self._report.created += len(stored.made)
        elif self._doing == UPDATE:
            self._report.updated += len(outcomes)
        else:
            self._report.deleted += len(outcomes)
        for local_id in outcomes:
            if self._doing == DELETE or local_id in self._links.remotes_of(self._kind.name, (local_id,)):
                self._report.held.pop((self._kind.name, local_id), None)

    def _store(self, outcomes: Mapping[int, Delivered], stored: _Stored, *, take_over: bool) -> None:
        ids = list(outcomes)
        name = self._kind.name
        here = self._kind.local(ids)
        entries = {entry.local_id: entry for entry in OutboxEntry.objects.filter(kind=name, local_id__in=ids)}
        links = {link.local_id: link for link in MirrorLink.objects.filter(kind=name, local_id__in=ids)}
        if self._doing == DELETE:
            MirrorLink.objects.filter(kind=name, local_id__in=ids).delete()
            stored.dropped += ids
            self._settle(pk for pk in ids if self._is_unchanged(pk, entries) and pk not in here)
            return
        if self._doing == CREATE:
            self._link(outcomes, links, stored.made)
        outcomes = self._with_references(outcomes)
        take: dict[int, Values] = {}
        settled: list[int] = []
        changed: list[MirrorLink] = []
        for pk, outcome in outcomes.items():
            link = links.get(pk)
            if link is None:
                continue
            theirs = comparable(self._kind, outcome.values)
            unchanged = self._is_unchanged(pk, entries)
            agreed, news = self._agree(pk, link.agreed, theirs, here.get(pk), unchanged=unchanged)
            agreed = marked(self._kind, agreed, outcome.books, link.agreed)
            if link.sent or link.stand_in or not same(agreed, link.agreed):
                link.agreed, link.sent, link.stand_in = agreed, {}, {}
                changed.append(link)
            if pk not in here:
                if pk not in entries:  # it was deleted here while it was being created there
                    OutboxEntry.objects.create(kind=name, local_id=pk, name=name_of(self._kind, outcome.values)[:512])
            elif unchanged and (take_over or not news):
                settled.append(pk)
                if news:
                    take[pk] = {changed_field: outcome.values[changed_field] for changed_field in news}
        write_links(changed)
        if take:
            self._kind.change(take)
            self._journal.write(self._kind, updated={pk: (here[pk], values) for pk, values in take.items()})
        self._settle(settled)

    def _with_references(self, outcomes: Mapping[int, Delivered]) -> dict[int, Delivered]:
        sent = {pk: (row.whole, outcomes[pk].values) for pk, row in self._expected.items() if pk in outcomes}
        kept = with_references(self._kind, sent)
        return {pk: replace(one, values=kept[pk]) if pk in kept else one for pk, one in outcomes.items()}

    def _agree(self, pk: int, base: Values, theirs: Values, mine: Values | None, *, unchanged: bool) -> tuple[Values, Values]:
        """What both sides agree on now, and which of the server's values are to be taken over here."""
        row = self._expected.get(pk)
        if pk in self.sent_earlier:
            sent = [*self.sent_earlier[pk], *([comparable(self._kind, row.whole)] if row is not None else [])]
            return base_of_creation(sent, theirs), {}
        if self._doing == CREATE or row is None:
            ours = comparable(self._kind, mine) if mine is not None and unchanged else {}
            return theirs, differing(ours, theirs)
        ours = comparable(self._kind, mine) if mine is not None else {}
        agreed, news = dict(base), {}
        for name, value in theirs.items():
            is_sent = name in row.send
            if not is_sent and not (unchanged and name in ours and name in base and same(base[name], ours[name])):
                continue  # changed here meanwhile: compared again when that is delivered
            if not is_sent and name in self._kind.references and gone(base.get(name), value):
                continue  # the next pull knows what is lost there
            agreed[name] = value
            if name in ours and not same(ours[name], value):
                news[name] = value
        return agreed, news

    def _link(self, outcomes: Mapping[int, Delivered], links: dict[int, MirrorLink], made: list[tuple[int, int]]) -> None:
        wanted = {outcome.remote_id: pk for pk, outcome in outcomes.items()}
        taken = MirrorLink.objects.filter(kind=self._kind.name, remote_id__in=list(wanted))
        others = {link.remote_id: link.local_id for link in taken}
        for pk, outcome in outcomes.items():
            other = others.get(outcome.remote_id, wanted[outcome.remote_id])
            if other != pk:
                logger.error("[MIRROR] %s %s became %s on the server, as did %s", self._kind.name, pk, outcome.remote_id, other)
                reason = "The server took it for another row here. Change its name and try again."
                row = self._expected.get(pk)
                if row is not None:
                    self._report.held[self._kind.name, pk] = Held(row.version, reason, True, self._report.delivered)
                continue
            if pk in links:
                continue
            links[pk] = MirrorLink.objects.create(kind=self._kind.name, local_id=pk, remote_id=outcome.remote_id, agreed={})
            made.append((pk, outcome.remote_id))

    def _is_unchanged(self, pk: int, entries: Mapping[int, OutboxEntry]) -> bool:
        row, entry = self._expected.get(pk), entries.get(pk)
        return pk not in self.sent_earlier and row is not None and entry is not None and entry.version == row.version

    def _settle(self, ids: Iterable[int]) -> None:
        OutboxEntry.objects.filter(kind=self._kind.name, local_id__in=list(ids)).delete()
