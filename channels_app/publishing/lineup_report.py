"""What an operator should know about a published lineup: what was left out and why, and what players may stumble over."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from channels_app.publishing.lineup_rows import ChannelNote, Lineup, LineupChannel
from channels_app.publishing.output_text import output_id

SAMPLES = 25
PLEX_CHANNEL_LIMIT = 480

_TEXTS = {
    "without_stream": ("left out", "No stream: there is nothing to play. Add a stream, or hide the channel."),
    "only_stale": ("published", "Only streams that are gone from their provider, or of a disabled account. They may not play."),
    "without_number": ("not in the tuner", "No number. Playlists list them last; a tuner cannot offer them."),
    "duplicate_number": ("not in the tuner", "The number is used by an earlier channel. A tuner can offer only the first."),
    "without_entry": ("published", "No guide entry is linked, so players show no programme."),
    "without_programmes": ("published", "The linked guide entry has no programmes for the coming days."),
    "shared_id": ("published", "Shares its guide id with an earlier channel, so both show the same programmes."),
}


def make_report(lineup: Lineup, source: str, entries_with_programmes: Collection[int], *, tuner_count: int) -> dict[str, Any]:
    """Plain values for the generation's record: ``findings`` (key, outcome, text, count, samples), ``hidden`` …"""
    channels = lineup.channels
    notes: dict[str, list[ChannelNote]] = {
        "without_stream": lineup.without_stream,
        "only_stale": lineup.only_stale,
        "without_number": [_note(channel) for channel in channels if not channel.number],
        "duplicate_number": _repeated(channels, "number"),
        "without_entry": [_note(channel) for channel in channels if not channel.entry_id],
        "without_programmes": [
            _note(channel) for channel in channels if channel.entry_id and channel.entry_id not in entries_with_programmes
        ],
        "shared_id": _sharing(channels, source),
    }
    return {
        "findings": [
            {
                "key": key,
                "outcome": _TEXTS[key][0],
                "text": _TEXTS[key][1],
                "count": len(found),
                "samples": [list(note) for note in found[:SAMPLES]],
            }
            for key, found in notes.items()
            if found
        ],
        "hidden": lineup.hidden,
        "left_out": len(lineup.without_stream),
        "tuner_channels": tuner_count,
        "too_many_for_plex": tuner_count > PLEX_CHANNEL_LIMIT,
    }


def _note(channel: LineupChannel) -> ChannelNote:
    return ChannelNote(channel.id, channel.name, channel.number)


def _repeated(channels: Iterable[LineupChannel], field: str) -> list[ChannelNote]:
    seen: set[str] = set()
    repeated = []
    for channel in channels:
        value = getattr(channel, field)
        if value and value in seen:
            repeated.append(_note(channel))
        seen.add(value)
    return repeated


def _sharing(channels: Iterable[LineupChannel], source: str) -> list[ChannelNote]:
    users: dict[str, list[LineupChannel]] = defaultdict(list)
    for channel in channels:
        users[output_id(channel, source)].append(channel)
    return [_note(channel) for sharing in users.values() for channel in sharing[1:]]
