"""The operator's yes or no to a refresh that the shrink guard stopped (20 §23)."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from m3u_app.account_journal import CATEGORY, ENTITY
from m3u_app.models import Account
from m3u_app.providers.loose_values import count_of, text_of
from m3u_app.request_refresh import request_refresh
from tasks_app.journal import build_entry, log_entries
from tasks_app.models import TaskRun

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
    """A refresh that waits: streams before and after, and the groups that lose most."""

    before: int
    after: int
    lost: int
    groups: list[GroupLoss]
    samples: list[str]
    found_at: datetime | None

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
    )


def accept_held_back(account_id: int) -> TaskRun:
    """Refresh once more and accept what comes, however small. Raises as :func:`request_refresh`."""
    return request_refresh(account_id, accept_shrunken=True)


def dismiss_held_back(account_id: int) -> None:
    """Keep what is there and forget the question; the next refresh asks again if the playlist is still small."""
    account = Account.objects.only("name", "held_back").get(pk=account_id)
    if not account.held_back:
        return
    entry = build_entry(
        CATEGORY,
        "update",
        entity_type=ENTITY,
        entity_id=account_id,
        entity_name=account.name,
        description=f"Kept the streams of account “{account.name}”: the smaller playlist was not accepted",
    )
    with transaction.atomic():
        Account.objects.filter(pk=account_id).update(held_back={})
        log_entries([entry])
    logger.info("[M3U] Account id=%s keeps its streams; the held-back refresh was dismissed", account_id)


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
