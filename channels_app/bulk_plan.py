"""The plan of a bulk creation: exactly what will be written, as plain values. The preview shows it, the use case does it."""

import hashlib
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from channels_app.bulk_existing import LineupMark
from channels_app.bulk_options import BulkOptions
from channels_app.naming import CountryChoice
from channels_app.numbering import LineupRow, NumberBlock, format_range


class LeftOut(StrEnum):
    """Why a selected stream ends on no new place."""

    TIMEZONE = "timezone"  # another regional feed is preferred
    ALREADY = "already"  # it is on a channel
    SKIPPED = "skipped"  # its channel exists and the operator wants no change there
    TOO_MANY = "too_many"  # a channel holds only so many streams
    VANISHED = "vanished"  # the provider dropped it since it was selected


@dataclass(frozen=True, slots=True)
class NewChannel:
    """``section`` is the place of its section in the plan. ``note`` is "" or why the name is not what was asked for."""

    name: str
    number: Decimal | None
    section: int
    stream_ids: tuple[int, ...]
    logo_url: str = ""
    tvg_id: str = ""
    gracenote_id: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Addition:
    """Streams that join a channel of the lineup, at its end."""

    channel_id: int
    channel_name: str
    number: Decimal | None
    stream_ids: tuple[int, ...]


@dataclass
class PlannedSection:
    """One provider group in separate mode, or everything in combine mode. ``group_id`` None with a name = will be made."""

    key: int
    name: str
    stream_count: int
    group_name: str
    group_id: int | None
    own_start: Decimal | None = None
    channel_count: int = 0
    numbers: NumberBlock | None = None
    conflicts: int = 0
    """Existing channels in its range of numbers."""

    @property
    def is_new_group(self) -> bool:
        return bool(self.group_name) and self.group_id is None

    @property
    def range(self) -> str:
        return format_range([self.numbers.start, self.numbers.end]) if self.numbers and self.numbers.count else ""


@dataclass
class Plan:
    """What a bulk creation will do.

    ``problems`` (form field → sentence) keep it from being done; "conflict" among them means that the operator must
    choose. ``pushed``: new numbers of existing channels. ``left_out`` names every selected stream that is not used.
    """

    options: BulkOptions
    sections: list[PlannedSection]
    stream_count: int
    mark: LineupMark
    channels: list[NewChannel] = field(default_factory=list)
    additions: list[Addition] = field(default_factory=list)
    left_out: dict[LeftOut, list[int]] = field(default_factory=dict)
    stale: int = 0
    conflicts: list[LineupRow] = field(default_factory=list)
    pushed: dict[int, Decimal] = field(default_factory=dict)
    suggested_start: Decimal = Decimal(1)
    problems: dict[str, str] = field(default_factory=dict)
    has_variants: bool = False
    countries: tuple[str, ...] = ()
    normalized: dict[str, str] = field(default_factory=dict)
    """Names of streams that normalizing makes something else of: before → after (10 §10.2)."""

    @property
    def size(self) -> int:
        """Channels that are written, new and existing ones."""
        return len(self.channels) + len(self.additions) + len(self.pushed)

    @property
    def merged(self) -> int:
        """Streams that became the second, third … of a new channel instead of a channel of their own."""
        return self.streams_used - len(self.channels)

    @property
    def streams_used(self) -> int:
        return sum(len(channel.stream_ids) for channel in self.channels)

    @property
    def streams_added(self) -> int:
        return sum(len(addition.stream_ids) for addition in self.additions)

    @property
    def new_groups(self) -> list[str]:
        """Names of groups that will be made, each once; only those that get a channel."""
        names = {section.group_name.casefold(): section.group_name for section in self.sections if self._needs_group(section)}
        return list(names.values())

    @property
    def offers_country(self) -> bool:
        return bool(self.countries) or self.options.country is not CountryChoice.LEAVE

    @property
    def is_empty(self) -> bool:
        return not self.channels and not self.additions

    @cached_property
    def fingerprint(self) -> str:
        """Equal for plans that write the same. Travels with the confirmation and is compared before anything is written."""
        digest = hashlib.sha256()
        for section in self.sections:
            digest.update(repr((section.group_name, section.group_id)).encode())
        for channel in self.channels:
            values = (channel.name, str(channel.number), channel.section, channel.stream_ids)
            digest.update(repr((*values, channel.logo_url, channel.tvg_id, channel.gracenote_id)).encode("utf-8", "replace"))
        for addition in self.additions:
            digest.update(repr((addition.channel_id, addition.stream_ids)).encode())
        for channel_id, number in sorted(self.pushed.items()):
            digest.update(repr((channel_id, str(number))).encode())
        digest.update(repr(sorted(self.options.profile_ids)).encode())
        return digest.hexdigest()[:32]

    def _needs_group(self, section: PlannedSection) -> bool:
        return section.is_new_group and section.channel_count > 0
