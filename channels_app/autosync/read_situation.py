"""Reads what a plan depends on. The number of queries does not grow with the groups."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from channels_app.autosync.choose_streams import SyncStream
from channels_app.autosync.chosen_rows import read_chosen
from channels_app.autosync.settings import SyncSettings, read_settings
from channels_app.autosync.values import ChannelNow, LinkedStream, Situation, SyncGroup
from channels_app.channel_fields import FIELDS, clean_text
from channels_app.chunks import chunked
from channels_app.edit_groups import GROUP_NAME_LENGTH
from channels_app.models import AccountSync, Channel, ChannelGroup, ChannelStream, ProfileMembership
from channels_app.numbering import plain
from epg_app.entry_keys import tvg_key
from epg_app.find_entries import entries_for_tvg_ids
from epg_app.models import GuideEntry
from m3u_app.models import Stream, StreamGroup

_IDS_AT_ONCE = 5_000
NO_NAME = "Ungrouped"


def read_situation(account_id: int, *, trial: Mapping[int, SyncSettings] | None = None) -> Situation:
    """Everything about the groups of an account that auto-sync follows: those switched on, and those of ``trial``.

    ``trial`` gives groups other settings than the stored ones, as if they were saved and switched on.
    """
    trial = trial or {}
    state = AccountSync.objects.filter(account_id=account_id).first() or AccountSync(account_id=account_id)
    followed = StreamGroup.objects.filter(account_id=account_id, enabled=True, auto_channel_sync=True)
    stored = {group.pk: group for group in (*followed, *StreamGroup.objects.filter(account_id=account_id, pk__in=trial))}
    typed = {pk: trial.get(pk) or read_settings(group) for pk, group in stored.items()}
    rows = read_chosen(typed.values())
    settings = {pk: rows.usable(item) for pk, item in typed.items()}
    targets, new_targets = targets_of_groups(stored.values(), settings, state.targets)
    groups = [
        SyncGroup(
            id=pk,
            name=group.name,
            settings=settings[pk],
            target_id=targets[pk],
            logo_url=rows.logo_url(settings[pk]),
            joins=rows.joins(settings[pk]),
            missing=rows.missing(typed[pk]),
        )
        for pk, group in stored.items()
    ]
    streams = _streams(account_id, list(stored))
    channels = _channels(account_id, with_profiles=any(group.exactly is not None for group in groups))
    own = {channel.id for channel in channels}
    numbers = Channel.objects.filter(number__isnull=False).values_list("pk", "number")
    return Situation(
        groups=groups,
        streams=streams,
        channels=channels,
        other_numbers=frozenset(plain(number) for pk, number in numbers.iterator() if pk not in own and number is not None),
        guide=_guide(groups, streams),
        leftovers=state.leftovers,  # type: ignore[arg-type]  # a text that is one of the choices
        new_targets=new_targets,
    )


def _streams(account_id: int, group_ids: Sequence[int]) -> dict[int, list[SyncStream]]:
    found: dict[int, list[SyncStream]] = {pk: [] for pk in group_ids}
    for ids in chunked(group_ids, _IDS_AT_ONCE):
        rows = Stream.objects.filter(account_id=account_id, group_id__in=ids, is_stale=False).order_by()
        columns = ("pk", "group_id", "name", "tvg_id", "station_id", "logo_url", "stream_chno", "updated_at")
        for row in rows.values_list(*columns).iterator(chunk_size=_IDS_AT_ONCE):
            stream = SyncStream(*row)
            found[stream.group_id].append(stream)
    return found


def _channels(account_id: int, *, with_profiles: bool) -> list[ChannelNow]:
    """Auto-created channels of the account by id, with those of their streams that are still there."""
    own = {"channel__auto_created": True, "channel__auto_created_by_id": account_id}
    living: dict[int, list[LinkedStream]] = {}
    has_stream: set[int] = set()
    links = ChannelStream.objects.filter(**own).order_by("channel_id", "position", "id")
    columns = ("channel_id", "stream_id", "stream__group_id", "stream__account_id", "stream__is_stale")
    for channel_id, stream_id, group_id, stream_account_id, is_stale in links.values_list(*columns).iterator():
        if not is_stale:
            living.setdefault(channel_id, []).append(LinkedStream(stream_id, group_id))
        if stream_account_id == account_id:
            has_stream.add(channel_id)
    profiles: dict[int, set[int]] = {}
    if with_profiles:
        memberships = ProfileMembership.objects.filter(**own).order_by().values_list("channel_id", "profile_id")
        for channel_id, profile_id in memberships.iterator(chunk_size=_IDS_AT_ONCE):
            profiles.setdefault(channel_id, set()).add(profile_id)
    own_columns = ("pk", "synced_stream", "synced_group", "pinned_fields", *FIELDS)
    rows = Channel.objects.filter(auto_created=True, auto_created_by_id=account_id).order_by("pk").values(*own_columns)
    return [
        _channel(row, tuple(living.get(row["pk"], ())), row["pk"] in has_stream, frozenset(profiles.get(row["pk"], ())))
        for row in rows.iterator()
    ]


def _channel(
    row: dict[str, Any], streams: tuple[LinkedStream, ...], has_account_stream: bool, profile_ids: frozenset[int]
) -> ChannelNow:
    return ChannelNow(
        id=row["pk"],
        values={name: row[name] for name in FIELDS},
        streams=streams,
        has_account_stream=has_account_stream,
        is_hidden=row["is_hidden"],
        pinned=frozenset(row["pinned_fields"] or ()),
        synced_stream=row["synced_stream"],
        synced_group=row["synced_group"],
        profile_ids=profile_ids,
    )


def targets_of_groups(
    groups: Iterable[StreamGroup], settings: Mapping[int, SyncSettings], remembered: Mapping[str, Any]
) -> tuple[dict[int, int], dict[int, str]]:
    """Channel group by provider group, and the names of those that have to be made (under negative ids).

    The group that was chosen; else the one that took the channels last time, whatever it is called now; else the one of
    the provider group's name.
    """
    names = dict(ChannelGroup.objects.values_list("pk", "name"))
    by_name = {name.casefold(): pk for pk, name in names.items()}
    targets: dict[int, int] = {}
    new: dict[int, str] = {}
    for group in groups:
        chosen = settings[group.pk].group_id
        known = remembered.get(str(group.pk))
        if chosen in names:
            targets[group.pk] = chosen
        elif known in names:
            targets[group.pk] = known
        else:
            name = clean_text(group.name[:GROUP_NAME_LENGTH], longest=GROUP_NAME_LENGTH) or NO_NAME
            if name.casefold() not in by_name:
                by_name[name.casefold()] = -len(new) - 1
                new[-len(new) - 1] = name
            targets[group.pk] = by_name[name.casefold()]
    return targets, new


def _guide(groups: Sequence[SyncGroup], streams: Mapping[int, Sequence[SyncStream]]) -> dict[int | None, Mapping[str, int]]:
    wanted: dict[int | None, set[str]] = {}
    for group in groups:
        if not group.settings.no_guide:
            ids = {stream.tvg_id for stream in streams[group.id] if stream.tvg_id.strip()}
            wanted.setdefault(group.settings.guide_source_id, set()).update(ids)
    found: dict[int | None, Mapping[str, int]] = {None: entries_for_tvg_ids(wanted.pop(None, set()))}
    return found | _guide_of_sources({pk: ids for pk, ids in wanted.items() if pk is not None})


def _guide_of_sources(wanted: Mapping[int, set[str]]) -> dict[int | None, Mapping[str, int]]:
    """Entries by TVG-ID in each of these sources, compared as :func:`entries_for_tvg_ids` compares."""
    keys = sorted({tvg_key(tvg_id) for ids in wanted.values() for tvg_id in ids} - {""})
    best: dict[int, dict[str, int]] = {pk: {} for pk in wanted}
    for portion in chunked(keys, _IDS_AT_ONCE):
        rows = GuideEntry.objects.filter(tvg_key__in=portion, source_id__in=wanted).order_by("-in_feed", "id")
        for key, source_id, entry_id in rows.values_list("tvg_key", "source_id", "id"):
            best[source_id].setdefault(key, entry_id)
    return {
        pk: {tvg_id: best[pk][tvg_key(tvg_id)] for tvg_id in ids if tvg_key(tvg_id) in best[pk]} for pk, ids in wanted.items()
    }
