"""Applies a draft to the lineup: all of it in one transaction, or nothing (10 §14.5).

Everything is worked out before the write lock is taken. Under the lock only a mark is compared: when the lineup has moved on
since, the work starts again, so that nothing that changed meanwhile is overwritten.
"""

import logging
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from channels_app.drafts.conflicts import accepted_of
from channels_app.drafts.entity_changes import Action, EntityChange
from channels_app.drafts.leftovers import Leftovers, hand_over, is_fleeting, leave_behind
from channels_app.drafts.review import Key, Review, review_of
from channels_app.drafts.sides import reading
from channels_app.drafts.storage import main_database as main_file
from channels_app.drafts.storage import opened, remove_file
from channels_app.drafts.write_plan import WritePlan, plan_writing
from channels_app.errors import EditRefused
from channels_app.lineup_changed import lineup_changed
from channels_app.models import Draft, DraftState
from ecm_site.wording import counted
from tasks_app import journal
from tasks_app.progress import NoProgress, Progress

logger = logging.getLogger(__name__)

_TRIES = 3  # looks without the lock; the one after them is made under it


class NothingApplied(EditRefused):
    """The commit was refused as a whole; ``review`` says why."""

    def __init__(self, message: str, found: Review) -> None:
        super().__init__(message)
        self.review = found


@dataclass
class Applied:
    """What a commit did. ``failed`` maps messages to how many things could not be applied for it, with an example."""

    batch_id: str
    applied: int = 0
    created: int = 0
    failed: dict[str, tuple[int, str]] = field(default_factory=dict)
    kept_out: int = 0
    ids: dict[str, dict[int, int]] = field(default_factory=dict)
    leftover_draft_id: int | None = None
    locked_seconds: float = 0.0

    @property
    def failed_count(self) -> int:
        return sum(count for count, _ in self.failed.values())

    @property
    def message(self) -> str:
        told = f"Applied {counted(self.applied, 'change')}."
        if self.failed_count:
            told += f" {counted(self.failed_count, 'change')} could not be applied and stayed in the draft."
        if self.kept_out:
            told += f" {counted(self.kept_out, 'change')} stayed in the draft as you chose."
        return told


def commit_draft(
    draft: Draft, *, excluded: Collection[Key] = (), apply_rest: bool = False, progress: Progress | None = None
) -> Applied:
    """Apply a draft that is being committed; ``excluded`` things stay in a fresh draft.

    With ``apply_rest``, things that cannot be applied stay there, too, with the reason; without it, one of them keeps
    everything from being applied (:class:`NothingApplied`). Raises ``DraftUnusable`` when its file cannot be read.
    """
    progress = progress or NoProgress()
    wait_for_edits(draft)
    unwatched = is_fleeting(draft)  # nobody notes what changes meanwhile for a draft that lives for a moment only
    for attempt in range(_TRIES if unwatched else 0, _TRIES + 1):
        progress.raise_if_cancelled()
        try:
            return _attempt(draft, excluded, apply_rest, progress, under_lock=attempt == _TRIES)
        except (_MovedOn, IntegrityError) as reason:
            if isinstance(reason, IntegrityError) and attempt == _TRIES:
                raise
            logger.info("[DRAFTS] The lineup moved on while draft id=%s was worked out; looking again", draft.pk)
    raise RuntimeError("unreachable")


class _MovedOn(Exception):
    """Somebody wrote to the lineup since the draft was compared with it."""


def _attempt(draft: Draft, excluded: Collection[Key], apply_rest: bool, progress: Progress, *, under_lock: bool) -> Applied:
    batch_id = journal.new_batch_id()
    if not under_lock:
        progress.report(phase="checking")
        found, plan = _work_out(draft, excluded, apply_rest, batch_id)
        progress.report(phase="applying", current=0, total=len(plan.done))
    leftovers: Leftovers | None
    with transaction.atomic():
        begun = time.monotonic()
        if under_lock:
            found, plan = _work_out(draft, excluded, apply_rest, batch_id)
        elif not _is_as_seen(draft, found):
            raise _MovedOn
        plan.execute()
        result = _result(found, plan, batch_id)
        leftovers = leave_behind(draft, found, plan.ids) if len(plan.done) < len(found.changes) else None
        _close(draft, result, leftovers)
        if plan.done:
            lineup_changed(guide=plan.guide)
    result.locked_seconds = time.monotonic() - begun
    progress.report(current=len(plan.done), succeeded=len(plan.done), failed=result.failed_count)
    if leftovers is not None:
        progress.report(phase="keeping the rest")
        hand_over(leftovers)
    remove_file(draft.file_name)
    logger.info(
        "[DRAFTS] Applied draft id=%s changes=%s failed=%s batch=%s locked=%.2fs",
        draft.pk,
        result.applied,
        result.failed_count,
        batch_id,
        result.locked_seconds,
    )
    return result


def _work_out(draft: Draft, excluded: Collection[Key], apply_rest: bool, batch_id: str) -> tuple[Review, WritePlan]:
    with reading(draft) as look:
        found = review_of(look, accepted=accepted_of(draft), excluded=excluded)
        if found.unreadable:
            raise NothingApplied(found.errors[0].message, found)
        if found.problems and not apply_rest:
            first = next(iter(found.problems.values()))[0]
            more = f" There are {counted(len(found.problems) - 1, 'more problem')}." if len(found.problems) > 1 else ""
            raise NothingApplied(f"Nothing was applied. {first}{more}", found)
        if found.problems and not found.sound:
            raise NothingApplied("Nothing was applied: none of the changes can be.", found)
        return found, plan_writing(look, found, batch_id)


def _is_as_seen(draft: Draft, found: Review) -> bool:
    """Whether nobody wrote to the lineup since. The lock is held: nobody does from now on."""
    with reading(draft) as look:
        return look.newest_touch() == found.mark


def _result(found: Review, plan: WritePlan, batch_id: str) -> Applied:
    created = sum(change.action is Action.CREATE and change.key not in plan.ids.existing for change in plan.done)
    result = Applied(batch_id, len(plan.done), created, kept_out=_kept_out(found))
    for key, messages in found.problems.items():
        if key in found.excluded:
            continue
        count, example = result.failed.get(messages[0], (0, found.entities[key].name))
        result.failed[messages[0]] = (count + 1, example)
    for kind, pk in plan.ids.mapped:
        result.ids.setdefault(kind, {})[pk] = plan.ids.real(kind, pk)
    if plan.done:
        numbers = {"applied": result.applied, "failed": result.failed_count, "created": result.created}
        journal.log_entry(
            "channel",
            "bulk_commit",
            entity_type=journal.SUMMARY,
            entity_name=f"Batch {batch_id}",
            description=f"Applied a draft: {_in_words(plan.done)}",
            after=numbers,
            batch_id=batch_id,
        )
    return result


def _in_words(changes: Collection[EntityChange]) -> str:
    created = sum(change.action is Action.CREATE for change in changes)
    deleted = sum(change.action is Action.DELETE for change in changes)
    parts = ((created, "created"), (len(changes) - created - deleted, "changed"), (deleted, "deleted"))
    return ", ".join(f"{count:,} {word}" for count, word in parts if count)


def _kept_out(found: Review) -> int:
    return sum(change.key in found.excluded for change in found.changes)


def _close(draft: Draft, result: Applied, leftovers: Leftovers | None) -> None:
    """The draft is applied, in the same transaction as its changes; what stays begins a new one."""
    values: dict[str, Any] = {
        "batch_id": result.batch_id,
        "applied": result.applied,
        "created": result.created,
        "failed": [[message, count, example] for message, (count, example) in result.failed.items()],
        "kept_out": result.kept_out,
        "message": result.message,
    }
    changed = Draft.objects.filter(pk=draft.pk, state=DraftState.COMMITTING).update(
        state=DraftState.COMMITTED, finished_at=timezone.now(), result=values
    )
    if not changed and not is_fleeting(draft):
        raise EditRefused("This draft is no longer being applied. Look at it again.")
    if leftovers is not None:
        result.leftover_draft_id = leftovers.begin()


def wait_for_edits(draft: Draft) -> None:
    """Let an edit that began before the draft was closed for editing come to its end."""
    with opened(draft.file_name, main_file()) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
