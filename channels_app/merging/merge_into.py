"""Merges channels into ones that exist: each target keeps everything and gains the streams of its sources (10 §15.2).

A group of channels is merged as a whole or not at all. Many groups share a transaction to be quick; when one of them fails,
that transaction is taken back and each of its groups is tried alone, so that no group suffers from another.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import DatabaseError, transaction
from django.db.models import Max

from channels_app.arrange_streams import MOST_STREAMS
from channels_app.bulk_rows import insert_streams
from channels_app.chunks import chunked, chunked_writes
from channels_app.errors import EditRefused
from channels_app.journal_channels import deleted_entry, profiles_entry, streams_entry
from channels_app.lineup_changed import lineup_changed
from channels_app.merging.removal import remove_channels
from channels_app.models import ChannelStream
from channels_app.outcomes import Outcome
from channels_app.profiles.set_memberships import insert_memberships
from channels_app.snapshots import Snapshot, channel_snapshots
from ecm_site.wording import counted, shortened
from tasks_app import journal
from tasks_app.models import JournalEntry

logger = logging.getLogger(__name__)

GROUPS_AT_ONCE = 30  # groups a transaction: about 0.1 s
_NAMED = 20  # sources that the summary in the journal names


@dataclass(frozen=True)
class MergeGroup:
    """``source_ids`` go into ``target_id``; a source that is the target itself does not count."""

    target_id: int
    source_ids: tuple[int, ...]

    @property
    def sources(self) -> tuple[int, ...]:
        return tuple(pk for pk in dict.fromkeys(self.source_ids) if pk != self.target_id)


@dataclass
class MergeResult:
    """What became of one group. ``error`` is a sentence for the operator, "" when it was merged."""

    target_id: int
    name: str = ""
    sources_deleted: int = 0
    total_streams: int = 0
    error: str = ""


@dataclass
class MergeOutcome(Outcome):
    results: list[MergeResult] = field(default_factory=list)

    @property
    def merged(self) -> list[MergeResult]:
        return [result for result in self.results if not result.error]

    @property
    def failed(self) -> list[MergeResult]:
        return [result for result in self.results if result.error]


class _GroupRefused(Exception):
    """Why a group cannot be merged, in words."""


def merge_groups(groups: Sequence[MergeGroup], *, batch_id: str = "") -> MergeOutcome:
    """Merge every group that can be; one batch in the journal, one undo.

    Raises :class:`EditRefused` only when two groups want the same channel: then nothing is merged.
    """
    _refuse_overlaps(groups)
    own_batch = not batch_id
    outcome = MergeOutcome("", batch_id or journal.new_batch_id())
    source_names: list[str] = []
    for portion in chunked_writes(groups, GROUPS_AT_ONCE):
        for merged in _merge_portion(portion, outcome.batch_id):
            outcome.results.append(merged.result)
            outcome.note(merged.entries)
            if not merged.result.error:
                outcome.channel_ids += [merged.result.target_id, *merged.removed]
                source_names += merged.source_names
    _tell(outcome)
    if outcome.merged and own_batch:
        after = {
            "merged": len(outcome.merged),
            "failed": len(outcome.failed),
            "sources_deleted": sum(result.sources_deleted for result in outcome.merged),
            "sources": source_names[:_NAMED],
        }
        journal.log_summary("channel", outcome.batch_id, outcome.message, action_type="bulk_merge", after=after)
    return outcome


@dataclass
class _Merged:
    result: MergeResult
    entries: list[JournalEntry] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    source_names: list[str] = field(default_factory=list)
    new_links: list[tuple[int, int, int]] = field(default_factory=list)
    new_members: list[tuple[int, int]] = field(default_factory=list)


def _merge_portion(portion: Sequence[MergeGroup], batch_id: str) -> list[_Merged]:
    try:
        return _merge_together(portion, batch_id)
    except Exception:
        if len(portion) == 1:
            logger.exception("[MERGE] Could not merge into channel id=%s", portion[0].target_id)
            sentence = "This group could not be merged. Nothing was changed in it; the log says why."
            return [_Merged(MergeResult(portion[0].target_id, error=sentence))]
        logger.info("[MERGE] A part of %s groups failed; trying them one by one", len(portion))
    return [merged for group in portion for merged in _merge_portion([group], batch_id)]


def _merge_together(portion: Sequence[MergeGroup], batch_id: str) -> list[_Merged]:
    with transaction.atomic():
        snapshots = channel_snapshots([pk for group in portion for pk in (group.target_id, *group.sources)])
        last = _last_positions([group.target_id for group in portion])
        found: list[_Merged] = []
        for group in portion:
            try:
                found.append(_plan(group, snapshots, last.get(group.target_id, 0), batch_id))
            except _GroupRefused as refused:
                name = snapshots[group.target_id]["name"] if group.target_id in snapshots else ""
                found.append(_Merged(MergeResult(group.target_id, name, error=str(refused))))
        insert_streams(link for merged in found for link in merged.new_links)
        insert_memberships(pair for merged in found for pair in merged.new_members)
        _check_complete(found, snapshots)
        remove_channels([pk for merged in found for pk in merged.removed])
        entries = [entry for merged in found for entry in merged.entries]
        journal.log_entries(entries)
        if entries:
            lineup_changed()
        return found


def _plan(group: MergeGroup, snapshots: dict[int, Snapshot], last_position: int, batch_id: str) -> _Merged:
    target = snapshots.get(group.target_id)
    if target is None:
        raise _GroupRefused("The channel to keep no longer exists. Look for duplicates again.")
    if not group.sources:
        raise _GroupRefused("There is nothing to merge into this channel.")
    gone = [pk for pk in group.sources if pk not in snapshots]
    if gone:
        raise _GroupRefused(f"{counted(len(gone), 'channel')} to be merged no longer exist. Look for duplicates again.")
    before: list[int] = target["streams"]
    after = merged_streams([before, *(snapshots[pk]["streams"] for pk in group.sources)])
    if len(after) > MOST_STREAMS:
        raise _GroupRefused(f"A channel can hold {MOST_STREAMS:,} streams at most; this would be {len(after):,}.")
    profiles = sorted(
        {profile for pk in group.sources for profile in snapshots[pk]["profile_ids"]} | set(target["profile_ids"])
    )
    new_profiles = [pk for pk in profiles if pk not in target["profile_ids"]]
    name = target["name"]
    merged = _Merged(
        MergeResult(group.target_id, name, len(group.sources), len(after)),
        removed=list(group.sources),
        source_names=[snapshots[pk]["name"] for pk in group.sources],
        new_links=[(group.target_id, pk, last_position + place) for place, pk in enumerate(after[len(before) :], 1)],
        new_members=[(profile_id, group.target_id) for profile_id in new_profiles],
    )
    if after != before:
        merged.entries.append(streams_entry("stream_add", group.target_id, name, before, after, batch_id=batch_id))
    if new_profiles:
        merged.entries.append(_profiles_entry(group.target_id, name, target["profile_ids"], profiles, batch_id))
    merged.entries += [merged_away_entry(pk, snapshots[pk], name, batch_id) for pk in group.sources]
    return merged


def merged_streams(lists: Sequence[Sequence[int]]) -> list[int]:
    """The streams of several channels one after the other, each once (25.7 #89)."""
    return list(dict.fromkeys(stream_id for streams in lists for stream_id in streams))


def merged_away_entry(channel_id: int, snapshot: Snapshot, target_name: str, batch_id: str) -> JournalEntry:
    """A deletion, told as what it was: undoing it brings the channel back with everything it had."""
    entry = deleted_entry(channel_id, snapshot, batch_id=batch_id)
    entry.description = f"Merged {entry.description.removeprefix('Deleted ')} into “{shortened(target_name)}”"
    return entry


def _profiles_entry(channel_id: int, name: str, before: list[int], after: list[int], batch_id: str) -> JournalEntry:
    entry = profiles_entry(channel_id, name, before, after, batch_id=batch_id)
    entry.description = f"Enabled “{shortened(name)}” in the profiles of what was merged into it"
    return entry


def _last_positions(channel_ids: Sequence[int]) -> dict[int, int]:
    links = ChannelStream.objects.filter(channel_id__in=channel_ids).order_by()
    return dict(links.values_list("channel_id").annotate(Max("position")))


def _check_complete(found: Sequence[_Merged], snapshots: dict[int, Snapshot]) -> None:
    """The last look before sources go: every stream of every source is on its target. Otherwise all is taken back."""
    merged = {item.result.target_id: item for item in found if item.removed}
    there: dict[int, set[int]] = {pk: set() for pk in merged}
    for ids in chunked(list(merged)):
        for channel_id, stream_id in ChannelStream.objects.filter(channel_id__in=ids).values_list("channel_id", "stream_id"):
            there[channel_id].add(stream_id)
    for pk, item in merged.items():
        wanted = {stream for source in item.removed for stream in snapshots[source]["streams"]}
        if wanted - there[pk]:
            raise DatabaseError(f"channel {pk} lacks streams of what was merged into it")


def _refuse_overlaps(groups: Sequence[MergeGroup]) -> None:
    seen: set[int] = set()
    for group in groups:
        ids = {group.target_id, *group.sources}
        if seen & ids:
            raise EditRefused("A channel was named in two groups. Each channel can be merged only once.")
        seen |= ids


def _tell(outcome: MergeOutcome) -> None:
    sources = sum(result.sources_deleted for result in outcome.merged)
    if len(outcome.merged) == 1:
        outcome.message = f"Merged {counted(sources, 'channel')} into “{shortened(outcome.merged[0].name)}”."
    elif outcome.merged:
        outcome.message = f"Merged {counted(sources, 'channel')} into {len(outcome.merged):,}."
    else:
        outcome.message = "Nothing was merged."
    if outcome.failed:
        first = outcome.failed[0]
        named = f" “{shortened(first.name)}”: {first.error}" if first.name else f" {first.error}"
        outcome.warnings.append(f"{counted(len(outcome.failed), 'group')} could not be merged.{named}")
    logger.info(
        "[MERGE] Merged %s groups, %s sources, %s failed batch=%s",
        len(outcome.merged),
        sources,
        len(outcome.failed),
        outcome.batch_id,
    )
