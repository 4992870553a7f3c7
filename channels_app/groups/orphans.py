"""Groups that nothing uses: no channels, and no auto-sync puts any there (10 §7.4)."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, QuerySet

from channels_app.autosync.filled_groups import groups_filled_by_auto_sync
from channels_app.commands import DeleteGroups
from channels_app.edit_groups import delete_groups
from channels_app.errors import EditRefused
from channels_app.models import Channel, ChannelGroup
from channels_app.numbering import natural_key
from channels_app.outcomes import Outcome
from ecm_site.wording import counted
from tasks_app import journal

logger = logging.getLogger(__name__)

REASON = "It has no channels, and no auto-sync fills it."


@dataclass(frozen=True)
class OrphanedGroup:
    pk: int
    name: str
    reason: str = REASON


@dataclass
class Cleanup(Outcome):
    """``deleted`` groups by name; ``failed``: name and why."""

    deleted: list[OrphanedGroup] = field(default_factory=list)
    failed: list[tuple[OrphanedGroup, str]] = field(default_factory=list)


def orphaned_groups() -> list[OrphanedGroup]:
    """Groups that could go, by name. A fixed number of queries.

    A channel group of this lineup holds no streams itself, so the chapter's "no streams" is met by all of them.
    """
    rows = _empty().exclude(pk__in=groups_filled_by_auto_sync()).values_list("pk", "name")
    return sorted((OrphanedGroup(pk, name) for pk, name in rows), key=lambda group: (natural_key(group.name), group.pk))


def delete_orphaned_groups(group_ids: Sequence[int] | None = None) -> Cleanup:
    """Delete orphans, all of them or those of ``group_ids`` that still are orphans now. One batch, one undo."""
    chosen = set(group_ids or ())
    doomed = [group for group in orphaned_groups() if not chosen or group.pk in chosen]
    outcome = Cleanup("", journal.new_batch_id())
    for group in doomed:
        try:
            done = delete_groups(DeleteGroups((group.pk,)), batch_id=outcome.batch_id)
        except EditRefused as refusal:
            outcome.failed.append((group, str(refusal)))
            continue
        if done.group_ids:
            outcome.deleted.append(group)
            outcome.group_ids += done.group_ids
            outcome.entry_id = outcome.entry_id or done.entry_id
    outcome.message = (
        f"Deleted {counted(len(outcome.deleted), 'orphaned group')}." if outcome.deleted else "No group was orphaned any more."
    )
    outcome.warnings = [reason for _, reason in outcome.failed]
    if outcome.deleted:
        journal.log_entry(
            "channel",
            "cleanup",
            entity_type=journal.SUMMARY,
            entity_name="Orphaned groups",
            description=outcome.message,
            before={"deleted": [group.name for group in outcome.deleted]},
            after={"failed": [group.name for group, _ in outcome.failed]},
            batch_id=outcome.batch_id,
        )
    logger.info("[CHANNELS] Deleted %s orphaned groups, %s failed", len(outcome.deleted), len(outcome.failed))
    return outcome


def _empty() -> QuerySet[ChannelGroup]:
    return ChannelGroup.objects.filter(~Exists(Channel.objects.filter(group_id=OuterRef("pk"))))
