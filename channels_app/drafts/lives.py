"""A draft's life: opened, put aside and resumed, discarded (10 §13.1). Applying it is another room's work."""

import logging
import sqlite3
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from channels_app.drafts.healing import heal_draft
from channels_app.drafts.storage import create_file, main_database, new_file_name, remove_file
from channels_app.models import Draft, DraftState, LineupTouch
from ecm_site.roles import may_edit

logger = logging.getLogger(__name__)

UNFINISHED = (DraftState.OPEN, DraftState.COMMITTING)


class DraftNotOpened(Exception):
    """The draft could not be made. The message is a sentence for the operator."""


def unfinished_draft(user: Any) -> Draft | None:
    """The person's draft, whether being edited, put aside or being applied. Viewers have none; one that they made while they
    could edit waits until they can again."""
    if not may_edit(user):
        return None
    draft = Draft.objects.filter(owner_id=user.pk, state__in=UNFINISHED).first()
    if draft is not None and draft.state == DraftState.COMMITTING:
        heal_draft(draft)
    return draft if draft is not None and draft.state in UNFINISHED else None


def active_draft(user: Any) -> Draft | None:
    """The draft that the person's pages show now, or None when they show the lineup itself."""
    draft = unfinished_draft(user)
    return draft if draft is not None and draft.is_active else None


def open_draft(user: Any) -> Draft:
    """Begin editing: the person's draft, put back into use, or a new one. Raises :class:`DraftNotOpened`."""
    if not may_edit(user):
        raise DraftNotOpened("You may look at the lineup, but not edit it.")
    existing = unfinished_draft(user)
    if existing is not None:
        resume(existing)
        return existing
    try:
        with transaction.atomic():
            if not Draft.objects.filter(state__in=UNFINISHED).exists():
                LineupTouch.objects.all()._raw_delete("default")  # nobody waits for them any more
            # Committed before the lineup is copied: from here on the server notes every change of it.
            draft = Draft.objects.create(owner_id=user.pk, file_name=new_file_name(user.pk))
    except IntegrityError:  # another tab was quicker
        return open_draft(user)
    try:
        create_file(draft.file_name, main_database())
    except (sqlite3.Error, OSError) as error:
        draft.delete()
        logger.exception("[DRAFTS] Draft of user=%s could not be made", user.pk)
        raise DraftNotOpened(f"The draft could not be made ({error}). Nothing has changed.") from error
    logger.info("[DRAFTS] Opened draft id=%s user=%s", draft.pk, user.pk)
    return draft


def put_aside(draft: Draft) -> None:
    """Leave edit mode and keep the draft: pages show the lineup as it is."""
    Draft.objects.filter(pk=draft.pk).update(is_active=False)
    draft.is_active = False


def resume(draft: Draft) -> None:
    """Go on editing a draft that was put aside."""
    Draft.objects.filter(pk=draft.pk).update(is_active=True)
    draft.is_active = True


def discard(draft: Draft) -> bool:
    """Drop the draft with everything in it; False when it is being applied or gone already."""
    changed = Draft.objects.filter(pk=draft.pk, state=DraftState.OPEN).update(
        state=DraftState.DISCARDED, finished_at=timezone.now()
    )
    if not changed:
        return False
    remove_file(draft.file_name)
    logger.info("[DRAFTS] Discarded draft id=%s", draft.pk)
    return True
