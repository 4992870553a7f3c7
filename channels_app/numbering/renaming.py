"""Keeps the number inside a channel's name in step with its number (10 §8.1). The one algorithm for the whole product."""

import re
from decimal import Decimal

from channels_app.numbering.values import format_number

_DIGITS = r"[0-9]+(?:\.[0-9]+)?"
_MIDDLE = re.compile(rf"(?P<text>[^\W\d_][^|]*(?:\|[^|]*)*?\|\s*)(?P<number>{_DIGITS})(?P<rest>\s*[-:].*\S.*)", re.DOTALL)
_LEADING = re.compile(rf"\s*(?P<number>{_DIGITS})\s*(?P<sign>[|:-])\s*(?P<rest>\S.*)", re.DOTALL)
_LEADING_LOOSE = re.compile(rf"\s*(?P<number>{_DIGITS})(?:\s*(?P<sign>\.)\s*|\s+)(?P<rest>\S.*)", re.DOTALL)
_TRAILING = re.compile(rf"(?P<sign>[|-])\s*(?P<number>{_DIGITS})\s*\Z")
_TRAILING_LOOSE = re.compile(rf"(?<![0-9])(?P<sign>\.)\s*(?P<number>{_DIGITS})\s*\Z")


def auto_rename(name: str, old: Decimal | None, new: Decimal | None) -> str:
    """Return ``name`` with the channel number in it exchanged for ``new``, or unchanged when it holds none.

    In this order, first hit wins: ``US | 5034 - DABL`` (middle), ``101 | X`` (front), ``X - 101`` (end). After ``|``,
    ``-`` or ``:`` any number counts as the channel number; after a point or a plain space only ``old`` does, so that
    ``5 USA``, ``ESPN 2`` and ``24/7 Friends`` keep their names.
    """
    if new is None:
        return name
    written = format_number(new)
    found = _MIDDLE.fullmatch(name)
    if found:
        return name if _same(found, new) else f"{found['text']}{written}{found['rest']}"
    found = _LEADING.fullmatch(name) or _if_number(_LEADING_LOOSE.fullmatch(name), old)
    if found:
        sign = f" {found['sign']} " if found["sign"] else " "
        return name if _same(found, new) else f"{written}{sign}{found['rest']}"
    found = _TRAILING.search(name) or _if_number(_TRAILING_LOOSE.search(name), old)
    text = name[: found.start()].rstrip() if found else ""
    if not found or not text or _same(found, new):
        return name
    return f"{text} {found['sign']} {written}"


def _same(found: re.Match[str], number: Decimal) -> bool:
    return Decimal(found["number"]) == number


def _if_number(found: re.Match[str] | None, number: Decimal | None) -> re.Match[str] | None:
    return found if found and number is not None and _same(found, number) else None
