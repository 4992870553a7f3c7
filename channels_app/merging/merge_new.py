"""Merges two or more channels into a new one (10 §15.3), in one transaction: all of it happens or nothing."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from channels_app.arrange_streams import MOST_STREAMS
from channels_app.channel_from_stream import usable_logo
from channels_app.commands import CreateChannel
from channels_app.edit_channels import create_channel
from channels_app.errors import EditRefused, NotThere
from channels_app.lineup_changed import lineup_changed
from channels_app.merging.merge_into import merged_away_entry, merged_streams
from channels_app.merging.removal import remove_channels
from channels_app.models import Channel
from channels_app.number_changes import duplicate_warnings, shared_numbers
from channels_app.outcomes import Outcome
from channels_app.pins import PINNABLE
from channels_app.snapshots import Snapshot, channel_snapshots
from ecm_site.wording import counted, shortened
from tasks_app import journal

logger = logging.getLogger(__name__)

CARRIED = ("name", "number", "group_id", "guide_entry_id", "logo_url", "stream_profile_id", "tvg_id", "gracenote_id")
"""Fields of the new channel that can be chosen; what is not chosen comes from :func:`proposed_fields`."""


class StaleSources(NotThere):
    """Channels to be merged are gone (25.7 #90). ``missing`` are their ids."""

    def __init__(self, missing: Sequence[int]) -> None:
        self.missing = list(missing)
        named = ", ".join(map(str, missing[:10])) + (" …" if len(missing) > 10 else "")
        one = len(missing) == 1
        super().__init__(
            f"{'A channel' if one else counted(len(missing), 'channel')} to be merged no longer "
            f"{'exists' if one else 'exist'} (id {named}). Refresh the page and choose again."
        )


class TooFew(EditRefused):
    """There is nothing to merge with fewer than two channels (25.7 #91)."""

    def __init__(self) -> None:
        super().__init__("Choose two channels or more to merge.")


@dataclass(frozen=True)
class MergeChannels:
    """``fields`` are values of :data:`CARRIED`, checked like those of an edited channel; the others are proposed."""

    channel_ids: tuple[int, ...]
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass
class NewMergeOutcome(Outcome):
    """``channel_id`` is the new channel; ``total_streams`` are on it."""

    channel_id: int = 0
    total_streams: int = 0
    sources: list[int] = field(default_factory=list)


def sources_of(channel_ids: Sequence[int]) -> dict[int, Snapshot]:
    """Snapshots of the channels in the order given. Raises :class:`TooFew`, or :class:`StaleSources` naming what is gone."""
    wanted = list(dict.fromkeys(channel_ids))
    if len(wanted) < 2:
        raise TooFew
    found = channel_snapshots(wanted)
    missing = [pk for pk in wanted if pk not in found]
    if missing:
        raise StaleSources(missing)
    return {pk: found[pk] for pk in wanted}


def proposed_fields(sources: Mapping[int, Snapshot]) -> dict[str, Any]:
    """What the new channel gets unless chosen otherwise: the lowest number, else the first value that is not empty.

    Name and group are the first channel's (10 §15.3). A logo address that could not be typed is passed over.
    """
    every = list(sources.values())
    numbers = [snapshot["number"] for snapshot in every if snapshot["number"]]
    proposed = {name: next((item[name] for item in every if item[name] not in (None, "")), "") for name in CARRIED}
    proposed["name"] = every[0]["name"]
    proposed["group_id"] = every[0]["group_id"]
    proposed["number"] = min(numbers, key=float) if numbers else ""
    proposed["logo_url"] = next((logo for item in every if (logo := usable_logo(item["logo_url"]))), "")
    for name in ("guide_entry_id", "stream_profile_id"):
        proposed[name] = proposed[name] or None
    return proposed


def merge_into_new(command: MergeChannels) -> NewMergeOutcome:
    """Create the merged channel, then remove its sources; one batch in the journal, one undo.

    Streams come in the order of the sources, each once; profile memberships are united. Raises :class:`TooFew`,
    :class:`StaleSources`, or :class:`EditRefused` naming the fields that are wrong; then nothing has changed.
    """
    batch_id = journal.new_batch_id()
    with transaction.atomic():
        sources = sources_of(command.channel_ids)
        unknown = set(command.fields) - set(CARRIED)
        if unknown:
            raise EditRefused({name: f"A merged channel has no field “{name[:60]}”." for name in unknown})
        streams = merged_streams([snapshot["streams"] for snapshot in sources.values()])
        if len(streams) > MOST_STREAMS:
            raise EditRefused(f"A channel can hold {MOST_STREAMS:,} streams at most; this would be {len(streams):,}.")
        profiles = sorted({pk for snapshot in sources.values() for pk in snapshot["profile_ids"]})
        fields = {**proposed_fields(sources), **_common_flags(sources), **command.fields}
        created = create_channel(CreateChannel(fields, tuple(streams), tuple(profiles)), batch_id=batch_id)
        channel_id = created.channel_ids[0]
        name = Channel.objects.values_list("name", flat=True).get(pk=channel_id)
        _adopt_synced(channel_id, sources)
        remove_channels(list(sources))
        journal.log_entries([merged_away_entry(pk, sources[pk], name, batch_id) for pk in sources])
        lineup_changed()
    outcome = NewMergeOutcome(
        f"Merged {counted(len(sources), 'channel')} into “{shortened(name)}” with {counted(len(streams), 'stream')}.",
        batch_id,
        created.entry_id,
        channel_ids=[channel_id, *sources],
        channel_id=channel_id,
        total_streams=len(streams),
        sources=list(sources),
    )
    journal.log_summary("channel", batch_id, outcome.message, action_type="merge", before=_told(sources), after={"name": name})
    number = Channel.objects.values_list("number", flat=True).get(pk=channel_id)
    outcome.warnings += duplicate_warnings(shared_numbers({channel_id: number}))
    if not _all_synced(sources) and any(snapshot["auto_created"] for snapshot in sources.values()):
        outcome.warnings.append(
            "Some of these channels came from auto-sync. It makes them again at the next refresh, as long as it is on for "
            "their group."
        )
    logger.info("[MERGE] Merged %s channels into id=%s batch=%s", len(sources), channel_id, batch_id)
    return outcome


def _common_flags(sources: Mapping[int, Snapshot]) -> dict[str, object]:
    """Hidden, guide lock and "no guide" hold for the new channel when they held for all of its sources."""
    return {flag: all(snapshot[flag] for snapshot in sources.values()) for flag in ("is_hidden", "epg_locked", "no_epg")}


def _all_synced(sources: Mapping[int, Snapshot]) -> bool:
    return all(snapshot["auto_created"] for snapshot in sources.values())


def _adopt_synced(channel_id: int, sources: Mapping[int, Snapshot]) -> None:
    """Channels that auto-sync made are one of its channels after merging too, else it would make them again."""
    if not _all_synced(sources):
        return
    first = next(iter(sources.values()))
    Channel.objects.filter(pk=channel_id).update(
        auto_created=True,
        auto_created_by_id=first["auto_created_by_id"],
        synced_stream=first["synced_stream"],
        synced_group=first["synced_group"],
        pinned_fields=sorted(PINNABLE),
    )


def _told(sources: Mapping[int, Snapshot]) -> dict[str, Any]:
    """The sources for the journal: which they were, in words."""
    return {
        "sources": [
            {"id": pk, "name": item["name"], "number": item["number"], "streams": len(item["streams"])}
            for pk, item in sources.items()
        ]
    }
