"""Old → new for the dialogs that give out numbers (10 §8): the first rows, or all of them on request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from heapq import nsmallest
from operator import itemgetter

from django.http import QueryDict

from channels_app.channel_fields import clean_number
from channels_app.chunks import chunked
from channels_app.errors import EditRefused
from channels_app.models import Channel
from channels_app.number_changes import SharedNumber, duplicate_warnings, number_changes
from channels_app.numbering import format_number
from channels_app.write_changes import ChannelChange

FIRST_ROWS = 5
MOST_ROWS = 5000  # of a full list; a page with more is of no use to anybody


@dataclass(frozen=True)
class ChangedRow:
    name: str
    old: str
    new: str
    new_name: str = ""


@dataclass
class NumberPreview:
    """What a dialog shows of its changes. ``total`` counts all of them, ``more`` those that are not among ``rows``."""

    rows: list[ChangedRow] = field(default_factory=list)
    total: int = 0
    is_full: bool = False
    warnings: list[str] = field(default_factory=list)

    @property
    def more(self) -> int:
        return self.total - len(self.rows)


def wants_full_list(values: QueryDict) -> bool:
    return values.get("full") == "1"


def preview_of_numbers(
    numbers: Mapping[int, Decimal],
    duplicates: Sequence[SharedNumber] = (),
    *,
    rename: bool | None = None,
    full: bool = False,
    first: int = FIRST_ROWS,
) -> NumberPreview:
    """A preview of ``numbers`` (only those that change), in the new order. Reads no more channels than it shows."""
    shown = dict(nsmallest(MOST_ROWS if full else first, numbers.items(), key=itemgetter(1)))
    preview = preview_of_changes(number_changes(shown, rename=rename), duplicates, full=full, first=first)
    preview.total = len(numbers)
    return preview


def preview_of_changes(
    changes: Sequence[ChannelChange],
    duplicates: Sequence[SharedNumber] = (),
    *,
    full: bool = False,
    first: int = FIRST_ROWS,
) -> NumberPreview:
    """A preview of changes that are planned already, in the new order; those that touch no number are not shown."""
    numbered = sorted((change for change in changes if "number" in change.after), key=_new_place)
    shown = numbered[: MOST_ROWS if full else first]
    names: dict[int, str] = {}
    for portion in chunked([change.channel_id for change in shown]):
        names.update(Channel.objects.filter(pk__in=portion).values_list("pk", "name"))
    rows = [
        ChangedRow(
            names.get(change.channel_id, ""),
            _text(change.before.get("number")),
            _text(change.after["number"]),
            str(change.after["name"]) if "name" in change.after else "",
        )
        for change in shown
    ]
    return NumberPreview(rows, len(numbered), full, duplicate_warnings(list(duplicates)))


def typed_number(text: str) -> Decimal | None:
    """What was typed as a Decimal; None for anything else, which the use case then refuses in words."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def read_start(text: str, name: str = "start") -> Decimal | None:
    """A typed number; None when nothing was typed. Raises :class:`EditRefused` beside ``name`` for anything else."""
    try:
        return clean_number(text)
    except ValueError as error:
        raise EditRefused({name: str(error)}) from None


def _new_place(change: ChannelChange) -> tuple[bool, Decimal]:
    number = change.after["number"]
    return (False, number) if isinstance(number, Decimal) else (True, Decimal(0))  # those without a number last (10 §4)


def _text(value: object) -> str:
    return format_number(value) if isinstance(value, Decimal) else "–"
