"""Groups with channels that auto-sync made, and making such channels one's own (10 §7.4)."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from channels_app.chunks import chunked_writes
from channels_app.errors import EditRefused
from channels_app.lineup_changed import lineup_changed
from channels_app.models import Channel, ChannelGroup
from channels_app.numbering import natural_key
from channels_app.outcomes import Outcome
from ecm_site.wording import counted, shortened
from m3u_app.models import Account
from tasks_app import journal
from tasks_app.models import JournalEntry
from tasks_app.undo import UndoConflict, register_undo

logger = logging.getLogger(__name__)

ENTITY = "auto_created_channels"
SAMPLES = 5
_UPDATED_TOLD = 20
_KEPT = ("auto_created_by_id", "synced_stream", "synced_group")


@dataclass(frozen=True)
class Sample:
    name: str
    number: Decimal | None
    creator: str


@dataclass(frozen=True)
class AutoCreatedGroup:
    """``pk`` 0 = Uncategorized. ``samples`` are its first channels by number."""

    pk: int
    name: str
    count: int
    samples: tuple[Sample, ...]


@dataclass
class ClearedFlags(Outcome):
    """``updated`` channels, the first of them by name and number, and why groups failed."""

    updated: int = 0
    first: list[tuple[int, str]] = field(default_factory=list)
    failed: list[tuple[int, str]] = field(default_factory=list)


def auto_created_groups() -> list[AutoCreatedGroup]:
    """Groups holding channels that auto-sync made, by name. Four queries."""
    flagged = Channel.objects.filter(auto_created=True)
    counts = dict(flagged.order_by().values_list("group_id").annotate(count=Count("pk")))
    names = dict(ChannelGroup.objects.filter(pk__in=[pk for pk in counts if pk]).values_list("pk", "name"))
    creators = dict(Account.objects.values_list("pk", "name"))
    order = [F("number").asc(nulls_last=True), F("name").asc(), F("pk").asc()]
    ranked = flagged.annotate(place=Window(RowNumber(), partition_by=F("group_id"), order_by=order))
    samples: dict[int | None, list[Sample]] = {}
    rows = ranked.filter(place__lte=SAMPLES).order_by("place")
    for group_id, name, number, creator in rows.values_list("group_id", "name", "number", "auto_created_by_id"):
        samples.setdefault(group_id, []).append(Sample(name, number, creators.get(creator or 0, "")))
    found = [
        AutoCreatedGroup(pk or 0, names.get(pk or 0, "Uncategorized"), count, tuple(samples.get(pk, ())))
        for pk, count in counts.items()
    ]
    return sorted(found, key=lambda group: (group.pk != 0, natural_key(group.name)))


def clear_auto_created(group_ids: Sequence[int], *, batch_id: str = "") -> ClearedFlags:
    """Make the auto-created channels of these groups (0 = Uncategorized) ordinary ones. Raises :class:`EditRefused` without
    a group. Auto-sync no longer changes or deletes them; where it is on it makes channels of its own again.
    """
    wanted = list(dict.fromkeys(group_ids))
    if not wanted:
        raise EditRefused("Choose at least one group.")
    known = set(ChannelGroup.objects.filter(pk__in=wanted).values_list("pk", flat=True)) | {0}
    outcome = ClearedFlags("", batch_id or journal.new_batch_id())
    outcome.failed = [(pk, "This group no longer exists.") for pk in wanted if pk not in known]
    inside = Q(group_id__in=[pk for pk in wanted if pk]) | (Q(group=None) if 0 in wanted else Q(pk__in=()))
    rows = list(Channel.objects.filter(inside, auto_created=True).order_by("number", "name", "pk").values_list("pk", flat=True))
    for portion in chunked_writes(rows):
        with transaction.atomic():
            _clear(portion, outcome)
    groups = len(wanted) - len(outcome.failed)
    outcome.message = (
        f"{counted(outcome.updated, 'channel')} of {counted(groups, 'group')} now count as made by hand."
        if outcome.updated
        else "These groups have no auto-created channels."
    )
    if outcome.updated:
        journal.log_summary("channel", outcome.batch_id, outcome.message, after={"groups": wanted, "updated": outcome.updated})
    logger.info("[CHANNELS] Cleared the auto-created flag of %s channels in groups %s", outcome.updated, wanted)
    return outcome


def register_handlers() -> None:
    """Called once at start-up."""
    register_undo(ENTITY, undo_clearing)


def undo_clearing(entry: JournalEntry) -> None:
    """Give channels their origin back; those that are gone or were flagged again since do not matter."""
    before: dict[str, Any] = (entry.before_value or {}).get("channels", {})
    accounts = set(Account.objects.values_list("pk", flat=True))
    flagless = Channel.objects.filter(pk__in=[int(key) for key in before], auto_created=False)
    restored = []
    for channel in flagless:
        values = before[str(channel.pk)]
        channel.auto_created = True
        channel.auto_created_by_id = values["auto_created_by_id"] if values["auto_created_by_id"] in accounts else None
        channel.synced_stream, channel.synced_group = values["synced_stream"], values["synced_group"]
        restored.append(channel)
    if not restored:
        raise UndoConflict("These channels are gone or were made by auto-sync again since.")
    Channel.objects.bulk_update(restored, ["auto_created", *(name.removesuffix("_id") for name in _KEPT)], batch_size=200)
    lineup_changed(guide=False)


def _clear(portion: Sequence[int], outcome: ClearedFlags) -> None:
    channels = list(Channel.objects.filter(pk__in=portion, auto_created=True).values("pk", "name", *_KEPT))
    if not channels:
        return
    ids = [values["pk"] for values in channels]
    nothing = {"auto_created": False, "auto_created_by": None, "synced_stream": None, "synced_group": None}
    Channel.objects.filter(pk__in=ids).update(**nothing, updated_at=timezone.now())
    named = f"“{shortened(channels[0]['name'])}”" if len(channels) == 1 else counted(len(channels), "channel")
    entry = journal.build_entry(
        "channel",
        "bulk_update",
        entity_type=ENTITY,
        entity_name=channels[0]["name"] if len(channels) == 1 else counted(len(channels), "channel"),
        description=f"Made {named} of auto-sync ordinary channels",
        before={"channels": {str(values["pk"]): {name: values[name] for name in _KEPT} for values in channels}},
        after={"auto_created": False},
        batch_id=outcome.batch_id,
        undoable=True,
    )
    outcome.note(journal.log_entries([entry]))
    outcome.channel_ids += ids
    outcome.updated += len(ids)
    room = _UPDATED_TOLD - len(outcome.first)
    outcome.first += [(values["pk"], values["name"]) for values in channels[:room]]
    lineup_changed(guide=False)
