"""Reorders channels inside a group and moves them between groups, with the numbers that follow (10 §8.4, §8.5)."""

import logging
from dataclasses import dataclass, field
from decimal import Decimal

from channels_app.channel_fields import clean_number
from channels_app.chunks import chunked
from channels_app.commands import FieldValue, MoveChannels, ReorderChannels
from channels_app.errors import EditRefused, NotThere
from channels_app.models import Channel, ChannelGroup
from channels_app.number_changes import (
    SharedNumber,
    duplicate_warnings,
    number_changes,
    renames_with_numbers,
    shared_numbers,
    with_number,
)
from channels_app.numbering import (
    MovePlan,
    NewNumbers,
    Row,
    by_number,
    close_gaps,
    has_gaps,
    in_number_order,
    move_into_group,
    natural_key,
    reorder_within_group,
    suggest_start_in_group,
)
from channels_app.outcomes import Outcome
from channels_app.write_changes import ChannelChange, change_of, write_changes
from ecm_site.wording import counted, shortened
from tasks_app import journal

logger = logging.getLogger(__name__)


def reorder_channels(command: ReorderChannels, *, batch_id: str = "") -> Outcome:
    """Put channels elsewhere in their group; numbers follow as 10 §8.4 says. One batch.

    Raises :class:`EditRefused` when a channel or the target row is no longer in the group.
    """
    own_batch = not batch_id
    batch_id = batch_id or journal.new_batch_id()
    try:
        numbers = reorder_within_group(rows_of_group(command.group_id), command.channel_ids, command.before_id)
    except ValueError as error:
        raise EditRefused(str(error)) from None
    outcome = _write_numbers(numbers, f"Reordered {counted(len(command.channel_ids), 'channel')}.", batch_id)
    if own_batch:
        _summarise(outcome)
    return outcome


def rows_of_group(group_id: int | None) -> list[Row]:
    """Ids and numbers of a group in the order of the pane (10 §4)."""
    rows = Channel.objects.filter(group_id=group_id).order_by("number", "name", "pk").values_list("pk", "number")
    return by_number(list(rows))


def channel_behind(group_id: int | None, channel_id: int) -> int | None:
    """The channel that follows in the group's order, None at its end. A list not fully loaded knows only its last row."""
    ids = [row_id for row_id, _ in rows_of_group(group_id)]
    place = ids.index(channel_id) + 1 if channel_id in ids else len(ids)
    return ids[place] if place < len(ids) else None


@dataclass
class PlannedMove:
    """What a move would do, for its dialog. ``numbers`` holds every number that would change, by channel."""

    channels: list[Channel]
    target: ChannelGroup | None
    numbers: NewNumbers = field(default_factory=dict)
    shifted: NewNumbers = field(default_factory=dict)
    closed: NewNumbers = field(default_factory=dict)
    duplicates: list[SharedNumber] = field(default_factory=list)


def number_behind(group_id: int | None, channel_id: int) -> Decimal | None:
    """The number of the place behind a channel: that of the channel that follows it, else one more than its own."""
    following = channel_behind(group_id, channel_id)
    numbers = dict(rows_of_group(group_id))
    if following is not None:
        return numbers[following]
    own = numbers.get(channel_id)
    return None if own is None else suggest_start_in_group([own])


def suggested_start(group_id: int | None) -> Decimal | None:
    """Start for channels dropped on a group's header: behind its highest number; None when it has no numbers (§8.5)."""
    numbers = [number for _, number in rows_of_group(group_id) if number is not None]
    return suggest_start_in_group(numbers) if numbers else None


def source_groups(channel_ids: tuple[int, ...]) -> set[int | None]:
    """The groups that these channels are in now; None = Uncategorized."""
    return set(_group_ids(channel_ids))


def source_has_gaps_after(channel_ids: tuple[int, ...], target_id: int | None) -> bool:
    """True when taking these channels away leaves holes and they come from one group: then closing them is offered.

    Not for a selection over several groups, even when all but one of them are the target (10 §6).
    """
    sources = source_groups(channel_ids)
    if len(sources) != 1 or target_id in sources:
        return False
    moving = set(channel_ids)
    return has_gaps([row for row in rows_of_group(sources.pop()) if row[0] not in moving])


def plan_move(command: MoveChannels) -> PlannedMove:
    """Work out a move without doing it. Raises :class:`EditRefused` for a bad start, :class:`NotThere` for a lost group."""
    channels = _channels_to_move(command)
    planned = PlannedMove(channels, _target(command.group_id))
    if command.numbers != "keep":
        plan = _numbers_in_target(command, [channel.pk for channel in channels])
        planned.numbers, planned.shifted = plan.moved, plan.shifted
    if command.close_gaps:
        planned.closed = _closed_source(command)
    kept = {channel.pk: channel.number for channel in channels} if command.numbers == "keep" else {}
    planned.duplicates = shared_numbers({**planned.closed, **planned.shifted, **planned.numbers, **kept})
    return planned


def move_channels(command: MoveChannels, *, batch_id: str = "") -> Outcome:
    """Move channels into a group; channels that are there already are left out (10 §6, §8.5). One batch.

    Raises :class:`EditRefused` or :class:`NotThere`.
    """
    own_batch = not batch_id
    batch_id = batch_id or journal.new_batch_id()
    planned = plan_move(command)
    name = shortened(planned.target.name) if planned.target else "Uncategorized"
    if not planned.channels:
        return Outcome(f"These channels are in {name} already.", batch_id)
    rename = renames_with_numbers()
    changes = number_changes({**planned.shifted, **planned.closed}, rename=rename)
    for channel in planned.channels:
        values: dict[str, FieldValue] = {"group_id": command.group_id}
        if channel.pk in planned.numbers:
            values |= with_number(channel, planned.numbers[channel.pk], rename=rename)
        change = change_of(channel, values)
        if change:
            changes.append(change)
    outcome = _written(changes, "move", batch_id)
    moved = len(planned.channels)
    what = f"“{shortened(planned.channels[0].name)}”" if moved == 1 else counted(moved, "channel")
    outcome.message = f"Moved {what} to {name}."
    outcome.warnings += duplicate_warnings(planned.duplicates)
    if own_batch:
        _summarise(outcome)
    logger.info("[CHANNELS] Moved %s channels to group id=%s batch=%s", moved, command.group_id, batch_id)
    return outcome


def by_current_number(channel_ids: tuple[int, ...]) -> tuple[int, ...]:
    """Ids by number, those without one last: the order of a drag (10 §8.5). Channels that are gone are left out."""
    numbers: dict[int, Decimal | None] = {}
    for portion in chunked(channel_ids):
        numbers.update(Channel.objects.filter(pk__in=portion).values_list("pk", "number"))
    return tuple(in_number_order([(pk, numbers[pk]) for pk in channel_ids if pk in numbers]))


def by_natural_name(channel_ids: tuple[int, ...]) -> tuple[int, ...]:
    """Ids in natural order of their names: the order of a move from a menu (10 §8.5)."""
    names: dict[int, str] = {}
    for portion in chunked(channel_ids):
        names.update(Channel.objects.filter(pk__in=portion).values_list("pk", "name"))
    return tuple(sorted(names, key=lambda pk: (natural_key(names[pk]), names[pk], pk)))


def _write_numbers(numbers: NewNumbers, message: str, batch_id: str) -> Outcome:
    if not numbers:
        return Outcome("Nothing has changed.", batch_id)
    duplicates = shared_numbers(dict(numbers))
    outcome = _written(number_changes(numbers), "reorder", batch_id)
    outcome.message = message
    outcome.warnings += duplicate_warnings(duplicates)
    return outcome


def _summarise(outcome: Outcome) -> None:
    if outcome.channel_ids:
        journal.log_summary("channel", outcome.batch_id, outcome.message, after={"channels": len(outcome.channel_ids)})


def _written(changes: list[ChannelChange], action_type: str, batch_id: str) -> Outcome:
    written = write_changes(changes, action_type=action_type, batch_id=batch_id)
    outcome = Outcome("", batch_id, channel_ids=written.changed)
    outcome.note(written.entries)
    if written.passed_over:
        count = counted(len(written.passed_over), "channel")
        outcome.warnings.append(f"{count} changed at the same time and stayed as they are.")
    return outcome


def _channels_to_move(command: MoveChannels) -> list[Channel]:
    found: dict[int, Channel] = {}
    for portion in chunked(command.channel_ids):
        found.update(Channel.objects.in_bulk(portion))
    if not found:
        raise NotThere("These channels no longer exist. Reload the page.")
    order = [pk for pk in dict.fromkeys(command.channel_ids) if pk in found]
    return [found[pk] for pk in order if found[pk].group_id != command.group_id]


def _target(group_id: int | None) -> ChannelGroup | None:
    if group_id is None:
        return None
    group = ChannelGroup.objects.filter(pk=group_id).first()
    if group is None:
        raise NotThere({"group_id": "This group no longer exists. Choose another one."})
    return group


def _numbers_in_target(command: MoveChannels, moved_ids: list[int]) -> MovePlan:
    try:
        start = clean_number(command.start)
        if start is None or start < 1:
            raise EditRefused({"start": "Give a starting number of at least 1."})
        return move_into_group(rows_of_group(command.group_id), moved_ids, start)
    except ValueError as error:
        raise EditRefused({"start": str(error)}) from None


def _closed_source(command: MoveChannels) -> NewNumbers:
    sources = source_groups(command.channel_ids)
    if len(sources) != 1 or command.group_id in sources:
        return {}
    moving = set(command.channel_ids)
    return close_gaps([row for row in rows_of_group(sources.pop()) if row[0] not in moving])


def _group_ids(channel_ids: tuple[int, ...]) -> list[int | None]:
    found: list[int | None] = []
    for portion in chunked(channel_ids):
        found += Channel.objects.filter(pk__in=portion).values_list("group_id", flat=True).distinct()
    return found
