"""From planned numbers to changes of channels: names that hold the number follow, duplicates are reported (10 §8.1, §8.10)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from channels_app.chunks import chunked
from channels_app.models import Channel
from channels_app.numbering import auto_rename, format_number, plain
from channels_app.write_changes import ChannelChange, Values, change_of
from ecm_site.conf import get_settings
from ecm_site.wording import shortened

_SHOWN_NAMES = 3


@dataclass(frozen=True)
class SharedNumber:
    """A number that several channels have (or would have)."""

    number: str
    channel_ids: tuple[int, ...]
    names: tuple[str, ...]

    def __str__(self) -> str:
        shown = ", ".join(f"“{shortened(name, 40)}”" for name in self.names[:_SHOWN_NAMES])
        more = len(self.names) - _SHOWN_NAMES
        return f"{self.number} is shared by {shown}{f' and {more} more' if more > 0 else ''}"


def with_number(channel: Channel, number: Decimal | None, *, rename: bool) -> Values:
    """The values that a new number brings: the number and, with ``rename``, the name that contains it."""
    values: Values = {"number": number}
    if rename:
        values["name"] = auto_rename(channel.name, channel.number, number)[:512]
    return values


def renames_with_numbers() -> bool:
    """The operator's choice for edits that do not ask (10 §8.1)."""
    return get_settings().auto_rename_channel_number


def number_changes(numbers: Mapping[int, Decimal], *, rename: bool | None = None) -> list[ChannelChange]:
    """Changes for ``numbers`` (channel id → new number), in that order. Channels that are gone are left out."""
    rename = renames_with_numbers() if rename is None else rename
    ids = list(numbers)
    changes: list[ChannelChange] = []
    for portion in chunked(ids):
        channels = Channel.objects.in_bulk(portion)
        for channel_id in portion:
            channel = channels.get(channel_id)
            change = channel and change_of(channel, with_number(channel, numbers[channel_id], rename=rename))
            if change:
                changes.append(change)
    return changes


def shared_numbers(
    numbers: Mapping[int, Decimal | None], *, without: Collection[int] = (), new_names: Mapping[int, str] | None = None
) -> list[SharedNumber]:
    """Duplicates, lineup-wide, if ``numbers`` (channel id → number) were given out; ``without`` are about to be deleted.

    Use a negative id for a channel that does not exist yet; ``new_names`` says how those are called. Two queries for every
    500 numbers.
    """
    wanted: dict[Decimal, list[int]] = {}
    for channel_id, number in numbers.items():
        if number is not None:
            wanted.setdefault(plain(number), []).append(channel_id)
    holders: dict[Decimal, list[tuple[int, str]]] = {}
    for portion in chunked(list(wanted)):
        rows = Channel.objects.filter(number__in=portion).values_list("number", "pk", "name")
        for number, channel_id, name in rows.order_by("number", "name"):
            if number is not None and channel_id not in numbers and channel_id not in without:
                holders.setdefault(plain(number), []).append((channel_id, name))
    clashing = {number: ids for number, ids in wanted.items() if len(ids) > 1 or number in holders}
    names = {**(new_names or {}), **channel_names(channel_id for ids in clashing.values() for channel_id in ids)}
    return [
        SharedNumber(
            format_number(number),
            (*(channel_id for channel_id, _ in holders.get(number, [])), *clashing[number]),
            (*(name for _, name in holders.get(number, [])), *(names.get(i, "new channel") for i in clashing[number])),
        )
        for number in sorted(clashing)
    ]


def duplicate_warnings(shared: list[SharedNumber], longest: int = 3) -> list[str]:
    """Sentences for the operator about shared numbers, at most ``longest`` of them and one that counts the rest."""
    sentences = [f"{item}." for item in shared[:longest]]
    rest = len(shared) - longest
    return sentences + ([f"{rest} more numbers are used twice."] if rest > 0 else [])


def channel_names(channel_ids: Iterable[int]) -> dict[int, str]:
    """Names by id; one query for every 500. Negative ids are channels that do not exist yet and have none here."""
    ids = [channel_id for channel_id in channel_ids if channel_id > 0]
    found: dict[int, str] = {}
    for portion in chunked(ids):
        found.update(Channel.objects.filter(pk__in=portion).values_list("pk", "name"))
    return found
