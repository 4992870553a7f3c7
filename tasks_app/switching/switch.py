"""Carries a switch out: a snapshot first, then one side after the other.

What stops half-way goes on from there: :attr:`MirrorState.connecting` says what was begun. There is a way back, too.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.utils import timezone

from ecm_site.conf import get_settings
from ecm_site.dispatcharr.client import Dispatcharr, get_client, reset_client
from ecm_site.wording import counted
from tasks_app.backup.blockers import blockers
from tasks_app.backup.snapshots import Snapshot, SnapshotFailed, described, find_snapshot, take_snapshot
from tasks_app.engine import request_run_soon
from tasks_app.journal import log_entry
from tasks_app.mirror.state import SYNC_TASK, mirror_state
from tasks_app.mirror.which_server import mirrored_client
from tasks_app.mirror.which_server_marks import Marks, read_marks
from tasks_app.models import MirrorState, OutboxEntry
from tasks_app.progress import Progress
from tasks_app.switching.note_rows import forget_all, note_everything
from tasks_app.switching.preview import SwitchPreview, Way, goes_on, is_half_left, local_preview, preview_switch
from tasks_app.switching.rooms import all_rooms
from tasks_app.switching.same_server import is_same_server
from tasks_app.switching.work import bring_everything_over, deliver_everything

logger = logging.getLogger(__name__)

LOCK = "mirror"
"""Pulls, deliveries and switches never run at once."""
WAIT_SECONDS = 60.0
"""For short work such as publishing to end."""
CLEARINGS = 3
"""Others go on working while everything is removed."""
ROUNDS = 3
"""A lineup that goes to an empty server: its channels can go once the server has fetched their streams."""


class SwitchRefused(Exception):
    """It cannot be done (now). The text is a sentence for the operator; nothing was changed."""


@dataclass
class Switched:
    """What a switch did. ``notes``: sentences worth telling; ``waiting``: changes that the server still has to get."""

    way: Way
    snapshot: Snapshot | None = None
    notes: list[str] = field(default_factory=list)
    waiting: int = 0

    def sentence(self) -> str:
        first = {
            Way.ADOPT: "The lineup is now the server’s.",
            Way.PUSH: "The server has this lineup now, as far as it can hold it.",
            Way.LEAVE: "ECM works alone again, with the lineup as it was.",
            Way.MOVE: "The server is mirrored at its new address.",
        }[self.way]
        waits = f" {counted(self.waiting, 'change')} still wait; the Server page says for what." if self.waiting else ""
        return " ".join([first + waits, *self.notes])


def switch(way: Way, token: str, *, progress: Progress) -> Switched:
    """Do what was previewed. ``token`` is the preview's that was confirmed; "" = nobody looked (commands, tests).

    Raises :class:`SwitchRefused` (nothing was changed), ``SnapshotFailed`` (likewise), ``DispatcharrError`` (begun: what was
    done stays, the next sync goes on) and ``Cancelled``.
    """
    _wait_for_others(progress)
    if goes_on(way, mirror_state()):
        return _go_on(way, progress)
    progress.report(phase="Looking at both sides")
    preview = preview_switch(way, lock=LOCK)
    if preview.problems:
        raise SwitchRefused(" ".join(preview.problems))
    if token and token != preview.token:
        raise SwitchRefused("Something changed since you looked at what would happen. Look again.")
    done = Switched(way)
    if way is Way.MOVE:
        _move(preview)
        return _told(preview, done)
    if way is Way.LEAVE and is_half_left(mirror_state()):
        _finish_leaving(progress)
        return _told(preview, done)
    done.snapshot = _kept_backup(way) or _backup(way, progress)
    held = _held()
    _ways[way](preview, progress)
    MirrorState.objects.filter(pk=1).update(connecting="")
    done.waiting = OutboxEntry.objects.count()
    if way is Way.PUSH:
        done.notes += _lost(held)
    return _told(preview, done)


def _go_on(way: Way, progress: Progress) -> Switched:
    """The server is connected already; what remains may be done any number of times."""
    problems = blockers(except_lock=LOCK)
    if problems:
        raise SwitchRefused(" ".join(problems))
    done = Switched(way, _kept_backup(way))
    client = mirrored_client()
    if way is Way.ADOPT:
        bring_everything_over(client, progress)
    else:
        note_everything(progress)
        _bring_there(client, progress)
    MirrorState.objects.filter(pk=1).update(connecting="")
    done.waiting = OutboxEntry.objects.count()
    return _told(local_preview(way, lock=LOCK), done)


def _backup(way: Way, progress: Progress) -> Snapshot:
    progress.report(phase="Taking a backup")
    taken = take_snapshot("before-leaving" if way is Way.LEAVE else "before-connecting")
    MirrorState.objects.filter(pk=mirror_state().pk).update(backup_file=taken.name)
    return taken


def _kept_backup(way: Way) -> Snapshot | None:
    """Of what was begun the backup is there already, and another one would hold half of the house only."""
    state = mirror_state()
    if state.connecting != way:
        return None
    try:
        return described(find_snapshot(state.backup_file))
    except SnapshotFailed:
        return None


def _held() -> dict[str, int]:
    return {noun: count for room in all_rooms() for noun, count in room.held().items()}


def _lost(before: dict[str, int]) -> list[str]:
    """What is fewer now: a server does not fetch what is switched off, filtered or gone at the provider."""
    now = _held()
    fewer = [(noun, count, count - now.get(noun, 0)) for noun, count in before.items() if now.get(noun, 0) < count]
    return [
        f"{lost:,} of {count:,} {nouns} did not come along, because the server does not fetch them. The backup has them."
        for nouns, count, lost in fewer
    ]


def _adopt(preview: SwitchPreview, progress: Progress) -> None:
    marks = read_marks(get_client())
    forget_all(progress)
    MirrorState.objects.filter(pk=1).update(connecting=Way.ADOPT)
    for _ in range(CLEARINGS):
        for room in all_rooms():
            room.clear(progress)
        if not any(stock.count for room in all_rooms() for stock in room.stock()):
            break  # nobody has made anything meanwhile, which no server would ever hear of
    _connect(preview.address, marks, Way.ADOPT)
    bring_everything_over(_client(), progress)


def _push(preview: SwitchPreview, progress: Progress) -> None:
    """Everything is noted before the house is connected, in short turns: one that is connected and has not noted its rows
    would take the server's values for them."""
    marks = read_marks(get_client())
    forget_all(progress)
    for room in all_rooms():
        room.make_ready(progress)
    note_everything(progress)
    _connect(preview.address, marks, Way.PUSH)
    note_everything(progress)  # what was made meanwhile
    _bring_there(_client(), progress)


def _bring_there(client: Dispatcharr, progress: Progress) -> None:
    deliver_everything(client, progress)
    for room in all_rooms():
        room.settle_there(client, progress)
    bring_everything_over(client, progress)  # the server has read the groups: which of them are wanted goes there before…
    deliver_everything(client, progress)
    for _ in range(ROUNDS):
        before = OutboxEntry.objects.count()
        for room in all_rooms():
            room.refresh_there(client, progress)  # …it reads their streams
        bring_everything_over(client, progress)
        deliver_everything(client, progress)
        if OutboxEntry.objects.count() in (0, before):
            break
    request_run_soon(SYNC_TASK, delay_seconds=0)  # counts what was made last, and brings its programmes


def _leave(preview: SwitchPreview, progress: Progress) -> None:
    MirrorState.objects.filter(pk=1).update(  # the address stays: the mark of a leaving that is not finished
        connected=False,
        connecting="",
        connected_at=None,
        trouble="",
        trouble_since=None,
        retry_at=None,
        marks={},
        doubt={},
    )
    _finish_leaving(progress)


def _finish_leaving(progress: Progress) -> None:
    """Each part may be done again; a killed worker leaves some of it undone."""
    forget_all(progress)
    for room in all_rooms():
        room.leave(progress)
    MirrorState.objects.filter(pk=1, connected=False).update(address="")
    reset_client()


def _move(preview: SwitchPreview) -> None:
    client = _client()
    if not is_same_server(client):
        raise SwitchRefused(
            f"What answers at {preview.address} is another server: its rows are not the ones that are mirrored."
            " Go back to standalone first, then connect to it."
        )
    marks = read_marks(client)
    MirrorState.objects.filter(pk=1).update(
        address=preview.address, trouble="", trouble_since=None, retry_at=None, marks=marks, doubt={}
    )


_ways: dict[Way, Callable[[SwitchPreview, Progress], None]] = {Way.ADOPT: _adopt, Way.PUSH: _push, Way.LEAVE: _leave}


def _connect(address: str, marks: Marks, way: Way) -> None:
    MirrorState.objects.filter(pk=mirror_state().pk).update(
        connected=True,
        connecting=way,
        quiet=False,
        address=address,
        connected_at=timezone.now(),
        reached_at=timezone.now(),
        trouble="",
        trouble_since=None,
        retry_at=None,
        marks=marks,
        doubt={},
    )


def _client() -> Dispatcharr:
    reset_client()
    return get_client()


def _wait_for_others(progress: Progress) -> None:
    """Publishing and the like end by themselves; what does not is named by the preview."""
    deadline = time.monotonic() + WAIT_SECONDS
    while blockers(except_lock=LOCK) and time.monotonic() < deadline:
        progress.report(phase="Waiting for other work to end")
        progress.raise_if_cancelled()
        time.sleep(0.5)


def _told(preview: SwitchPreview, done: Switched) -> Switched:
    log_entry(
        "settings",
        f"dispatcharr_{preview.way}",
        entity_type="dispatcharr",
        entity_name=preview.address,
        description=done.sentence(),
        before={stock.noun: stock.count for stock in preview.here},
        after={
            "address": get_settings().dispatcharr_url,
            "backup": done.snapshot.name if done.snapshot else "",
            **preview.there,
        },
    )
    logger.info("[DISPATCHARR] Switched: %s", preview.way)
    return done
