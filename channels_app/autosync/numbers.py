"""Which number a channel of a synchronised group gets (20 §4.3 step 4). Pure; the numbers in use are one set for all groups."""

import math
from decimal import Decimal

from channels_app.autosync.settings import Numbering, SyncSettings
from channels_app.numbering import LARGEST, ONE, plain


class FreeNumbers:
    """Finds the lowest free whole number from any number upward. What is taken stays taken while a plan is made, so runs of
    taken numbers are crossed once and jumped over afterwards: thousands of groups may start at the same number."""

    def __init__(self, taken: set[Decimal]) -> None:
        self.taken = taken
        self._beyond: dict[int, int] = {}

    def lowest_from(self, number: int) -> int:
        """``number`` itself if it is free, else the next one that is."""
        passed: list[int] = []
        while True:
            beyond = self._beyond.get(number)
            if beyond is None:
                if number not in self.taken:  # a whole Decimal and an int of the same value are the same key
                    break
                beyond = number + 1
            passed.append(number)
            number = beyond
        for taken in passed:
            self._beyond[taken] = number
        return number


class Cursor:
    """Hands out the lowest free number from a start upward, up to an end."""

    def __init__(self, free: FreeNumbers, start: Decimal, end: Decimal | None) -> None:
        self._free = free
        self._start = self._at = plain(start)
        self._last = LARGEST if end is None else min(end, LARGEST)
        self.given: set[Decimal] = set()

    def take(self) -> Decimal | None:
        """The next free number, which is taken from now on; None when the range is used up."""
        number = self._at
        if number in self._free.taken:
            number = Decimal(self._free.lowest_from(math.floor(number) + 1))  # from a fraction to the next whole number
        self._at = number
        if number > self._last:
            return None
        self._free.taken.add(number)
        self.given.add(number)
        self._at = Decimal(math.ceil(number + 1))
        return number

    def skipped(self) -> list[Decimal]:
        """Numbers that would have been handed out had they not been taken. Walks the whole way again."""
        found = []
        number = self._start
        while number < self._at and number <= self._last:
            if number in self.given:
                number = Decimal(math.ceil(number + 1))
                continue
            if number in self._free.taken:
                found.append(number)
            number = Decimal(math.floor(number) + 1)
        return found


class NumberPicker:
    """Numbers for the streams of one group, in their order."""

    def __init__(self, settings: SyncSettings, free: FreeNumbers) -> None:
        self._free = free
        self._own = settings.numbering is Numbering.PROVIDER and not settings.compact
        start = settings.fallback if self._own else settings.first
        if settings.numbering is Numbering.NEXT_AVAILABLE:
            start = ONE
        self._cursor = Cursor(free, start, settings.last)
        self._refused: dict[Decimal, None] = {}
        self._given: set[Decimal] = set()

    def pick(self, provider_number: Decimal | None) -> Decimal | None:
        """A free number, or None when there is none left (RANGE_EXHAUSTED)."""
        number = self._own_number(provider_number) if self._own and provider_number is not None else None
        if number is None:
            return self._cursor.take()
        self._given.add(number)
        return number

    def skipped(self) -> list[Decimal]:
        """Numbers that somebody of the group would have got had others not had them, each once."""
        own = self._given | self._cursor.given
        return [number for number in dict.fromkeys([*self._refused, *self._cursor.skipped()]) if number not in own]

    def _own_number(self, provider_number: Decimal) -> Decimal | None:
        own = plain(provider_number)
        if not 0 <= own <= LARGEST:
            return None
        if own in self._free.taken:
            self._refused[own] = None
            return None
        self._free.taken.add(own)
        return own
