"""What stands in single cells: column names, protection against formulas, and lists of stream addresses."""

import re
from collections.abc import Iterable

COLUMNS = ("channel_number", "name", "group_name", "tvg_id", "gracenote_id", "logo_url", "stream_urls")
REQUIRED = "name"

# Spreadsheets run a cell as a formula when it begins with one of these, the full-width forms included.
_STARTS_FORMULA = "=+\\-@\t\r\uff1d\uff0b\uff0d\uff20"
_TO_GUARD = re.compile(f"'*[{_STARTS_FORMULA}]")
_GUARDED = re.compile(f"'+[{_STARTS_FORMULA}]")
_WRITTEN_SEMICOLON = re.compile(r"%3B(?=\s*[A-Za-z][A-Za-z0-9+.\-]*://)")
_NEXT_ADDRESS = re.compile(r";\s*(?=[A-Za-z][A-Za-z0-9+.\-]*://)")


def guard(text: str) -> str:
    """``text`` so that no spreadsheet takes it for a formula: an apostrophe goes in front (10 §20.3)."""
    return f"'{text}" if _TO_GUARD.match(text) else text


def unguard(text: str) -> str:
    """The opposite of :func:`guard`, exactly: a text that began with an apostrophe itself keeps it."""
    return text[1:] if _GUARDED.match(text) else text


def join_addresses(urls: Iterable[str]) -> str:
    """Addresses in one cell, joined by ``;``. A ``;`` that could be taken for the end of an address is written ``%3B``."""
    return ";".join(_NEXT_ADDRESS.sub(lambda found: found[0].replace(";", "%3B"), url) for url in urls)


def split_addresses(cell: str) -> list[str]:
    """Addresses of a cell in order. A ``;`` inside an address stays: the next one begins with its scheme."""
    parts = (part.strip() for part in _NEXT_ADDRESS.split(cell.lstrip(" ;")))
    return [part for part in parts if part.strip("; ")]


def readings(part: str) -> list[tuple[str, ...]]:
    """What a part of a cell may mean, the likeliest first: one address as it stands, without a ``;`` at its end, with
    ``%3B`` as ``;``, or several addresses that have no scheme."""
    found: list[tuple[str, ...]] = [(part,), (part.rstrip("; "),), (_WRITTEN_SEMICOLON.sub(";", part),)]
    if ";" in part:
        found.append(tuple(piece.strip() for piece in part.split(";") if piece.strip()))
    return list(dict.fromkeys(found))
