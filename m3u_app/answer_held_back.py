"""The operator's yes or no to a refresh that the shrink guard stopped (20 §23)."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from m3u_app.account_journal import CATEGORY, ENTITY
from m3u_app.hold_back import take_back_notice
from m3u_app.importing.hold_streams import forget_held
from m3u_app.importing.judge import REPLACED
from m3u_app.models import Account, StreamGroup
from m3u_app.providers.loose_values import count_of, text_of
from m3u_app.request_refresh import request_refresh
from tasks_app.journal import build_entry, log_entries
from tasks_app.models import JournalEntry, TaskRun

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class GroupLoss:
    """What one group would lose."""

    name: str
    before: int
    after: int

    @property
    def lost(self) -> int:
        return max(self.before - self.after, 0)


@dataclass(frozen=True)
class HeldBack:
    """A refresh that waits: streams before and after, the groups that lose most, and which channels it would touch.

    ``is_replaced``: there are enough streams, but hardly any (``kept``) of those that were there. ``in_use`` of the lost
    streams are on ``channels`` channels, some of which ``channel_names`` names.
    """

    before: int
    after: int
    lost: int
    groups: list[GroupLoss]
    samples: list[str]
    found_at: datetime | None
    is_replaced: bool = False
    kept: int = 0
    arrives: int = 0
    in_use: int = 0
    channels: int = 0
    channel_names: tuple[str, ...] = ()

    @property
    def percent_left(self) -> int:
        return round(100 * self.after / self.before) if self.before else 0


def read_held_back(account: Account) -> HeldBack | None:
    """What waits for an answer, or None."""
    stored = account.held_back
    if not isinstance(stored, Mapping) or not stored:
        return None
    before, after = count_of(stored.get("before")), count_of(stored.get("after"))
    groups = stored.get("groups")
    samples = stored.get("samples")
    return HeldBack(
        before=before,
        after=after,
        lost=count_of(stored.get("lost")) or max(before - after, 0),
        groups=_groups(groups) if isinstance(groups, list) else [],
        samples=[text_of(name) for name in samples] if isinstance(samples, list) else [],
        found_at=_moment(stored.get("at")),
        is_replaced=stored.get("reason") == REPLACED,
        kept=count_of(stored.get("kept")),
        arrives=count_of(stored.get("arrives")),
        in_use=count_of(stored.get("in_use")),
        channels=count_of(stored.get("channels")),
        channel_names=_texts(stored.get("channel_names")),
    )


def follows_at_once(account_id: int) -> bool:
    """Whether channels of this account are kept in step: these go when their streams are missing, not days later."""
    return StreamGroup.objects.filter(account_id=account_id, enabled=True, auto_channel_sync=True).exists()


def accept_held_back(account_id: int) -> TaskRun:
    """Refresh once more and accept what was shown. If it is clearly worse by now, the refresh asks again.

    Raises as :func:`request_refresh`; then nothing is accepted.
    """
    account = Account.objects.only("name", "held_back").get(pk=account_id)
    shown = account.held_back if isinstance(account.held_back, dict) else {}
    Account.objects.filter(pk=account_id).update(held_back={**shown, "accepted": True})
    try:
        run = request_refresh(account_id, accept_shrunken=True)
    except BaseException:
        Account.objects.filter(pk=account_id).update(held_back=shown)
        raise
    held = read_held_back(account)
    if held is not None:
        log_entries([_answer_entry(account, held, "Accepted the different playlist of", accepted=True)])
    return run


def dismiss_held_back(account_id: int) -> None:
    """Keep what is there and forget the question; the next refresh asks again if the playlist is still small."""
    account = Account.objects.only("name", "held_back").get(pk=account_id)
    if not account.held_back:
        return
    held = read_held_back(account)
    if held is None:
        return
    entry = _answer_entry(account, held, "Kept the streams of", accepted=False)
    with transaction.atomic():
        Account.objects.filter(pk=account_id).update(held_back={})
        log_entries([entry])
    forget_held(account_id)
    take_back_notice(account_id)
    logger.info("[M3U] Account id=%s keeps its streams; the held-back refresh was dismissed", account_id)


def _answer_entry(account: Account, held: HeldBack, words: str, *, accepted: bool) -> JournalEntry:
    return build_entry(
        CATEGORY,
        "update",
        entity_type=ENTITY,
        entity_id=account.pk,
        entity_name=account.name,
        description=f"{words} account “{account.name}”: {held.after:,} streams instead of {held.before:,}",
        after={"accepted": accepted, "streams_before": held.before, "streams_after": held.after, "lost": held.lost},
    )


def _texts(stored: object) -> tuple[str, ...]:
    return tuple(text_of(text) for text in stored) if isinstance(stored, list) else ()


def _groups(stored: list[Any]) -> list[GroupLoss]:
    losses = [
        GroupLoss(text_of(group.get("name")), count_of(group.get("before")), count_of(group.get("after")))
        for group in stored
        if isinstance(group, Mapping)
    ]
    return sorted(losses, key=lambda loss: (-loss.lost, loss.name))


def _moment(stored: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text_of(stored))
    except ValueError:
        return None
