"""Numbers a selection of channels from a start, pushing others out of the way (10 §8.8)."""

import logging
from dataclasses import dataclass, field
from decimal import Decimal

from channels_app.channel_fields import clean_number
from channels_app.chunks import chunked
from channels_app.commands import RenumberChannels
from channels_app.errors import EditRefused, NotThere
from channels_app.models import Channel
from channels_app.number_changes import SharedNumber, duplicate_warnings, number_changes, shared_numbers
from channels_app.numbering import NewNumbers, Row, in_number_order, number_steps, renumber_selection
from channels_app.outcomes import Outcome
from channels_app.write_changes import ChannelChange, write_changes
from ecm_site.wording import counted
from tasks_app import journal

logger = logging.getLogger(__name__)


@dataclass
class PlannedRenumbering:
    """``numbers`` of the ``selected`` and of those that are pushed. ``in_the_way`` are other channels inside the new range;
    ``changes`` is everything that would be written."""

    numbers: NewNumbers
    selected: list[int]
    in_the_way: list[int]
    changes: list[ChannelChange]
    duplicates: list[SharedNumber] = field(default_factory=list)


def default_start(channel_ids: tuple[int, ...]) -> Decimal:
    """The lowest number of the selection, else 1."""
    numbers = [number for _, number in _rows(channel_ids) if number is not None]
    return min(numbers, default=Decimal(1))


def plan_renumbering(command: RenumberChannels) -> PlannedRenumbering:
    """Work out new numbers without storing them. Raises :class:`EditRefused` for a start below 1 or letters."""
    try:
        start = clean_number(command.start)
        if start is None or start < 1:
            raise EditRefused({"start": "Give a starting number of at least 1."})
        selected = in_number_order(_rows(command.channel_ids))
        numbers = number_steps(start, len(selected))
    except ValueError as error:
        raise EditRefused({"start": str(error)}) from None
    if not selected:
        raise NotThere("These channels no longer exist. Reload the page.")
    others = _others_from(start, set(selected))
    in_the_way = [pk for pk, number in others if number is not None and number <= numbers[-1]]
    wanted = dict(zip(selected, numbers, strict=True))
    if command.push_others and in_the_way:
        wanted, pushed = renumber_selection(selected, start, others)
        wanted = {**pushed, **wanted}
    return PlannedRenumbering(
        wanted,
        selected,
        in_the_way,
        number_changes(wanted, rename=command.update_names),
        shared_numbers(dict(wanted)),
    )


def renumber_channels(command: RenumberChannels, *, batch_id: str = "") -> Outcome:
    """Store the numbers of :func:`plan_renumbering`. One batch, one journal entry per channel (10 §8.2)."""
    own_batch = not batch_id
    batch_id = batch_id or journal.new_batch_id()
    planned = plan_renumbering(command)
    if not planned.changes:
        return Outcome("These channels have these numbers already.", batch_id)
    written = write_changes(planned.changes, action_type="reorder", batch_id=batch_id)
    outcome = Outcome(f"Renumbered {counted(len(written.changed), 'channel')}.", batch_id, channel_ids=written.changed)
    outcome.note(written.entries)
    if written.passed_over:
        outcome.warnings.append(
            f"{counted(len(written.passed_over), 'channel')} changed at the same time and stayed as they are."
        )
    outcome.warnings += duplicate_warnings(planned.duplicates)
    if own_batch:
        journal.log_summary("channel", batch_id, outcome.message, after={"channels": len(written.changed)})
    logger.info("[CHANNELS] Renumbered %s channels batch=%s", len(written.changed), batch_id)
    return outcome


def _rows(channel_ids: tuple[int, ...]) -> list[Row]:
    rows: dict[int, Decimal | None] = {}
    for portion in chunked(channel_ids):
        rows.update(Channel.objects.filter(pk__in=portion).values_list("pk", "number"))
    return [(pk, rows[pk]) for pk in dict.fromkeys(channel_ids) if pk in rows]


def _others_from(start: Decimal, selected: set[int]) -> list[Row]:
    rows = Channel.objects.filter(number__gte=start).order_by("number", "name", "pk").values_list("pk", "number")
    return [(pk, number) for pk, number in rows if pk not in selected]
