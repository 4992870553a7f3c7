"""What every page's header shows while a server is mirrored: one query, and a small one for an install without a server."""

import logging
from dataclasses import dataclass

from django.db import DatabaseError
from django.db.models import Exists, Func, IntegerField, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from ecm_site.conf import get_settings
from ecm_site.wording import counted, shortened
from tasks_app.mirror.state import is_connected
from tasks_app.mirror.which_server import has_moved, lacks_address
from tasks_app.models import MirrorPull, MirrorState, OutboxEntry, OutboxState, WorkerBeat
from tasks_app.queries import BEAT_LIMIT

logger = logging.getLogger(__name__)

_KEPT = "_ecm_server_mark"
_MUCH = 99
_SOON, _SELDOM = 3, 20
_SAID = 160
NO_WORKER = "Nobody is delivering: the worker is not running"
NO_ADDRESS = "Nothing is sent: no address is entered for the server"
MOVED = "Nothing is sent: the settings name another address"
ANOTHER = "Nothing is sent: another server answers at its address"


@dataclass(frozen=True)
class ServerMark:
    """How many changes wait for delivery, how many things wait for an answer, and what keeps ECM from syncing."""

    waiting: int = 0
    conflicts: int = 0
    parked: int = 0
    questions: int = 0
    """Kinds of which so much vanished on the server that somebody has to say whether that is right."""
    trouble: str = ""
    """Why syncing waits: the server does not answer or does not let ECM in, or the disk here is full."""
    stopped: str = ""
    """Why nothing is delivered although the server may be well: "The worker is not running"."""

    @property
    def answers(self) -> int:
        return self.conflicts + self.parked + self.questions

    @property
    def leads_to(self) -> str:
        """The page where most is to be done: the queue, or the questions."""
        if self.conflicts:
            return f"{reverse('mirror:queue')}?state={OutboxState.CONFLICT}"
        if self.parked:
            return f"{reverse('mirror:queue')}?state={OutboxState.PARKED}"
        return reverse("mirror:home") if self.questions or not self.waiting else reverse("mirror:queue")

    @property
    def token(self) -> str:
        """Another one whenever the mark looks different."""
        off = f"{'t' if self.trouble else ''}{'s' if self.stopped else ''}"
        return f"{self.waiting}-{self.conflicts}-{self.parked}-{self.questions}-{off}"

    @property
    def ask_again(self) -> int:
        """Seconds until an open page asks again: soon while something is on its way, for that takes a moment only."""
        return _SOON if self.waiting and not self.trouble and not self.stopped else _SELDOM

    @property
    def is_shown(self) -> bool:
        return bool(self.waiting or self.answers or self.is_off)

    @property
    def is_off(self) -> bool:
        """Whether nothing goes to the server at present."""
        return bool(self.trouble or self.stopped)

    @property
    def badge(self) -> str:
        """The figure on the mark: what needs an answer is more urgent than what merely waits."""
        number = self.answers or self.waiting
        return "" if not number else f"{number}" if number <= _MUCH else f"{_MUCH}+"

    @property
    def words(self) -> str:
        """ "3 changes wait for delivery, 1 needs an answer. Syncing waits: it does not answer" """
        parts = []
        if self.waiting:
            parts.append(f"{counted(self.waiting, 'change waits', 'changes wait')} for delivery")
        if self.answers:
            parts.append(counted(self.answers, "needs an answer", "need an answer"))
        told = ", ".join(parts) or "nothing waits"
        if self.stopped:
            return f"{told}. {self.stopped}"
        return f"{told}. Syncing waits: {shortened(self.trouble, _SAID)}" if self.trouble else told


def server_mark(request: HttpRequest | None = None) -> ServerMark | None:
    """The mark of the mirrored server; None while none is mirrored. Asked once for a request that is handed over.

    A server whose address is gone from the settings is mirrored all the same, and is told: changes go on waiting for it.
    """
    if request is not None and hasattr(request, _KEPT):
        kept: ServerMark | None = getattr(request, _KEPT)
        return kept
    found = _ask()
    if request is not None:
        setattr(request, _KEPT, found)
    return found


def _ask() -> ServerMark | None:
    waiting = OutboxEntry.objects.filter(state=OutboxState.WAITING)
    conflicts = OutboxEntry.objects.filter(state=OutboxState.CONFLICT)
    parked = OutboxEntry.objects.filter(state=OutboxState.PARKED)
    held_back = MirrorPull.objects.exclude(held_back={})
    alive = WorkerBeat.objects.filter(seen_at__gte=timezone.now() - BEAT_LIMIT)
    try:
        if not get_settings().dispatcharr_url and not is_connected():
            return None  # the usual house without a server, for a seventh of what the figures cost
        row = (
            MirrorState.objects.filter(pk=1, connected=True)
            .annotate(
                waiting=_counted(waiting),
                conflicts=_counted(conflicts),
                parked=_counted(parked),
                questions=_counted(held_back),
                has_worker=Exists(alive),
            )
            .first()
        )
    except DatabaseError as error:  # pages are shown all the same
        logger.warning("[MIRROR] The mark of the server cannot be drawn: %s", error)
        return None
    if row is None:
        return None
    counts = {name: getattr(row, name) for name in ("waiting", "conflicts", "parked", "questions")}
    needs_worker = bool(counts["waiting"]) and not row.has_worker
    return ServerMark(**counts, trouble=row.trouble, stopped=_stopped(row, needs_worker=needs_worker))


def _stopped(state: MirrorState, *, needs_worker: bool) -> str:
    if lacks_address(state):
        return NO_ADDRESS
    if has_moved(state):
        return MOVED
    if state.doubt:
        return ANOTHER
    return NO_WORKER if needs_worker else ""


def _counted(rows: QuerySet[OutboxEntry] | QuerySet[MirrorPull]) -> Subquery:
    """The number of ``rows`` as a column of another query."""
    number = Func("pk", function="COUNT", output_field=IntegerField())  # no Count: that would group by row
    return Subquery(rows.order_by().annotate(number=number).values("number"))
