"""What an operator chose for one provider group (20 §4.2), read from and merged into what is stored with the group."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from channels_app.numbering import LARGEST, ONE, format_number, parse_number
from ecm_site.regex import Pattern, PatternRefused, Replacement, compile_pattern, compile_replacement
from m3u_app.models import StreamGroup

T = TypeVar("T", bound=StrEnum)


class Numbering(StrEnum):
    FIXED = "fixed"
    PROVIDER = "provider"
    NEXT_AVAILABLE = "next_available"


class SortOrder(StrEnum):
    PROVIDER = "provider"
    NAME = "name"
    TVG_ID = "tvg_id"
    UPDATED_AT = "updated_at"


@dataclass(frozen=True)
class SyncSettings:
    """The settings of one group. Patterns are texts; an empty one means there is none."""

    start: Decimal | None = None
    end: Decimal | None = None
    numbering: Numbering = Numbering.FIXED
    fallback: Decimal = ONE
    compact: bool = False
    include: str = ""
    exclude: str = ""
    rename_pattern: str = ""
    rename_to: str = ""
    sort_order: SortOrder = SortOrder.PROVIDER
    sort_reverse: bool = False
    group_id: int | None = None
    """Channel group that takes the channels; None = one called like the provider's group."""
    guide_source_id: int | None = None
    no_guide: bool = False
    logo_id: int | None = None
    """A logo of the library for all channels; None = each stream's own."""
    stream_profile_id: int | None = None
    """None = auto-sync leaves stream profiles alone."""
    profile_ids: tuple[int, ...] | None = None
    """The channel profiles that channels are in, and no others; () = in none. None = nothing chosen: new channels join as
    new channels do, and what is there stays."""

    @property
    def first(self) -> Decimal:
        """The first number of a range without a start is 1 (20 §4.2)."""
        return ONE if self.start is None else self.start

    @property
    def last(self) -> Decimal | None:
        """The end of the range where the numbering has one; ``next_available`` ignores what is left over from ``fixed``."""
        return None if self.numbering is Numbering.NEXT_AVAILABLE else self.end


class SettingsRefused(ValueError):
    """Settings that cannot be used. ``problems``: a sentence per field of :class:`SyncSettings`."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__(" ".join(problems.values()))


_KEYS = {
    "numbering": "channel_numbering_mode",
    "fallback": "channel_numbering_fallback",
    "compact": "compact_numbering",
    "include": "name_match_regex",
    "exclude": "name_match_exclude_regex",
    "rename_pattern": "name_regex_pattern",
    "rename_to": "name_replace_pattern",
    "sort_order": "channel_sort_order",
    "sort_reverse": "channel_sort_reverse",
    "group_id": "group_override",
    "guide_source_id": "custom_epg_id",
    "no_guide": "force_dummy_epg",
    "logo_id": "custom_logo_id",
    "stream_profile_id": "stream_profile_id",
    "profile_ids": "channel_profile_ids",
}
"""Names under which the settings are stored (20 §4.2), by field."""

LABELS = {
    "numbering": "numbering",
    "fallback": "fallback number",
    "compact": "closing gaps",
    "include": "names to include",
    "exclude": "names to exclude",
    "rename_pattern": "what to replace in names",
    "rename_to": "replacement in names",
    "sort_order": "order",
    "sort_reverse": "reverse order",
    "group_id": "channel group",
    "guide_source_id": "guide source",
    "no_guide": "no guide",
    "logo_id": "logo",
    "stream_profile_id": "stream profile",
    "profile_ids": "channel profiles",
}
"""What the journal calls the settings of :data:`_KEYS`."""


def read_settings(group: StreamGroup) -> SyncSettings:
    """The settings of a stored group. A stored value that makes no sense counts as not set, never as an error."""
    stored = group.sync_settings if isinstance(group.sync_settings, dict) else {}
    values = {name: stored.get(key) for name, key in _KEYS.items()}
    return SyncSettings(
        start=group.auto_sync_channel_start,
        end=group.auto_sync_channel_end,
        numbering=_one_of(Numbering, values["numbering"], Numbering.FIXED),
        fallback=_number(values["fallback"]) or ONE,
        compact=values["compact"] is True,
        include=_text(values["include"]),
        exclude=_text(values["exclude"]),
        rename_pattern=_text(values["rename_pattern"]),
        rename_to=_text(values["rename_to"]),
        sort_order=_one_of(SortOrder, values["sort_order"], SortOrder.PROVIDER),
        sort_reverse=values["sort_reverse"] is True,
        group_id=_id(values["group_id"]),
        guide_source_id=_id(values["guide_source_id"]),
        no_guide=values["no_guide"] is True,
        logo_id=_id(values["logo_id"]) or None,
        stream_profile_id=_id(values["stream_profile_id"]) or None,
        profile_ids=_ids(values["profile_ids"]),
    )


def merged(settings: SyncSettings, stored: object) -> dict[str, Any]:
    """``stored`` with ``settings`` written over it: keys that we do not know survive, defaults are left out (20 §22 no. 8)."""
    result: dict[str, Any] = dict(stored) if isinstance(stored, dict) else {}
    nothing = SyncSettings()
    for name, key in _KEYS.items():
        value = getattr(settings, name)
        if value == getattr(nothing, name):
            result.pop(key, None)
        else:
            result[key] = _to_store(value)
    return result


def changed_options(before: object, after: object) -> list[str]:
    """What differs between two stored settings, in words; keys that we do not know are "other settings"."""
    sides = [dict(side) if isinstance(side, dict) else {} for side in (before, after)]
    keys = [key for key in {**sides[0], **sides[1]} if sides[0].get(key) != sides[1].get(key)]
    known = {key: name for name, key in _KEYS.items()}
    words = {LABELS[known[key]] if key in known else "other settings" for key in keys}
    return [word for word in (*LABELS.values(), "other settings") if word in words]


def check(settings: SyncSettings) -> None:
    """Raise :class:`SettingsRefused` naming every field that cannot be used."""
    problems: dict[str, str] = {}
    for name in ("start", "end", "fallback"):
        number = getattr(settings, name)
        if number is not None and number < ONE:
            problems[name] = "Use a number of at least 1."
        elif number is not None and number > LARGEST:
            problems[name] = f"Use a number of at most {format_number(LARGEST)}."
    if settings.end is not None and settings.end < settings.first and not problems:
        problems["end"] = f"The range begins at {format_number(settings.first)}: its end must not be lower."
    for name in ("include", "exclude", "rename_pattern"):
        sentence = pattern_problem(getattr(settings, name))
        if sentence:
            problems[name] = sentence
    if "rename_pattern" not in problems:
        sentence = replacement_problem(settings.rename_pattern, settings.rename_to)
        if sentence:
            problems["rename_to"] = sentence
    if problems:
        raise SettingsRefused(problems)


def pattern_problem(text: str) -> str:
    """Why a pattern cannot be used, or ""; an empty one is none."""
    try:
        compiled(text)
    except PatternRefused as refusal:
        return str(refusal)
    return ""


def replacement_problem(pattern: str, replacement: str) -> str:
    """Why a replacement does not go with its pattern, or ""."""
    if not pattern:
        return "Say first what to replace." if replacement else ""
    try:
        compile_replacement(replacement, compile_pattern(pattern))
    except PatternRefused as refusal:
        return str(refusal)
    return ""


def compiled(text: str) -> Pattern | None:
    """A pattern for names, where capitals do not matter (20 §4.2). Raises :class:`PatternRefused`."""
    return compile_pattern(text, ignore_case=True) if text else None


def compiled_rename(settings: SyncSettings) -> tuple[Pattern, Replacement] | None:
    """Pattern and replacement of the rename, or None. Capitals matter here. Raises :class:`PatternRefused`."""
    if not settings.rename_pattern:
        return None
    pattern = compile_pattern(settings.rename_pattern)
    return pattern, compile_replacement(settings.rename_to, pattern)


def _one_of(kind: type[T], value: object, default: T) -> T:
    try:
        return kind(str(value))
    except ValueError:
        return default


def _number(value: object) -> Decimal | None:
    try:
        return parse_number(str(value), minimum=ONE) if isinstance(value, str | int | float) else None
    except ValueError:
        return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _id(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _ids(value: object) -> tuple[int, ...] | None:
    """Ids as numbers or texts (20 §24 trap 24), each once. An empty list is none of them; 0 stands for all."""
    if not isinstance(value, list):
        return None
    found = [pk for pk in map(_id, value) if pk is not None]
    if 0 in found or (value and not found):
        return None
    return tuple(dict.fromkeys(found))


def _to_store(value: object) -> object:
    if isinstance(value, Decimal):
        return format_number(value)
    return list(value) if isinstance(value, tuple) else value
