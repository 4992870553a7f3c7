"""Brings back drafts whose commit was interrupted: nothing of it was stored, so they are open again and whole."""

import logging
from datetime import timedelta

from django.utils import timezone

from channels_app.drafts.leftovers import LEFTOVERS, finish_leftovers
from channels_app.models import Draft, DraftState
from tasks_app.healing import heal_if_dead
from tasks_app.models import ACTIVE_STATUSES, TaskRun

logger = logging.getLogger(__name__)

_PATIENCE = timedelta(seconds=20)  # between closing the draft for editing and the run that applies it


def lock_key_of(draft_id: int) -> str:
    """The run that applies a draft: one at a time."""
    return f"commit_draft:{draft_id}"


def heal_draft(draft: Draft) -> None:
    """Open a draft again whose commit no longer runs. ``draft`` shows its state afterwards. Call outside drafts."""
    if draft.state != DraftState.COMMITTING or _is_worked_on(draft):
        return
    logger.warning("[DRAFTS] The commit of draft id=%s was interrupted; it is open again", draft.pk)
    if isinstance(draft.result, dict) and LEFTOVERS in draft.result:
        finish_leftovers(draft)
    else:
        Draft.objects.filter(pk=draft.pk, state=DraftState.COMMITTING).update(state=DraftState.OPEN, run_id=None)
    draft.refresh_from_db()


def _is_worked_on(draft: Draft) -> bool:
    run = TaskRun.objects.filter(pk=draft.run_id).first() if draft.run_id else None
    if run is None:
        run = TaskRun.objects.filter(lock_key=lock_key_of(draft.pk), status__in=ACTIVE_STATUSES).first()
    if run is None:
        return draft.changed_at > timezone.now() - _PATIENCE
    return run.status in ACTIVE_STATUSES and not heal_if_dead(run)
