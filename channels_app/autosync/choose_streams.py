"""Which streams of a group become channels, in which order and under which names (20 §4.3 step 1). Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from channels_app.autosync.settings import SortOrder, SyncSettings, compiled, compiled_rename
from channels_app.channel_fields import NAME_LENGTH, clean_text
from channels_app.numbering import natural_key


class SyncStream(NamedTuple):
    """As much of a stream as a channel takes from it."""

    id: int
    group_id: int
    name: str
    tvg_id: str
    station_id: str
    logo_url: str
    number: Decimal | None
    updated_at: datetime | None


@dataclass
class Chosen:
    """The streams that stay, sorted; how many each pattern dropped; whether a pattern is too slow to be trusted."""

    streams: list[SyncStream] = field(default_factory=list)
    not_included: int = 0
    excluded: int = 0
    too_slow: bool = False


def choose_streams(streams: Iterable[SyncStream], settings: SyncSettings) -> Chosen:
    """Include, then exclude, then sort. Raises ``PatternRefused`` for a pattern that is none."""
    include, exclude = compiled(settings.include), compiled(settings.exclude)
    chosen = Chosen()
    for stream in streams:
        if include is not None and not include.found_in(stream.name):
            chosen.not_included += 1
        elif exclude is not None and exclude.found_in(stream.name):
            chosen.excluded += 1
        else:
            chosen.streams.append(stream)
    chosen.too_slow = any(pattern is not None and pattern.timeouts > 0 for pattern in (include, exclude))
    chosen.streams.sort(key=lambda stream: _sort_key(stream, settings.sort_order), reverse=settings.sort_reverse)
    return chosen


class Renamer:
    """Names of channels: the stream's own, with what the rename pattern finds replaced, cut to what a channel can hold."""

    def __init__(self, settings: SyncSettings) -> None:
        self._rename = compiled_rename(settings)

    def name_of(self, stream: SyncStream) -> str:
        """Never empty: where the rename leaves nothing, the name stays as it was."""
        own = clean_text(stream.name[:NAME_LENGTH], longest=NAME_LENGTH) or f"Stream {stream.id}"
        if self._rename is None:
            return own
        pattern, replacement = self._rename
        renamed = pattern.replace(stream.name, replacement)
        if renamed is None:
            return own
        return clean_text(renamed[:NAME_LENGTH], longest=NAME_LENGTH) or own


def _sort_key(stream: SyncStream, order: SortOrder) -> tuple[Any, ...]:
    """Ends with the id: the same streams always come in the same order."""
    if order is SortOrder.NAME:
        return natural_key(stream.name), stream.id
    if order is SortOrder.TVG_ID:
        return not stream.tvg_id, natural_key(stream.tvg_id), stream.id  # those without an id come last
    if order is SortOrder.UPDATED_AT:
        return stream.updated_at.timestamp() if stream.updated_at else 0.0, stream.id
    return (stream.id,)
