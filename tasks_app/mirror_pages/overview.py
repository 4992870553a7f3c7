"""What the page "Server" says: whether the server answers, what is at work, the last pull of each kind, what is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone

from ecm_site.wording import counted, shortened
from tasks_app.mirror.bulk_mirrors import BulkMirror
from tasks_app.mirror.kinds import MirroredKind, Values, get_kind
from tasks_app.mirror.mirror_tasks import LOCK
from tasks_app.mirror.pull import Step, steps
from tasks_app.mirror.queue import QueueSummary, queue_summary
from tasks_app.mirror.reconcile import DELETED, THERE
from tasks_app.mirror.state import mirror_state
from tasks_app.mirror.sync_journal import ROWS_KEPT
from tasks_app.mirror.which_server import has_moved, lacks_address
from tasks_app.mirror.which_server_answer import Doubt, doubt_of
from tasks_app.models import MirrorLink, MirrorPull, MirrorState, OutboxEntry, OutboxState, TaskRun
from tasks_app.queries import active_runs, has_worker
from tasks_app.switching.task import unfinished_words

NAMES_SHOWN = 100
_WORDS = (("created", "new"), ("updated", "changed"), ("deleted", "gone"), ("conflicts", "in conflict"))


@dataclass(frozen=True)
class PullLine:
    """The last pull of one kind. ``finished_at`` is None before the first; ``seen`` includes what is known to be unchanged."""

    name: str
    label: str
    finished_at: datetime | None
    seconds: float
    seen: int
    words: str
    problem: str
    held_back: int
    held_back_of: int
    is_bulk: bool = False
    step: str = ""
    """While a pull runs: "done", "now" or "later" of this kind; else empty."""

    @property
    def title(self) -> str:
        """All of them: "channels". Masses are called so anyway."""
        return self.label if self.is_bulk else f"{self.label}s"

    @property
    def is_asked(self) -> bool:
        return self.held_back > 0

    @property
    def question(self) -> str:
        """ "41 of 60 channels" """
        return f"{self.held_back:,} of {counted(self.held_back_of, self.label)}"


@dataclass(frozen=True)
class Overview:
    """``run``: the pull or delivery that is under way or waits for the worker."""

    state: MirrorState
    summary: QueueSummary
    lines: list[PullLine]
    run: TaskRun | None
    has_worker: bool = True

    @property
    def unfinished(self) -> str:
        """What stands half connected, in words; nothing while a run is at it."""
        return "" if self.run else unfinished_words(self.state)

    @property
    def lacks_address(self) -> bool:
        """Whether the settings name no address for the server that is mirrored."""
        return lacks_address(self.state)

    @property
    def has_moved(self) -> bool:
        """Whether the settings name another address than the one that is mirrored."""
        return has_moved(self.state)

    @property
    def doubt(self) -> Doubt | None:
        """Whether another installation answers at the address that is mirrored."""
        return None if self.has_moved else doubt_of(self.state)

    @property
    def questions(self) -> list[PullLine]:
        return [line for line in self.lines if line.is_asked]

    @property
    def tries_again(self) -> bool:
        """Whether the next try lies ahead; else the next run is the next try."""
        return self.state.retry_at is not None and self.state.retry_at > timezone.now()


def overview() -> Overview:
    """A constant number of queries."""
    run = active_runs([LOCK]).get(LOCK)
    return Overview(mirror_state(), queue_summary(), pull_lines(run), run, has_worker=has_worker())


def pull_lines(run: TaskRun | None = None) -> list[PullLine]:
    """All kinds in the order of pulling, those that were never pulled included; with ``run``, how far that has come."""
    pulled = {row.kind: row for row in MirrorPull.objects.all()}
    lines = [_line(step, pulled.get(step.name) or MirrorPull(kind=step.name)) for step in steps()]
    steps_of = _steps_of(lines, run) if run is not None else {}
    return [replace(line, step=steps_of.get(line.name, "")) for line in lines]


def _steps_of(lines: list[PullLine], run: TaskRun) -> dict[str, str]:
    """How far a run is with each of the kinds that it reads, told by those that it has finished: they are read in this order.

    Before the first one is finished nothing is said: the run may still deliver what waits here.
    """
    wanted = run.parameters.get("kinds") or [line.name for line in lines]  # a run may read some kinds only
    reads = [line for line in lines if line.name in wanted]
    if run.started_at is None or not any(_is_done(line, run.started_at) for line in reads):
        return {}
    open_ones = [line.name for line in reads if not _is_done(line, run.started_at)]
    return {
        line.name: "done" if line.name not in open_ones else "now" if line.name == open_ones[0] else "later" for line in reads
    }


def _is_done(line: PullLine, began: datetime) -> bool:
    return line.finished_at is not None and line.finished_at >= began


def _line(step: Step, row: MirrorPull) -> PullLine:
    unread = _number(row.counts, "skipped") if isinstance(step, BulkMirror) else 0  # of masses only what is new is read
    return PullLine(
        name=step.name,
        label=step.label,
        finished_at=row.finished_at,
        seconds=row.seconds,
        seen=_number(row.counts, "seen") + unread,
        words=", ".join(f"{_number(row.counts, key):,} {word}" for key, word in _WORDS if _number(row.counts, key)),
        problem=row.problem,
        held_back=_number(row.held_back, "count"),
        held_back_of=_number(row.held_back, "of"),
        is_bulk=isinstance(step, BulkMirror),
    )


def _number(values: Mapping[str, object], key: str) -> int:
    value = values.get(key)
    return value if isinstance(value, int) else 0


@dataclass(frozen=True)
class HeldBack:
    """Rows here that the server no longer has, in such numbers that somebody has to say whether that is right."""

    kind: str
    label: str
    count: int
    of: int
    names: list[str]
    """Some of them."""
    can_create: bool
    """Whether they can be made on the server again from here."""
    comes_back: int
    """Of how many the journal can bring back what would be deleted here."""
    contested: int = 0
    """How many more are gone there and were changed here: those the queue asks about, one by one or together."""

    @property
    def more(self) -> int:
        return max(0, self.count - len(self.names))

    @property
    def words(self) -> str:
        """ "41 channels" """
        return counted(self.count, self.label)

    @property
    def question(self) -> str:
        """ "41 of 60 channels" """
        return f"{self.count:,} of {counted(self.of, self.label)}"

    @property
    def way_back(self) -> str:
        """What could be done about it afterwards, in a sentence."""
        if self.comes_back >= self.count:
            return f"The journal can bring back the {self.label if self.count == 1 else f'{self.label}s'} themselves."
        those = "it" if self.count == 1 else "them"
        if not self.comes_back:
            return f"This cannot be undone: afterwards only a backup has {those}."
        return f"The journal can bring back {self.comes_back:,} of them; the others only a backup has afterwards."


def held_back(kind: str) -> HeldBack:
    """Raises ``MirrorPull.DoesNotExist`` when nothing of ``kind`` is held back (any more)."""
    row = MirrorPull.objects.exclude(held_back={}).get(kind=kind)
    labels = {step.name: step.label for step in steps()}
    remote_ids = row.held_back.get("remote_ids") or []
    try:
        mirrored = get_kind(kind)
    except KeyError:  # masses that are only read
        names, can_create, comes_back = [], False, 0
    else:
        names = _names(mirrored, remote_ids[:NAMES_SHOWN])
        can_create, comes_back = mirrored.creatable, _comes_back(mirrored, remote_ids)
    return HeldBack(
        kind=kind,
        label=labels.get(kind, kind),
        count=_number(row.held_back, "count"),
        of=_number(row.held_back, "of"),
        names=names,
        can_create=can_create,
        comes_back=comes_back,
        contested=OutboxEntry.objects.filter(kind=kind, state=OutboxState.CONFLICT, **{f"conflict__{DELETED}": THERE}).count(),
    )


def _names(kind: MirroredKind, remote_ids: list[int]) -> list[str]:
    rows = _here(kind, remote_ids)
    return sorted(shortened(str(values.get(kind.title) or f"no. {pk}"), 120) for pk, values in rows.items())


def _comes_back(kind: MirroredKind, remote_ids: list[int]) -> int:
    """Of an answer the journal tells so many rows one by one, and the rest in one line that brings nothing back."""
    return sum(kind.comes_back(values) for values in _here(kind, remote_ids[:ROWS_KEPT]).values())


def _here(kind: MirroredKind, remote_ids: list[int]) -> dict[int, Values]:
    links = MirrorLink.objects.filter(kind=kind.name, remote_id__in=remote_ids)
    return kind.local(list(links.values_list("local_id", flat=True)))
