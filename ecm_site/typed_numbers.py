"""Whole numbers in what a browser sends: anybody may send anything in their place."""

from collections.abc import Iterable


def number_in(text: object, *, figures: int = 18) -> int | None:
    """The number that ``text`` is, of at most so many figures (18: what a column holds). None for everything else, signs,
    blanks and figures of other scripts included."""
    if not isinstance(text, str) or not text.isascii() or not text.isdigit() or len(text) > figures:
        return None
    return int(text)


def numbers_in(texts: Iterable[str]) -> list[int]:
    """Those of the texts that are numbers."""
    return [number for text in texts if (number := number_in(text)) is not None]
