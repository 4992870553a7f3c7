"""Begins to apply a draft: small ones at once, large ones in the background, with the same code."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from channels_app.drafts.healing import heal_draft
from channels_app.drafts.resolve import left_out
from channels_app.drafts.review import Review, review
from channels_app.drafts.tasks import TASK_ID, reopen
from channels_app.errors import EditRefused
from channels_app.models import Draft, DraftState
from tasks_app.engine import AlreadyRunning, run_here, start_run
from tasks_app.models import TaskRun, Trigger

AT_ONCE = 200
"""Changes that are applied within the request that asks for it; that takes well under a second."""


@dataclass(frozen=True)
class Started:
    """``run`` may have ended already."""

    run: TaskRun
    review: Review


def start_commit(draft: Draft, *, apply_rest: bool = False) -> Started:
    """Close the draft for editing and apply it. Raises :class:`EditRefused` when it cannot be applied as it is.

    Without ``apply_rest`` a conflict or problem refuses the whole; with it, such things stay in a fresh draft.
    """
    found = review(draft, excluded=left_out(draft))
    _refuse_unsound(found, apply_rest)
    count = len(found.sound)
    parameters = {
        "draft_id": draft.pk,
        "excluded": sorted([kind, pk] for kind, pk in found.excluded),
        "apply_rest": apply_rest,
        "count": count,
    }
    try:
        with transaction.atomic():
            _close_for_editing(draft)
            run = None if count <= AT_ONCE else start_run(TASK_ID, parameters)
            if run is not None:
                Draft.objects.filter(pk=draft.pk).update(run_id=run.pk)
    except AlreadyRunning:
        raise EditRefused("This draft is being applied already.") from None
    if run is None:
        try:
            run = run_here(TASK_ID, parameters, triggered_by=Trigger.MANUAL)
        finally:
            reopen(draft)
    return Started(run, found)


def _refuse_unsound(found: Review, apply_rest: bool) -> None:
    if found.unreadable:
        raise EditRefused(found.errors[0].message)
    if not found.included:
        raise EditRefused("There is nothing to apply.")
    if found.problems and not apply_rest:
        raise EditRefused("Nothing was applied: decide the conflicts and mend the problems first, or apply the rest.")
    if not found.sound:
        raise EditRefused("Nothing was applied: none of the changes can be applied as they are.")


def _close_for_editing(draft: Draft) -> None:
    heal_draft(draft)
    now = timezone.now()
    if not Draft.objects.filter(pk=draft.pk, state=DraftState.OPEN).update(
        state=DraftState.COMMITTING, run_id=None, changed_at=now
    ):
        raise EditRefused("This draft is being applied, or was applied or discarded in another tab.")
