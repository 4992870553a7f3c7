"""Holds a refresh back that would change too much at once, and asks the operator (20 §23)."""

import logging
from datetime import datetime

from django.urls import reverse

from ecm_site.masking import mask_text
from m3u_app.account_journal import CATEGORY, ENTITY
from m3u_app.importing.judge import HeldBack
from m3u_app.models import Account
from tasks_app.journal import log_entry
from tasks_app.notifications.change_notifications import delete_by_source
from tasks_app.notifications.notify import notify

logger = logging.getLogger(__name__)

_NOTICE = "m3u_held_back"


def hold_back(account: Account, held: HeldBack, at: datetime) -> None:
    """Note on the account what waits, journal it, and tell the operator where to look. Its status is the caller's affair."""
    waiting = {"before": held.before, "after": held.after, "at": at.isoformat(timespec="seconds"), **held.details}
    Account.objects.filter(pk=account.pk).update(last_message=str(held), held_back=waiting)
    logger.warning("[M3U] Refresh of account id=%s held back: %s streams instead of %s", account.pk, held.after, held.before)
    log_entry(
        CATEGORY,
        "refresh",
        entity_type=ENTITY,
        entity_id=account.pk,
        entity_name=account.name,
        description=f"Held back a refresh of “{account.name}”: {held.after:,} streams instead of {held.before:,}",
        before={"streams": held.before},
        after={"streams": held.after, "held_back": True},
    )
    notify(
        "warning",
        f"{mask_text(str(held))} Look at what would go and what would come, then accept or keep what you have.",
        title=f"A refresh of “{account.name}” waits for you",
        source=_NOTICE,
        source_id=account.pk,
        action_label="Look and decide",
        action_url=reverse("m3u:held_back", args=[account.pk]),
    )


def take_back_notice(account_id: int) -> None:
    """Nothing waits for an answer any more: the bell does not lead to a page that has nothing to ask."""
    delete_by_source(_NOTICE, str(account_id))
