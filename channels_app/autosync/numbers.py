"""Which number a channel of a synchronised group gets (20 §4.3 step 4). Pure; the numbers in use are one set for all groups."""

import math
from decimal import Decimal

from channels_app.autosync.settings import Numbering, SyncSettings
from channels_app.numbering import LARGEST, ONE, plain


class Cursor:
    """Hands out the lowest free number from a start upward, up to an end."""

    def __init__(self, start: Decimal, end: Decimal | None) -> None:
        self.skipped: dict[Decimal, None] = {}
        self._at = plain(start)
        self._last = LARGEST if end is None else min(end, LARGEST)

    def take(self, taken: set[Decimal]) -> Decimal | None:
        """The next free number, which is taken from now on; None when the range is used up.

        Below the cursor nothing is free, so it never looks back and a run costs one step for each number.
        """
        number = self._at
        while number in taken and number <= self._last:
            self.skipped[number] = None
            number = Decimal(math.floor(number) + 1)  # from a fraction to the next whole number above
        self._at = number
        if number > self._last:
            return None
        taken.add(number)
        self._at = Decimal(math.ceil(number + 1))
        return number


class NumberPicker:
    """Numbers for the streams of one group, in their order."""

    def __init__(self, settings: SyncSettings, taken: set[Decimal]) -> None:
        self._taken = taken
        self._own = settings.numbering is Numbering.PROVIDER and not settings.compact
        start = settings.fallback if self._own else settings.first
        if settings.numbering is Numbering.NEXT_AVAILABLE:
            start = ONE
        self._cursor = Cursor(start, settings.last)
        self._refused: dict[Decimal, None] = {}
        self.given: set[Decimal] = set()

    @property
    def skipped(self) -> list[Decimal]:
        """Numbers that somebody would have got had they not been taken, each once."""
        return list(self._refused | self._cursor.skipped)

    def pick(self, provider_number: Decimal | None) -> Decimal | None:
        """A free number, or None when there is none left (RANGE_EXHAUSTED)."""
        number = self._own_number(provider_number) if self._own and provider_number is not None else None
        if number is None:
            number = self._cursor.take(self._taken)
        if number is not None:
            self.given.add(number)
        return number

    def _own_number(self, provider_number: Decimal) -> Decimal | None:
        own = plain(provider_number)
        if not 0 <= own <= LARGEST:
            return None
        if own in self._taken:
            self._refused[own] = None
            return None
        self._taken.add(own)
        return own
