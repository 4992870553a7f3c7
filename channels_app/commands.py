"""What can be done to the lineup, as plain values: a page or a command builds one and hands it to its use case.

They hold nothing but numbers, texts and tuples, so that a draft can store them and carry them out later (10 §13.2).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

FieldValue = str | int | bool | Decimal | None
NumberChoice = Literal["keep", "suggested", "custom"]


@dataclass(frozen=True)
class CreateChannel:
    """Values are checked like those of :class:`UpdateChannel`; ``fields`` takes the same keys, "name" is required.

    ``profile_ids``: the channel profiles that it joins, None = those for new channels (10 §17).
    """

    fields: Mapping[str, object]
    stream_ids: tuple[int, ...] = ()
    profile_ids: tuple[int, ...] | None = None


@dataclass(frozen=True)
class UpdateChannel:
    channel_id: int
    changes: Mapping[str, object]


@dataclass(frozen=True)
class DeleteChannels:
    """``move_up`` closes the gap: the numbers that follow without a gap in the same group move up (10 §7.3)."""

    channel_ids: tuple[int, ...]
    move_up: bool = False


@dataclass(frozen=True)
class CreateGroup:
    name: str


@dataclass(frozen=True)
class RenameGroup:
    group_id: int
    name: str


@dataclass(frozen=True)
class DeleteGroups:
    group_ids: tuple[int, ...]
    delete_channels: bool = False


@dataclass(frozen=True)
class PlaceGroups:
    """Put groups in front of another one, or at the end when ``before_id`` is None."""

    group_ids: tuple[int, ...]
    before_id: int | None = None


@dataclass(frozen=True)
class AddStreams:
    channel_id: int
    stream_ids: tuple[int, ...]


@dataclass(frozen=True)
class RemoveStreams:
    channel_id: int
    stream_ids: tuple[int, ...]


@dataclass(frozen=True)
class ReorderStreams:
    """``stream_ids`` is the whole list of the channel in its new order."""

    channel_id: int
    stream_ids: tuple[int, ...]


@dataclass(frozen=True)
class ReplaceStream:
    """Put another stream where ``stream_id`` is, or, if it has left the channel already, at ``position`` (from 1)."""

    channel_id: int
    stream_id: int
    new_stream_id: int
    position: int = 0


@dataclass(frozen=True)
class ReorderChannels:
    """Put channels in front of another one of the same group, or at its end when ``before_id`` is None (10 §8.4)."""

    group_id: int | None
    channel_ids: tuple[int, ...]
    before_id: int | None = None


@dataclass(frozen=True)
class MoveChannels:
    """Move channels, in this order, into a group (None = Uncategorized), numbered as chosen (10 §8.5).

    ``start`` is needed for "suggested" and "custom". ``close_gaps`` numbers what stays in the source group anew.
    """

    channel_ids: tuple[int, ...]
    group_id: int | None
    numbers: NumberChoice = "keep"
    start: Decimal | None = None
    close_gaps: bool = False


@dataclass(frozen=True)
class RenumberChannels:
    """Number channels from ``start`` in their current number order; others in that range are pushed behind it (10 §8.8)."""

    channel_ids: tuple[int, ...]
    start: Decimal
    push_others: bool = True
    update_names: bool = True


@dataclass(frozen=True)
class AssignNumbers:
    """Number channels in this very order from ``start``, or from behind the highest number when None (10 §8.2)."""

    channel_ids: tuple[int, ...]
    start: Decimal | None = None


@dataclass(frozen=True)
class ReorderGroups:
    """Put groups in front of another one, or last, and number their channels as chosen (10 §8.6).

    ``start`` is needed for "custom"; "suggested" continues behind the group in front.
    """

    group_ids: tuple[int, ...]
    before_id: int | None = None
    numbers: NumberChoice = "keep"
    start: Decimal | None = None


@dataclass(frozen=True)
class SortGroup:
    """Number one group (None = Uncategorized) in natural name order from ``start`` (10 §8.7)."""

    group_id: int | None
    start: Decimal | None
    ignore_numbers: bool = True
    ignore_country: bool = False
    update_names: bool = True


@dataclass(frozen=True)
class RenumberAll:
    """Number the whole lineup, group after group (10 §8.9). ``group_starts``: own starts by group id (0 = Uncategorized)."""

    start: Decimal | None = Decimal(1)
    group_starts: Mapping[int, Decimal] = field(default_factory=dict)
    update_names: bool = True
