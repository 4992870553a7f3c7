"""Sorts names as people expect: "Sports 2" before "Sports 10", capitals beside small letters."""

import re

_DIGITS = re.compile(r"(\d{1,18})", re.ASCII)


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """A key for ``sorted``: runs of digits compare as numbers and come before letters."""
    parts = _DIGITS.split(text.casefold())
    return tuple((0, int(part), "") if index % 2 else (1, 0, part) for index, part in enumerate(parts) if part)
