"""In which order a player should try the streams of a channel (10 §9.4). Pure: settings and facts in, ids out."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import NamedTuple

from m3u_app.stream_facts import StreamFacts


class Criterion(StrEnum):
    RESOLUTION = "resolution"
    BITRATE = "bitrate"
    FRAMERATE = "framerate"
    VIDEO_CODEC = "video_codec"
    M3U_PRIORITY = "m3u_priority"
    AUDIO_CHANNELS = "audio_channels"


SMART = "smart"
LABELS = {
    Criterion.RESOLUTION: "Resolution",
    Criterion.BITRATE: "Bitrate",
    Criterion.FRAMERATE: "Frame rate",
    Criterion.VIDEO_CODEC: "Video codec",
    Criterion.M3U_PRIORITY: "Priority of the provider",
    Criterion.AUDIO_CHANNELS: "Audio channels",
}


class Category(StrEnum):
    """Why a stream stands behind all others."""

    FAILED = "failed"
    BLACK_SCREEN = "black_screen"
    LOW_FPS = "low_fps"


@dataclass(frozen=True)
class SortRules:
    """``criteria`` in order of importance, the enabled ones only. ``weights`` by provider; a missing one is 0.

    ``push_down`` is the master switch; the other two count only with it.
    """

    criteria: tuple[Criterion, ...] = (Criterion.RESOLUTION, Criterion.BITRATE, Criterion.FRAMERATE)
    weights: Mapping[int, int] = field(default_factory=dict)
    push_down: bool = True
    push_down_black_screen: bool = True
    push_down_low_fps: bool = True
    categories: tuple[Category, ...] = tuple(Category)


class SortableStream(NamedTuple):
    """``facts`` None: never tried. A tuple, since whole lineups are sorted at once."""

    id: int
    account_id: int | None = None
    facts: StreamFacts | None = None


class UnknownMode(ValueError):
    """Neither "smart" nor a criterion."""


def criteria_from(priority: Iterable[str], enabled: Iterable[str]) -> tuple[Criterion, ...]:
    """The enabled criteria in their order. A saved list that lacks a newer criterion gains it at its end; unknown names
    are left out."""
    order = complete_order(priority)
    switched_on = set(enabled)
    return tuple(criterion for criterion in order if criterion in switched_on)


def complete_order(priority: Iterable[str]) -> tuple[Criterion, ...]:
    """All criteria: those of ``priority`` first, then the others."""
    known = {str(criterion) for criterion in Criterion}
    saved = [Criterion(name) for name in dict.fromkeys(priority) if name in known]
    return (*saved, *(criterion for criterion in Criterion if criterion not in saved))


def categories_from(order: Iterable[str]) -> tuple[Category, ...]:
    """All categories: those of ``order`` first, then the others."""
    known = {str(category) for category in Category}
    saved = [Category(name) for name in dict.fromkeys(order) if name in known]
    return (*saved, *(category for category in Category if category not in saved))


def sorted_streams(streams: Sequence[SortableStream], rules: SortRules, mode: str = SMART) -> list[int]:
    """Ids, the best first. Equal streams stand by id, so that sorting twice changes nothing. Raises :class:`UnknownMode`."""
    return sorter(rules, mode)(streams)


def sorter(rules: SortRules, mode: str = SMART) -> Callable[[Iterable[SortableStream]], list[int]]:
    """:func:`sorted_streams` for many channels: what is the same for all streams of a provider that were never tried is worked
    out once. Raises :class:`UnknownMode`."""
    criteria = criteria_of(mode, rules)
    push_down = rules.push_down and mode != Criterion.M3U_PRIORITY
    never_tried: dict[int | None, _Rank] = {}

    def key(stream: SortableStream) -> tuple[_Rank, int]:
        if stream.facts is not None:
            return _rank(stream, rules, criteria, push_down=push_down), stream.id
        rank = never_tried.get(stream.account_id)
        if rank is None:
            rank = never_tried[stream.account_id] = _rank(stream, rules, criteria, push_down=push_down)
        return rank, stream.id

    def sort(streams: Iterable[SortableStream]) -> list[int]:
        return [stream.id for stream in sorted(streams, key=key)]

    return sort


def criteria_of(mode: str, rules: SortRules) -> tuple[Criterion, ...]:
    """What counts in a mode. Raises :class:`UnknownMode`."""
    if mode == SMART:
        return rules.criteria
    try:
        return (Criterion(mode),)
    except ValueError:
        raise UnknownMode(f"“{mode[:40]}” is no way of sorting. Use smart, {', '.join(Criterion)}.") from None


def category_of(stream: SortableStream, rules: SortRules) -> Category | None:
    """Why the stream is pushed down, or None."""
    facts = stream.facts
    if facts is None or facts.status != "success":
        return Category.FAILED
    if facts.is_black_screen and rules.push_down_black_screen:
        return Category.BLACK_SCREEN
    if facts.is_low_fps and rules.push_down_low_fps:
        return Category.LOW_FPS
    return None


_Rank = tuple[bool, int, tuple[Decimal, ...]]


def _rank(stream: SortableStream, rules: SortRules, criteria: Sequence[Criterion], *, push_down: bool) -> _Rank:
    """The better a stream, the smaller."""
    category = category_of(stream, rules) if push_down else None
    rank = rules.categories.index(category) if category in rules.categories else len(rules.categories)
    values = tuple(-_value(stream, criterion, rules) for criterion in criteria)
    return category is not None, rank if category else 0, values


def _value(stream: SortableStream, criterion: Criterion, rules: SortRules) -> Decimal:
    if criterion is Criterion.M3U_PRIORITY:
        return Decimal(rules.weights.get(stream.account_id or 0, 0))
    facts = stream.facts
    if facts is None:
        return Decimal(0)
    if criterion is Criterion.RESOLUTION:
        found = re.fullmatch(r"\s*\d{1,6}\s*[xX×]\s*(\d{1,6})\s*", facts.resolution)
        return Decimal(found[1]) if found else Decimal(0)
    if criterion is Criterion.BITRATE:
        return _number(facts.video_bitrate) or _number(facts.bitrate)
    if criterion is Criterion.FRAMERATE:
        return _number(facts.fps)
    if criterion is Criterion.VIDEO_CODEC:
        return Decimal(_codec_rank(facts.video_codec))
    return _number(facts.audio_channels)


_CODECS = (("av1", 5), ("av01", 5), ("hevc", 4), ("h265", 4), ("vp9", 3), ("h264", 2), ("avc", 2), ("vp8", 1))


def _codec_rank(name: str) -> int:
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return next((rank for codec, rank in _CODECS if plain.startswith(codec)), 0)


def _number(value: int | str | None) -> Decimal:
    """The number that was found; what cannot be read counts as 0. Frame rates may be fractions ("30000/1001")."""
    text = str(value if value is not None else "").strip()
    above, _, below = text.partition("/")
    try:
        number = Decimal(above) / Decimal(below) if below else Decimal(text)
    except (InvalidOperation, ZeroDivisionError):
        return Decimal(0)
    return number if number.is_finite() and number > 0 else Decimal(0)
