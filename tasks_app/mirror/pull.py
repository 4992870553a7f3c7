"""Brings the server's rows over: kind by kind, in chunks, so that memory and locks stay small however much there is."""

import logging
import time
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field

from django.db import IntegrityError, transaction
from django.utils import timezone

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import DispatcharrError, Stopped
from ecm_site.wording import counted
from tasks_app.mirror.agreed import Found
from tasks_app.mirror.bulk_mirrors import BulkMirror, PullCounts, all_bulk_mirrors
from tasks_app.mirror.chunks import chunks
from tasks_app.mirror.creating import Sent, forget_sent, free_rows, link_ghosts, see_through, sent_before
from tasks_app.mirror.identity import on_the_server
from tasks_app.mirror.kinds import MirroredKind, Values, all_kinds
from tasks_app.mirror.links import LeftOut, StoredLinks
from tasks_app.mirror.parts import make_again_with_their_whole, with_their_whole
from tasks_app.mirror.readable import NOT_UNDERSTOOD, Row, is_id, words_for
from tasks_app.mirror.reconcile import DELETED, THERE, Reconciler
from tasks_app.mirror.state import quietly
from tasks_app.mirror.sync_journal import SyncJournal
from tasks_app.mirror.trouble import Trouble, is_trouble, note_reached, note_trouble
from tasks_app.models import MirrorLink, MirrorPull, OutboxEntry, OutboxState
from tasks_app.progress import Cancelled, NoProgress, Progress
from tasks_app.write_turns import WriteTurns

logger = logging.getLogger(__name__)

CHUNK = 500
HELD_BACK_FROM = 20
"""Links of a kind, unless it says another number; of fewer rows more than half may well vanish at once."""
UNREADABLE_FROM = 5
"""Rows that are left out; from so many on, a kind of which more than half are is held as a whole."""
_TOLD = 5
_KEPT = 200
_LOOKED_AT_AGAIN = 200
"""Vanished rows that are asked for by id before they count as gone: a list can lose some."""

Step = MirroredKind | BulkMirror


class PullFailed(Exception):
    """A kind could not be pulled. What came before it is stored; what refers to it was left alone. A sentence."""


@dataclass
class PullReport:
    """What a pull did, by kind."""

    counts: dict[str, PullCounts] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    held_back: list[str] = field(default_factory=list)
    """Labels of kinds of which so much vanished that somebody has to say yes."""

    @property
    def changed(self) -> int:
        return sum(count.created + count.updated + count.deleted for count in self.counts.values())

    @property
    def conflicts(self) -> int:
        return sum(count.conflicts for count in self.counts.values())


def steps(names: Collection[str] = ()) -> list[Step]:
    """What is pulled, in order; all that is registered when no names are given. Raises ``LookupError`` for unknown names."""
    everything: list[Step] = [*all_kinds(), *all_bulk_mirrors()]
    unknown = sorted(set(names) - {step.name for step in everything})
    if unknown:
        raise LookupError(f"Nothing here mirrors {', '.join(unknown)}.")
    return sorted((step for step in everything if not names or step.name in names), key=lambda step: step.position)


def pull(
    client: Dispatcharr,
    names: Collection[str] = (),
    *,
    links: StoredLinks | None = None,
    progress: Progress | None = None,
) -> PullReport:
    """Pull these kinds and bulk mirrors (none named: all). Kinds that others point to come first; when one fails, those after
    it are left alone, since what they point to could be missing.

    Raises :class:`Trouble` (which is noted for the pages), :class:`PullFailed`, ``Cancelled`` and ``LookupError``.
    """
    run = _Run(client, links or StoredLinks(), progress or NoProgress(), reads_all=not names)
    wanted = steps(names)
    try:
        for step in wanted:
            run.progress.raise_if_cancelled()
            _one_step(run, step)
        note_reached()
    finally:
        run.journal.end({step.name: step for step in wanted if isinstance(step, MirroredKind)})
    return run.report


@dataclass
class _Run:
    """What all steps of one pull share."""

    client: Dispatcharr
    links: StoredLinks
    progress: Progress
    reads_all: bool
    journal: SyncJournal = field(default_factory=SyncJournal)
    report: PullReport = field(default_factory=PullReport)


def _one_step(run: _Run, step: Step) -> None:
    began = time.monotonic()
    row = MirrorPull.objects.get_or_create(kind=step.name)[0]
    counts = run.report.counts.setdefault(step.name, PullCounts())
    run.progress.report(phase=f"reading {step.label}"[:40], current=0, total=0)
    if row.finished_at is None:
        run.journal.brief.add(step.name)
    try:
        if isinstance(step, BulkMirror):
            _take_over(counts, step.pull(run.client, run.links, run.progress))
        else:
            KindPull(run, step, counts).run()
    except Stopped:
        raise Cancelled from None
    except DispatcharrError as error:
        MirrorPull.objects.filter(kind=step.name).update(problem=str(error))
        if is_trouble(error):
            note_trouble(error)
            raise Trouble(str(error)) from error
        raise PullFailed(f"The server's {step.label} could not be read: {error}") from error
    except NOT_UNDERSTOOD as error:
        logger.exception("[MIRROR] What the server says of kind %s is not understood", step.name)
        problem = f"The server's {step.label} could not be read: its answer is not understood. The log says more."
        MirrorPull.objects.filter(kind=step.name).update(problem=problem)
        raise PullFailed(problem) from error
    MirrorPull.objects.filter(kind=step.name).update(
        finished_at=timezone.now(),
        seconds=round(time.monotonic() - began, 3),
        counts={name: value for name, value in asdict(counts).items() if name != "notes"},
        problem=" ".join(counts.notes),
    )
    run.report.notes += counts.notes
    if MirrorPull.objects.filter(kind=step.name).exclude(held_back={}).exists():
        run.report.held_back.append(step.label if isinstance(step, BulkMirror) else f"{step.label}s")
    logger.info(
        "[MIRROR] Pulled %s: %s seen, %s created, %s updated, %s deleted, %s conflicts",
        step.name,
        counts.seen,
        counts.created,
        counts.updated,
        counts.deleted,
        counts.conflicts,
    )


def _take_over(counts: PullCounts, found: PullCounts) -> None:
    for name, value in vars(found).items():
        setattr(counts, name, value)


class KindPull:
    """One pull of one kind."""

    def __init__(self, run: _Run, kind: MirroredKind, counts: PullCounts) -> None:
        self._client = run.client
        self._kind = kind
        self._links = run.links
        self._counts = counts
        self._progress = run.progress
        self._reconciler = Reconciler(kind, run.links, run.journal, counts, knows_losses=run.reads_all)
        self._turns = WriteTurns()
        self._seen: set[int] = set()
        self._known = 0  # links at the beginning
        self._later: list[Row] = []
        self._left_out = LeftOut()
        self._free: dict[object, int] | None = None
        self._sent = Sent()
        self._sent_keys: dict[object, int] = {}

    def run(self) -> None:
        """Raises any ``DispatcharrError`` of the kind."""
        if not see_through(self._client, self._kind, self._links):
            self._counts.notes.append(
                f"Creating {self._kind.label}s is under way on the server; they are pulled the next time."
            )
            return
        link_ghosts(self._client, self._kind, self._links)
        make_again_with_their_whole(self._client, self._kind, self._links)
        self._sent = sent_before(self._kind)
        known = self._known = self._links.count(self._kind.name)
        self._left_out = self._links.left_out(self._kind.name, afresh=True)
        for part in chunks(self._kind.read(self._client, self._links), CHUNK):
            self._progress.raise_if_cancelled()
            chunk = self._with_ids(part)
            self._seen.update(row[0] for row in chunk)
            self._write(chunk)
            self._counts.seen += len(chunk)
            self._progress.report(current=self._counts.seen, total=max(known, self._counts.seen))
        self._tell_left_out()
        self._vanished()
        later, self._later = self._later, []
        for row in later:  # what stood in their way may have vanished by now
            self._write([row])
        if self._later:
            self._counts.skipped += len(self._later)
            self._counts.notes.append(
                f"{counted(len(self._later), self._kind.label)} could not be stored here, because something else here is"
                " in the way. The log says which."
            )
        forget_sent(self._kind, self._sent.ids)  # every row of the server has been looked at

    def _with_ids(self, rows: list[Row]) -> list[Row]:
        found = [row for row in rows if is_id(row[0])]
        for _ in range(len(rows) - len(found)):
            self._links.leave_out(self._kind.name, None, "its id is none")
        return found

    def _tell_left_out(self) -> None:
        """Raises ``ValueError`` when so few rows are understood that the server is perhaps none that ECM knows."""
        left_out, total = self._left_out, self._counts.seen
        self._counts.left_out = len(left_out)
        kept = {str(remote_id or "?"): why for remote_id, why in list(left_out.rows.items())[:_KEPT]}
        MirrorPull.objects.filter(kind=self._kind.name).update(left_out=kept)
        if not len(left_out):
            return
        stored = total - sum(1 for remote_id in left_out.rows if remote_id in self._seen)
        if len(left_out) >= UNREADABLE_FROM and len(left_out) > stored:
            raise ValueError(f"{len(left_out)} rows are not understood, only {stored} are")
        named = [f"no. {remote_id} ({why})" for remote_id, why in left_out.rows.items() if remote_id is not None][:_TOLD]
        if left_out.nameless:
            named.append(f"{left_out.nameless:,} of which not even the number is known")
        more = " and more" if len(left_out.rows) > _TOLD + 1 else ""
        self._counts.notes.append(
            f"{counted(len(left_out), self._kind.label)} of the server cannot be understood and"
            f" {'was' if len(left_out) == 1 else 'were'} left out: {', '.join(named)}{more}. What is here of"
            f" {'it' if len(left_out) == 1 else 'them'} stays as it is. Look at it in Dispatcharr."
        )

    def _write(self, chunk: list[Row]) -> None:
        """One transaction; halves of the chunk when the database refuses it, so that one bad row costs only itself."""
        try:
            self._find_free(chunk)
            with self._turns.turn(), quietly():
                self._reconcile(chunk)
        except (IntegrityError, *NOT_UNDERSTOOD) as error:
            self._reconciler.rolled_back()
            self._free = None
            if len(chunk) == 1:
                self._cannot_store(chunk[0], error)
                return
            middle = len(chunk) // 2
            self._write(chunk[:middle])
            self._write(chunk[middle:])
        else:
            self._reconciler.committed()

    def _cannot_store(self, row: Row, error: Exception) -> None:
        logger.warning("[MIRROR] %s %s of the server cannot be stored: %r", self._kind.name, row[0], error)
        if isinstance(error, IntegrityError):
            self._later.append(row)
        else:
            self._links.leave_out(self._kind.name, row[0], words_for(error))

    def _reconcile(self, chunk: list[Row]) -> None:
        found: dict[int, Found] = {remote_id: (values, books) for remote_id, values, books in chunk}
        self._reconciler.follow_ids(found)
        linked = MirrorLink.objects.filter(kind=self._kind.name, remote_id__in=list(found))
        here = set(linked.values_list("remote_id", flat=True))
        unlinked = [remote_id for remote_id in found if remote_id not in here]
        if unlinked:
            pairs = self._pairs({remote_id: found[remote_id][0] for remote_id in unlinked})
            there = {local_id: found[remote_id][0] for remote_id, local_id in pairs.items()}
            self._reconciler.adopt(pairs, self._sent.bases(self._kind, there))
            self._reconciler.store({remote_id: found[remote_id] for remote_id in unlinked if remote_id not in pairs})
            found = {remote_id: row for remote_id, row in found.items() if remote_id not in unlinked or remote_id in pairs}
        if found:
            self._reconciler.linked(found, vanish=True)

    def _find_free(self, chunk: list[Row]) -> None:
        """Before the lock is taken: which rows here are linked to nothing, by natural key. Read at most once."""
        if not self._kind.natural_key or self._free is not None:
            return
        names = {row[0] for row in chunk}
        if names <= set(self._links.locals_of(self._kind.name, names)):
            return
        sent = self._sent.keys(self._kind)
        linked = self._links.remotes_of(self._kind.name, set(sent.values()))
        self._sent_keys = {key: local_id for key, local_id in sent.items() if local_id not in linked}
        self._free = {**self._sent_keys, **free_rows(self._kind, self._links)}

    def _pairs(self, unlinked: Mapping[int, Values]) -> dict[int, int]:
        """Remote id → local id of rows here that have the same natural key, as they are at this moment."""
        if not self._free:
            return {}
        key = self._kind.natural_key
        asked = {remote_id: self._free[values[key]] for remote_id, values in unlinked.items() if values[key] in self._free}
        here = self._kind.local(list(asked.values())) if asked else {}
        pairs: dict[int, int] = {}
        for remote_id, local_id in asked.items():
            was_sent = self._sent_keys.get(unlinked[remote_id][key]) == local_id  # perhaps renamed or deleted here since
            is_same = local_id in here and here[local_id][key] == unlinked[remote_id][key]
            if (is_same or was_sent) and local_id not in pairs.values():
                pairs[remote_id] = local_id
        for remote_id in pairs:
            self._free.pop(unlinked[remote_id][key], None)
        return pairs

    def _missing(self) -> set[int]:
        linked = self._links.remote_ids(self._kind.name)
        return {pk for pk in linked if pk not in self._seen and not self._left_out.may_be(pk)}

    def _vanished(self) -> None:
        """What is linked and was not seen is gone on the server, as far as one list can tell. A row that was left out is not,
        and while there are some of which nobody knows which they are, nothing is. Parts of a row that is asked about, or is to
        be made there again, stay with it; those of one that goes are not asked about by themselves."""
        gone = self._missing()
        total = self._known  # without what came with this pull: it replaces nothing that has gone
        again = on_the_server(gone)
        if 0 < len(again) <= _LOOKED_AT_AGAIN:
            found = list(self._kind.read(self._client, self._links, again))
            self._seen.update(row[0] for row in found)
            self._write(found)
            gone = self._missing()
        staying, going = with_their_whole(self._kind, self._links, gone)
        gone -= staying
        row = MirrorPull.objects.get(kind=self._kind.name)
        accepted = gone & (going | set(row.accepted.get("remote_ids", ())))
        contested = self._contested(gone - accepted)
        new = gone - accepted - contested
        asks = total >= (self._kind.asks_from or HELD_BACK_FROM) and len(new | contested) * 2 > total
        asked = new & set(row.held_back.get("remote_ids", ()))  # whatever has come since: nobody has answered yet
        kept = sorted(new if asks else asked)
        self._delete_accepted(accepted)
        self._delete_here(self._reconciler, contested | (new - set(kept)))
        self._ask(kept, total if asks else row.held_back.get("of", total), row)

    @transaction.atomic
    def _ask(self, kept: list[int], of: int, before: MirrorPull) -> None:
        """What was answered while this pull ran is not asked again, and a yes stays for the next pull to carry out."""
        row = MirrorPull.objects.get(pk=before.pk)
        answered = {} if row.accepted == before.accepted else row.accepted
        linked = set(MirrorLink.objects.filter(kind=self._kind.name, remote_id__in=kept).values_list("remote_id", flat=True))
        open_ids = sorted(linked - set(answered.get("remote_ids", ())))
        asked = {"remote_ids": open_ids, "count": len(open_ids), "of": of, "at": timezone.now().isoformat()}
        MirrorPull.objects.filter(pk=row.pk).update(held_back=asked if open_ids else {}, accepted=answered)

    def _contested(self, gone: Collection[int]) -> set[int]:
        """Those that the queue asks about already: they were changed here."""
        asked = OutboxEntry.objects.filter(kind=self._kind.name, state=OutboxState.CONFLICT, **{f"conflict__{DELETED}": THERE})
        ours = self._links.locals_of(self._kind.name, gone)
        changed = set(asked.values_list("local_id", flat=True)) if ours else set()
        return {remote_id for remote_id, local_id in ours.items() if local_id in changed}

    def _delete_accepted(self, gone: Collection[int]) -> None:
        """What somebody said yes to is told in a journal of its own: the rest of the pull takes none of its room, so that the
        question can say what can be undone."""
        journal = SyncJournal()
        try:
            self._delete_here(Reconciler(self._kind, self._links, journal, self._counts), gone)
        finally:
            journal.end({self._kind.name: self._kind})
            self._reconciler.committed()  # it counts into the same numbers

    def _delete_here(self, reconciler: Reconciler, gone: Collection[int]) -> None:
        for part in chunks(sorted(gone), CHUNK):
            self._progress.raise_if_cancelled()
            with self._turns.turn(), quietly():
                reconciler.linked(dict.fromkeys(part), vanish=True)
            reconciler.committed()
