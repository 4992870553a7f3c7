"""Brings the channels of one account in step with its streams (20 §4.3)."""

import logging
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from channels_app.autosync.apply_plan import SyncOutcome, apply_plan, targets_of
from channels_app.autosync.plan import plan_sync
from channels_app.autosync.read_situation import read_situation
from channels_app.autosync.values import REASONS_IN_WORDS, Reason, SyncPlan
from channels_app.errors import NotThere
from channels_app.models import AccountSync
from ecm_site.regex import PatternRefused
from ecm_site.wording import counted, shortened
from m3u_app.models import Account, AccountStatus, StreamGroup
from tasks_app import journal
from tasks_app.progress import NoProgress, Progress

logger = logging.getLogger(__name__)

_TRIES = 3


class SyncRefused(Exception):
    """The sync cannot run now; the text says why."""


def has_synced_groups(account_id: int) -> bool:
    """Whether a sync of this account could do anything: a group follows, or channels of earlier syncs may be left over."""
    followed = StreamGroup.objects.filter(account_id=account_id, enabled=True, auto_channel_sync=True)
    return followed.exists() or AccountSync.objects.filter(account_id=account_id).exists()


def sync_account(account_id: int, *, progress: Progress | None = None) -> SyncOutcome:
    """Plan and carry out. The same input gives the same result: a second run at once changes nothing.

    Raises ``Account.DoesNotExist``, and :class:`SyncRefused` while the account is being refreshed or deleted or when a
    stored pattern is none.
    """
    progress = progress or NoProgress()
    account = Account.objects.only("name", "status", "deleting_since").get(pk=account_id)
    if account.deleting_since is not None:
        raise SyncRefused("The account is being deleted.")
    progress.report(phase="planning")
    for attempt in range(1, _TRIES + 1):
        try:
            plan = _plan(account_id)
            outcome = apply_plan(plan, account_id, progress=progress)
            break
        except NotThere:  # a channel group, a guide entry or a profile was deleted meanwhile: plan without it
            if attempt == _TRIES:
                raise SyncRefused("Channel groups, guide entries or profiles kept changing meanwhile. Try again.") from None
    _remember(account, plan, outcome)
    return outcome


def is_refreshing(account: Account) -> bool:
    """Half a refresh is no ground for a sync."""
    return account.status in (AccountStatus.FETCHING, AccountStatus.PARSING)


def sentence(outcome: SyncOutcome) -> str:
    """The result in words: 'Created 3, changed 1 and removed 2 channels; 2 failed: no free number was left in the range.'"""
    return f"{_counts(outcome)}{_incomplete(outcome.incomplete)}"


def _incomplete(names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {counted(len(names) - 1, 'other group')}" if len(names) > 1 else ""
    return f" The settings of “{shortened(names[0])}”{more} name something that no longer exists."


def _counts(outcome: SyncOutcome) -> str:
    if not outcome.changed and not outcome.failed:
        return f"Nothing to do: {counted(outcome.groups, 'group')} with {counted(outcome.streams, 'stream')} in step."
    counts = f"Created {outcome.created:,}, changed {outcome.updated:,} and removed {outcome.deleted:,} channels"
    if not outcome.failed:
        return f"{counts}."
    reasons = "; ".join(f"{REASONS_IN_WORDS[Reason(reason)]} ({count:,})" for reason, count in sorted(outcome.reasons.items()))
    return f"{counts}; {outcome.failed:,} failed: {reasons}."


def _plan(account_id: int) -> SyncPlan:
    try:
        return plan_sync(read_situation(account_id))
    except PatternRefused as refusal:
        raise SyncRefused(f"A pattern in the auto-sync settings cannot be used. {refusal}") from refusal


def _remember(account: Account, plan: SyncPlan, outcome: SyncOutcome) -> None:
    result = {
        "created": outcome.created,
        "updated": outcome.updated,
        "deleted": outcome.deleted,
        "failed": outcome.failed,
        "reasons": outcome.reasons,
        "message": sentence(outcome),
        "batch_id": outcome.batch_id if outcome.changed else "",
    }
    with transaction.atomic():
        state, _ = AccountSync.objects.get_or_create(account_id=account.pk)
        state.targets = {**state.targets, **targets_of(plan)}
        state.last_result, state.finished_at = result, timezone.now()
        state.save(update_fields=["targets", "last_result", "finished_at"])
    if outcome.changed:
        journal.log_entry(
            "channel",
            "auto_sync",
            entity_type="account",
            entity_id=account.pk,
            entity_name=account.name,
            description=f"Auto-sync of “{account.name}”: {sentence(outcome)}",
            after={key: result[key] for key in ("created", "updated", "deleted", "failed", "reasons")},
            batch_id=outcome.batch_id,
        )
    logger.info("[AUTOSYNC] Account id=%s: %s", account.pk, sentence(outcome))
