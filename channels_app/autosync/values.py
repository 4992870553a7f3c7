"""What a sync starts from and what it means to do, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from channels_app.autosync.choose_streams import Chosen, SyncStream
from channels_app.autosync.settings import SyncSettings
from channels_app.commands import FieldValue
from channels_app.models import LeftoverChoice
from channels_app.write_changes import ChannelChange

MOST_DETAILS = 1000  # failures that are kept one by one (20 §4.3)


class Reason(StrEnum):
    """Why a stream got no channel, or a channel no number."""

    RANGE_EXHAUSTED = "RANGE_EXHAUSTED"
    INTEGRITY_ERROR = "INTEGRITY_ERROR"
    OTHER = "OTHER"


REASONS_IN_WORDS = {
    Reason.RANGE_EXHAUSTED: "no free number was left in the range",
    Reason.INTEGRITY_ERROR: "the database refused it",
    Reason.OTHER: "something else changed at the same time",
}


@dataclass(frozen=True)
class Failure:
    reason: Reason
    name: str
    group: str = ""


@dataclass(frozen=True)
class SyncGroup:
    """One provider group that is kept in step. ``target_id`` is the channel group; negative for one still to be made."""

    id: int
    name: str
    settings: SyncSettings
    target_id: int
    logo_url: str = ""
    """The address of the logo that was chosen for all channels; empty = each stream's own."""
    joins: tuple[int, ...] = ()
    """Channel profiles of new channels. Channels that exist are brought in line only where profiles were chosen."""
    missing: tuple[str, ...] = ()
    """What was chosen and no longer exists, in words."""

    @property
    def exactly(self) -> frozenset[int] | None:
        """The channel profiles that channels are in and no others, or None when nothing was chosen (step 8)."""
        return None if self.settings.profile_ids is None else frozenset(self.joins)


@dataclass(frozen=True)
class ChannelNow:
    """A channel that auto-sync made for the account, as it is now. ``streams`` are those that the provider still has."""

    id: int
    values: Mapping[str, FieldValue]
    streams: tuple["LinkedStream", ...] = ()
    has_account_stream: bool = False
    """Also true while its only stream of the account is one that the provider dropped a while ago."""
    is_hidden: bool = False
    pinned: frozenset[str] = frozenset()
    synced_stream: int | None = None
    synced_group: int | None = None
    profile_ids: frozenset[int] = frozenset()
    """Channel profiles in which it is enabled; read only where a group's settings name profiles."""

    @property
    def name(self) -> str:
        return str(self.values["name"])

    @property
    def number(self) -> Decimal | None:
        number = self.values["number"]
        return number if isinstance(number, Decimal) else None

    @property
    def keeps_number(self) -> bool:
        return self.is_hidden or "number" in self.pinned


@dataclass(frozen=True)
class LinkedStream:
    """A stream of a channel that the last refresh of its account contained."""

    id: int
    group_id: int | None


@dataclass(frozen=True)
class Situation:
    """Everything a plan depends on."""

    groups: list[SyncGroup]
    streams: Mapping[int, list[SyncStream]]
    """By provider group."""
    channels: list[ChannelNow]
    other_numbers: frozenset[Decimal]
    """Numbers of all channels that are not among ``channels``."""
    guide: Mapping[int | None, Mapping[str, int]] = field(default_factory=dict)
    """Guide entry by TVG-ID, for each guide source that a group names and, under None, for all of them."""
    leftovers: LeftoverChoice = LeftoverChoice.ALWAYS
    new_targets: Mapping[int, str] = field(default_factory=dict)
    """Names of channel groups to be made, under the negative ids that stand for them."""


@dataclass(frozen=True)
class NewChannel:
    stream_id: int
    group_id: int
    """The provider's group."""
    values: Mapping[str, FieldValue]
    profile_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class MembershipChange:
    """Channel profiles that a channel is enabled and disabled in (step 8)."""

    channel_id: int
    enable: frozenset[int]
    disable: frozenset[int]


@dataclass
class GroupPlan:
    """What a sync means to do for one provider group."""

    group: SyncGroup
    chosen: Chosen
    creates: list[NewChannel] = field(default_factory=list)
    changes: list[ChannelChange] = field(default_factory=list)
    memberships: list[MembershipChange] = field(default_factory=list)
    deletes: list[int] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    unchanged: int = 0
    skipped: list[Decimal] = field(default_factory=list)
    """Numbers that channels of this group would have got if channels outside of it did not have them. Only on request."""

    @property
    def is_empty(self) -> bool:
        return not (self.creates or self.changes or self.memberships or self.deletes)

    @property
    def changed_ids(self) -> list[int]:
        """Channels of which a field or a profile changes, each once."""
        ids = [item.channel_id for item in self.changes] + [item.channel_id for item in self.memberships]
        return list(dict.fromkeys(ids))


@dataclass
class SyncPlan:
    """What a sync of an account means to do. ``owners``: provenance of channels (stream, group) that is new."""

    groups: list[GroupPlan] = field(default_factory=list)
    leftovers: list[int] = field(default_factory=list)
    owners: dict[int, tuple[int, int]] = field(default_factory=dict)
    new_targets: dict[int, str] = field(default_factory=dict)

    @property
    def creates(self) -> list[NewChannel]:
        return [item for group in self.groups for item in group.creates]

    @property
    def changes(self) -> list[ChannelChange]:
        return [item for group in self.groups for item in group.changes]

    @property
    def memberships(self) -> list[MembershipChange]:
        return [item for group in self.groups for item in group.memberships]

    @property
    def deletes(self) -> list[int]:
        return [pk for group in self.groups for pk in group.deletes] + self.leftovers

    @property
    def failures(self) -> list[Failure]:
        return [item for group in self.groups for item in group.failures]

    @property
    def is_empty(self) -> bool:
        return not self.leftovers and all(group.is_empty for group in self.groups)
