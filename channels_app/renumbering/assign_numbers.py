"""Gives an ordered list of channels consecutive numbers: the building block of 10 §8.2."""

from decimal import Decimal

from django.db.models import Max

from channels_app.channel_fields import clean_number
from channels_app.chunks import chunked
from channels_app.commands import AssignNumbers
from channels_app.errors import EditRefused, NotThere
from channels_app.models import Channel
from channels_app.number_changes import number_changes, shared_numbers
from channels_app.numbering import next_free_start, number_steps
from channels_app.outcomes import Outcome
from channels_app.renumbering.store_numbers import store_numbers


def assign_numbers(command: AssignNumbers, *, rename: bool | None = None, batch_id: str = "") -> Outcome:
    """Number the channels start, start + 1, … in the order given; without a start behind the highest number (10 §8.2).

    Channels that are gone do not take a number. ``rename`` None = the setting. Raises :class:`EditRefused` for a bad start,
    :class:`NotThere` when none of the channels exists.
    """
    ids = _existing(command.channel_ids)
    if not ids:
        raise NotThere("These channels no longer exist. Reload the page.")
    try:
        start = clean_number(command.start)
        numbers = number_steps(_behind_all_but(ids) if start is None else start, len(ids))
    except ValueError as error:
        raise EditRefused({"start": str(error)}) from None
    wanted = dict(zip(ids, numbers, strict=True))
    return store_numbers(
        number_changes(wanted, rename=rename), shared_numbers(dict(wanted)), lambda what: f"Numbered {what}.", batch_id=batch_id
    )


def _existing(channel_ids: tuple[int, ...]) -> list[int]:
    found: set[int] = set()
    for portion in chunked(channel_ids):
        found.update(Channel.objects.filter(pk__in=portion).values_list("pk", flat=True))
    return [pk for pk in dict.fromkeys(channel_ids) if pk in found]


def _behind_all_but(ids: list[int]) -> Decimal:
    """The first free whole number behind every channel that is not numbered anew."""
    highest = Channel.objects.aggregate(highest=Max("number"))["highest"]
    if highest is not None and set(Channel.objects.filter(number=highest).values_list("pk", flat=True)) <= set(ids):
        mine = set(ids)
        rows = Channel.objects.filter(number__isnull=False).order_by("-number").values_list("pk", "number")
        highest = next((number for pk, number in rows.iterator() if pk not in mine), None)
    return next_free_start(highest)
