"""Takes to the server what was changed here (10 §14.5): creations and changes upwards, deletions downwards, again until
nothing moves any more. One bad row never stops the others; an outage stops everything, politely.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from django.db import DatabaseError, IntegrityError
from django.db.models import Q
from django.utils import timezone

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import Busy, DispatcharrError, NotFound, ServerFault, Stopped
from tasks_app.mirror.agreed import Found
from tasks_app.mirror.attempts import StoredAttempts
from tasks_app.mirror.bulk_mirrors import PullCounts
from tasks_app.mirror.chunks import SIZE, chunks
from tasks_app.mirror.creating import Sent, adopt_existing, forget_sent, link_ghosts, note_sent, sent_before
from tasks_app.mirror.exchange import in_turn
from tasks_app.mirror.held import MOST_FAULTS, UNREADABLE, NoOutcome, failed_on, write_held
from tasks_app.mirror.kinds import Change, Delivered, MirroredKind, Outcome, all_kinds
from tasks_app.mirror.links import StoredLinks
from tasks_app.mirror.readable import NOT_UNDERSTOOD, words_for
from tasks_app.mirror.reconcile import Pending, Reconciler, Work
from tasks_app.mirror.record import CREATE, DELETE, UPDATE, Recorder
from tasks_app.mirror.report import DeliveryReport, Held
from tasks_app.mirror.state import quietly
from tasks_app.mirror.sync_journal import SyncJournal
from tasks_app.mirror.trouble import is_trouble, note_reached, note_trouble
from tasks_app.models import CreationAttempt, MirrorLink, OutboxEntry, OutboxState
from tasks_app.progress import Cancelled, NoProgress, Progress

logger = logging.getLogger(__name__)

_ROUNDS = 10

Send = Callable[[Mapping[int, Pending]], Iterator[Outcome]]


def deliver(client: Dispatcharr, *, links: StoredLinks | None = None, progress: Progress | None = None) -> DeliveryReport:
    """Deliver what is due. Trouble with the server is noted for the pages and told in the report.

    Raises ``Cancelled`` between batches: what was delivered until then is stored.
    """
    return Delivery(client, links or StoredLinks(), progress or NoProgress()).run()


class Delivery:
    """One run of deliveries."""

    def __init__(self, client: Dispatcharr, links: StoredLinks, progress: Progress) -> None:
        self._client = client
        self._links = links
        self._progress = progress
        self._journal = SyncJournal()
        self._counts = PullCounts()
        self._faults_in_a_row = 0
        self._again = False
        self._asked = 0
        self.report = DeliveryReport()

    def run(self) -> DeliveryReport:
        kinds = all_kinds()
        try:
            self._rounds(kinds)
        except Stopped:
            raise Cancelled from None
        except DispatcharrError as error:
            note_trouble(error)
            self.report.trouble = str(error)
        else:
            write_held(self.report)
            if self._asked:
                note_reached()
        finally:
            self.report.conflicts = self._counts.conflicts
            self._journal.end({kind.name: kind for kind in kinds})
        return self.report

    def _rounds(self, kinds: Collection[MirroredKind]) -> None:
        """A row that is refused may be in order once others are delivered (a name that is free then): so again."""
        for number in range(_ROUNDS):
            first = number == 0
            for kind in kinds:
                self._guarded(kind, self._creations, due_only=first)
                self._guarded(kind, self._updates, due_only=first)
            for kind in reversed(list(kinds)):
                self._guarded(kind, self._deletions, due_only=first)
            moved = self.report.delivered
            again, self._again = self._again, False
            if (
                not again
                and not any(held.after < moved for held in self.report.held.values())
                and not (first and moved and self._later())
            ):
                return

    def _guarded(self, kind: MirroredKind, do: Callable[..., None], *, due_only: bool) -> None:
        """A kind that fails as a whole keeps its own rows waiting, not those of the others."""
        if kind.name in self.report.broken:
            return
        try:
            do(kind, due_only=due_only)
        except (DispatcharrError, Cancelled, DatabaseError):
            raise
        except Exception as error:  # a bug in a kind
            logger.exception("[MIRROR] Changes of %s cannot be delivered", kind.name)
            self.report.broken[kind.name] = f"ECM failed on its {kind.label}s ({type(error).__name__}); the log says more."

    def _later(self) -> bool:
        """Whether rows wait for their moment: what was delivered just now may be what they wait for."""
        return OutboxEntry.objects.filter(state=OutboxState.WAITING, next_attempt_at__isnull=False).exists()

    # Kinds -----------------------------------------------------------------------------------------------------------

    def _creations(self, kind: MirroredKind, *, due_only: bool) -> None:
        waiting = self._waiting(kind, due_only=due_only)
        if waiting:
            link_ghosts(self._client, kind, self._links)
        linked = self._links.remotes_of(kind.name, waiting)
        missing = [local_id for local_id in waiting if local_id not in linked]
        attempts_left = CreationAttempt.objects.filter(kind=kind.name).exists()
        looked_up = False
        sent = sent_before(kind) if missing and kind.natural_key else Sent()
        for part in chunks(missing, SIZE):
            rows = {pk: Pending(pk, 0, waiting[pk], send=values, whole=values) for pk, values in kind.local(part).items()}
            void = [pk for pk in part if pk not in rows]
            if kind.natural_key and not looked_up and (rows or any(pk in sent.values for pk in void)):
                looked_up = True
                self._asked += 1
                everything = {pk: values for some in chunks(missing, SIZE) for pk, values in kind.local(some).items()}
                ghosts = sent.ghosts(kind, everything)
                wanted = everything | {pk: values for pk, values in ghosts.items() if pk in waiting}
                self.report.adopted += adopt_existing(self._client, kind, self._links, wanted)
            linked = self._links.remotes_of(kind.name, void)
            self._drop_void(kind, {pk: waiting[pk] for pk in void if pk not in linked})
            linked = self._links.remotes_of(kind.name, rows)
            rows = {pk: row for pk, row in rows.items() if pk not in linked}
            if rows:
                attempts_left = False
                self._create(kind, rows)
        if attempts_left:
            self._create(kind, {})

    def _create(self, kind: MirroredKind, rows: dict[int, Pending]) -> None:
        self._progress.report(phase=f"creating {kind.label}"[:40])
        recorder = self._recorder(kind, CREATE)
        earlier = sent_before(kind)
        recorder.sent_earlier = earlier.values
        attempts = StoredAttempts(kind.name, before_finish=recorder.flush)
        notes = [note_sent(kind, {pk: row.whole for pk, row in rows.items()})] if rows else []

        def send(part: Mapping[int, Pending]) -> Iterator[Outcome]:
            return kind.create(self._client, self._links, {pk: row.whole for pk, row in part.items()}, attempts)

        if self._send(kind, rows, recorder, send):
            forget_sent(kind, [*earlier.ids, *notes])

    def _updates(self, kind: MirroredKind, *, due_only: bool) -> None:
        def send(part: Mapping[int, Pending]) -> Iterator[Outcome]:
            changes = [Change(row.local_id, row.remote_id, row.send, row.whole) for row in part.values()]
            return kind.update(self._client, self._links, changes)

        renamed: dict[int, Pending] = {}
        for work in self._compared(kind, due_only=due_only, there_here=True):
            renamed |= {pk: row for pk, row in work.updates.items() if kind.natural_key in row.send}
            rows = {pk: row for pk, row in work.updates.items() if pk not in renamed}
            if rows:
                self._progress.report(phase=f"changing {kind.label}"[:40])
                self._send(kind, rows, self._recorder(kind, UPDATE), send)
        if renamed:  # together, because one may wait for the name of another
            self._progress.report(phase=f"renaming {kind.label}"[:40])
            rows, aside = in_turn(kind, renamed)
            for pk, value in aside.items():  # stored before it is sent, so that nobody takes it for the server's own
                MirrorLink.objects.filter(kind=kind.name, local_id=pk).update(stand_in={kind.natural_key: value})
                self._rename_for_now(kind, rows[pk], value)
            self._send(kind, rows, self._recorder(kind, UPDATE), send)
            for pk in aside:
                if (kind.name, pk) in self.report.held:  # it did not get the name that it wanted: nobody shall see the other
                    self._rename_for_now(kind, rows[pk], rows[pk].there[kind.natural_key])

    def _rename_for_now(self, kind: MirroredKind, row: Pending, value: Any) -> None:
        """Give a row another natural key there than it has here. When it fails, sending the row's own values tells why."""
        self._asked += 1
        key = kind.natural_key
        try:
            for outcome in kind.update(
                self._client, self._links, [Change(row.local_id, row.remote_id, {key: value}, {**row.whole, key: value})]
            ):
                if not isinstance(outcome, Delivered):
                    logger.warning("[MIRROR] %s %s cannot step aside: %s", kind.name, row.local_id, outcome.reason)
        except DispatcharrError as error:
            if is_trouble(error) or isinstance(error, Stopped):
                raise
            logger.warning("[MIRROR] %s %s cannot step aside: %s", kind.name, row.local_id, error)

    def _deletions(self, kind: MirroredKind, *, due_only: bool) -> None:
        def send(part: Mapping[int, Pending]) -> Iterator[Outcome]:
            return kind.delete(self._client, self._links, {pk: row.remote_id for pk, row in part.items()})

        for work in self._compared(kind, due_only=due_only, there_here=False):
            if work.deletions:
                self._progress.report(phase=f"deleting {kind.label}"[:40])
                self._send(kind, work.deletions, self._recorder(kind, DELETE), send)

    def _compared(self, kind: MirroredKind, *, due_only: bool, there_here: bool) -> Iterator[Work]:
        """Linked rows that wait and are here (or not), a batch at a time, compared with what the server says right now.

        It keeps no versions, and the last one to write wins there: this look is what keeps others' changes from being lost.
        """
        waiting = self._waiting(kind, due_only=due_only)
        linked = self._links.remotes_of(kind.name, waiting)
        # Deletions that were taken back come with the changes: what refers to these rows is delivered after them.
        wishes = OutboxEntry.objects.filter(kind=kind.name, state=OutboxState.WAITING).exclude(wishes={})
        back = set(wishes.values_list("local_id", flat=True))
        wanted: list[int] = []
        for part in chunks(sorted(linked), SIZE):
            here = kind.local(part)
            wanted += [pk for pk in part if (pk in here or pk in back) == there_here]
        for part in chunks(wanted, kind.look_at):
            for found in self._looked_up(kind, {pk: Pending(pk, linked[pk], waiting[pk]) for pk in part}):
                yield from self._reconciled(kind, found, waiting)

    def _reconciled(self, kind: MirroredKind, found: dict[int, Found | None], versions: Mapping[int, int]) -> Iterator[Work]:
        """Compare and store in one transaction; in halves when the database refuses what the server has."""
        reconciler = Reconciler(kind, self._links, self._journal, self._counts)
        try:
            with quietly():
                work = reconciler.linked(found, vanish=False)
        except (IntegrityError, *NOT_UNDERSTOOD) as error:
            reconciler.rolled_back()
            rows = list(found.items())
            if len(rows) > 1:
                yield from self._reconciled(kind, dict(rows[: len(rows) // 2]), versions)
                yield from self._reconciled(kind, dict(rows[len(rows) // 2 :]), versions)
                return
            logger.warning("[MIRROR] %s %s of the server cannot be stored: %r", kind.name, rows[0][0], error)
            local_id = self._links.local(kind.name, rows[0][0])
            if local_id is not None:
                row = Pending(local_id, rows[0][0], versions.get(local_id, 0))
                taken = "What the server has cannot be stored: something is in the way."
                why = taken if isinstance(error, IntegrityError) else f"{UNREADABLE} ({words_for(error)})."
                failed_on(self.report, kind, {local_id: row}, NoOutcome(why))
            return
        reconciler.committed()
        self._again = self._again or bool(work.to_create)
        yield work

    def _looked_up(self, kind: MirroredKind, rows: Mapping[int, Pending]) -> Iterator[dict[int, Found | None]]:
        """What the server says of these rows now, as it comes and a batch at a time; in halves when it fails on them."""
        parts = [{row.remote_id: row for row in rows.values() if row.remote_id > 0}]
        for aside in chunks([row.remote_id for row in rows.values() if row.remote_id < 0], SIZE):
            yield dict.fromkeys(aside)  # the server gave their ids to others
        while parts:
            self._progress.raise_if_cancelled()
            self._asked += 1
            left = parts.pop()
            if not left:
                continue
            left_out = self._links.left_out(kind.name, afresh=True)
            try:
                for some in chunks(kind.read(self._client, self._links, list(left)), SIZE):
                    found = {pk: (values, books) for pk, values, books in some if left.pop(pk, None) is not None}
                    if found:
                        yield dict(found)
            except DispatcharrError as error:
                if is_trouble(error) or isinstance(error, Stopped):
                    raise
                if len(left) == 1:
                    [row] = left.values()
                    failed_on(self.report, kind, {row.local_id: row}, error)
                else:
                    halves, middle = list(left.items()), len(left) // 2
                    parts += [dict(halves[middle:]), dict(halves[:middle])]
                continue
            for row in [row for pk, row in left.items() if left_out.may_be(pk)]:
                del left[row.remote_id]  # it is not gone: nobody can read what it is
                why = left_out.rows.get(row.remote_id, "rows of which not even the number is known are in the way")
                failed_on(self.report, kind, {row.local_id: row}, NoOutcome(f"{UNREADABLE} ({why})."))
            for gone in chunks(left, SIZE):
                yield dict.fromkeys(gone)

    def _waiting(self, kind: MirroredKind, *, due_only: bool) -> dict[int, int]:
        """Local id → version of what is to be tried now."""
        rows = OutboxEntry.objects.filter(kind=kind.name, state=OutboxState.WAITING)
        if due_only:
            rows = rows.filter(Q(next_attempt_at=None) | Q(next_attempt_at__lte=timezone.now()))
        found = rows.order_by("pk").values_list("local_id", "version")
        return {local_id: version for local_id, version in found if (kind.name, local_id) not in self.report.faulty}

    def _drop_void(self, kind: MirroredKind, versions: Mapping[int, int]) -> None:
        """Forget entries of rows that came and went without the server ever knowing of them."""
        if not versions:
            return
        with quietly():
            here = kind.local(list(versions))
            for local_id, version in versions.items():
                if local_id not in here:
                    OutboxEntry.objects.filter(kind=kind.name, local_id=local_id, version=version).delete()

    # Sending ---------------------------------------------------------------------------------------------------------

    def _recorder(self, kind: MirroredKind, doing: str) -> Recorder:
        return Recorder(kind, doing, self._links, self._journal, self.report)

    def _send(self, kind: MirroredKind, rows: Mapping[int, Pending], recorder: Recorder, send: Send) -> bool:
        """Hand rows to the kind; when it fails on them together, in halves. Returns whether every row got an answer.

        Raises ``DispatcharrError`` when the server cannot be worked with.
        """
        recorder.expect(rows)
        parts = [dict(rows)]
        complete = True
        while parts:
            self._progress.raise_if_cancelled()
            # A half can bring answers for the others: what an earlier attempt had made is found for all of its rows.
            part = {pk: row for pk, row in parts.pop().items() if pk not in recorder.answered}
            if not part:
                continue
            error = self._try(part, recorder, send)
            left = {pk: row for pk, row in part.items() if pk not in recorder.answered}
            if len(left) < len(part):
                self._faults_in_a_row = 0
            if not left:
                if error is not None:
                    logger.warning("[MIRROR] %s: %s", kind.name, error)
                continue
            if error is None:
                failed_on(self.report, kind, left, NoOutcome("ECM got no answer for this change."))
                complete = False
            elif len(left) == 1:
                complete = self._single(kind, left, error, recorder) and complete
            else:
                halves = list(left.items())
                middle = len(halves) // 2
                parts += [dict(halves[middle:]), dict(halves[:middle])]
        return complete

    def _try(self, part: Mapping[int, Pending], recorder: Recorder, send: Send) -> Exception | None:
        """Raises what means that nothing can be sent at the moment; returns what may be about these rows."""
        self._asked += 1
        try:
            for outcome in send(part):
                recorder.add(outcome)
        except (Stopped, Cancelled, DatabaseError):
            recorder.flush()
            raise
        except DispatcharrError as error:
            recorder.flush()
            if is_trouble(error):
                raise
            return error
        except Exception as error:  # a bug in a kind must not keep other rows from being delivered
            logger.exception("[MIRROR] Delivering failed")
            recorder.flush()
            return error
        recorder.flush()
        return None

    def _single(self, kind: MirroredKind, left: Mapping[int, Pending], error: Exception, recorder: Recorder) -> bool:
        """One row that fails by itself. Returns whether it is certain that the server has not done it."""
        [(pk, row)] = left.items()
        if isinstance(error, DispatcharrError) and not isinstance(error, ServerFault | NotFound):
            self.report.held[kind.name, pk] = Held(row.version, str(error), True, self.report.delivered)
            recorder.answered.add(pk)
            return True
        failed_on(self.report, kind, left, error)
        self._faults_in_a_row += isinstance(error, ServerFault)
        if self._faults_in_a_row >= MOST_FAULTS and isinstance(error, ServerFault):
            raise Busy(f"The server fails on everything: {error}", retry_after=0, status=error.status)
        return False
