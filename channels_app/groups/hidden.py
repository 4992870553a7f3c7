"""Groups that were taken off the lists (10 §7.4).

A group that auto-sync fills cannot be deleted for long, so it is hidden instead: it leaves the channel manager with its lists,
pickers and counts. Auto-sync goes on filling it and players go on getting its channels, as if nothing had happened.

A record counts only while the group of its id still has the name that it had when it was hidden: after a move to another
server the id may belong to another group. Readers ignore other records; the next change and the clean-up remove them.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet

from channels_app.errors import NotThere
from channels_app.lineup_changed import lineup_changed
from channels_app.models import Channel, ChannelGroup, HiddenGroup
from channels_app.outcomes import Outcome
from channels_app.row_journal import row_entry
from ecm_site.wording import shortened
from tasks_app import journal

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class HiddenGroupRow:
    """A hidden group for its list; ``pk`` is the group's id."""

    pk: int
    name: str
    hidden_at: datetime
    channels: int


def hidden_group_ids() -> set[int]:
    """Ids of the groups that are hidden now. One query."""
    return set(_valid().values_list("group_id", flat=True))


def groups_in_sight() -> QuerySet[ChannelGroup]:
    """All groups but the hidden ones: what lists and pickers offer. One query more while groups are hidden."""
    hidden = hidden_group_ids()
    return ChannelGroup.objects.exclude(pk__in=hidden) if hidden else ChannelGroup.objects.all()


def hidden_groups() -> list[HiddenGroupRow]:
    """The hidden groups by name, with how many channels they have. Two queries."""
    records = list(_valid().order_by("name"))
    of_groups = Channel.objects.filter(group_id__in=[record.group_id for record in records])
    counts = dict(of_groups.order_by().values_list("group_id").annotate(count=Count("pk")))
    return [HiddenGroupRow(item.group_id, item.name, item.hidden_at, counts.get(item.group_id, 0)) for item in records]


def hide_groups(group_ids: Sequence[int], *, batch_id: str = "") -> Outcome:
    """Take groups off the lists; those that are gone or hidden already do not matter."""
    outcome = Outcome("", batch_id)
    names = []
    with transaction.atomic():
        forget_invalid_records()
        groups = ChannelGroup.objects.filter(pk__in=group_ids).exclude(pk__in=HiddenGroup.objects.values("group_id"))
        entries = []
        for group in groups.order_by("name"):
            record = HiddenGroup.objects.create(group_id=group.pk, name=group.name)
            told = f"Hid the group “{shortened(group.name)}”"
            entries.append(
                row_entry(
                    "channel", "group_hide", instance_before=None, instance_after=record, description=told, batch_id=batch_id
                )
            )
            outcome.group_ids.append(group.pk)
            names.append(group.name)
        outcome.note(journal.log_entries(entries))
        if entries:
            lineup_changed(guide=False)
    named = f"the group “{shortened(names[0])}”" if len(names) == 1 else f"{len(names)} groups"
    outcome.message = f"Hid {named}. Auto-sync goes on filling it." if names else "Already hidden."
    if len(names) > 1:
        outcome.message = f"Hid {named}. Auto-sync goes on filling them."
    logger.info("[CHANNELS] Hid groups %s", outcome.group_ids)
    return outcome


def restore_group(group_id: int, *, batch_id: str = "") -> Outcome:
    """Bring a hidden group back to the lists. Raises :class:`NotThere` for one that is not hidden."""
    with transaction.atomic():
        forget_invalid_records()
        record = HiddenGroup.objects.filter(group_id=group_id).first()
        if record is None:
            raise NotThere("This group is not hidden.")
        told = f"Brought the group “{shortened(record.name)}” back to the lists"
        entry = row_entry(
            "channel", "group_restore", instance_before=record, instance_after=None, description=told, batch_id=batch_id
        )
        record.delete()
        outcome = Outcome(f"{told}.", batch_id, group_ids=[group_id])
        outcome.note(journal.log_entries([entry]))
        lineup_changed(guide=False)
    logger.info("[CHANNELS] Restored hidden group id=%s", group_id)
    return outcome


def invalid_records() -> QuerySet[HiddenGroup]:
    """Records whose group is gone or has another name: the id was given to something else."""
    return HiddenGroup.objects.filter(~_has_its_group())


def forget_invalid_records() -> int:
    """Remove them; returns how many."""
    gone, _ = invalid_records().delete()
    if gone:
        logger.info("[CHANNELS] Dropped %s records of hidden groups that no longer mean their group", gone)
    return gone


def _valid() -> QuerySet[HiddenGroup]:
    return HiddenGroup.objects.filter(_has_its_group())


def _has_its_group() -> Exists:
    return Exists(ChannelGroup.objects.filter(pk=OuterRef("group_id"), name=OuterRef("name")))
