"""What Ctrl-K finds, as a registry: rooms offer entries in ``<app>/palette.py``, pages show them (``views/palette.py``).

Two kinds: lists that are known at once (pages, settings, actions), and finders that ask the database (channels, accounts).
An entry is known by its key (``channel:12``), so that what somebody used lately can be found again under today's name.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

LONGEST_TEXT = 100
MOST_SHOWN = 24
MOST_OF_A_KIND = 10  # of each finder
MOST_RECENT = 8
_SEPARATORS = re.compile(r"[\W_]+")


class Act(StrEnum):
    """``OPEN``: go to the address. ``DIALOG``: a dialog where the channel manager is open, else its page. ``POST``: do it."""

    OPEN = "open"
    DIALOG = "dialog"
    POST = "post"


@dataclass(frozen=True)
class PaletteEntry:
    """``words`` also lead to it. Lower ``order`` comes first among equally good matches."""

    key: str
    title: str
    kind: str
    url: str
    icon: str
    detail: str = ""
    words: str = ""
    act: Act = Act.OPEN
    order: int = 50


@dataclass(frozen=True)
class Finder:
    """``find`` returns entries that hold every one of some words, the best first; ``by_id`` those of ids that still exist."""

    prefix: str
    find: Callable[[str, int], Iterable[PaletteEntry]]
    by_id: Callable[[Sequence[int]], Iterable[PaletteEntry]]


EntryList = Callable[[bool], Iterable[PaletteEntry]]
_lists: dict[str, EntryList] = {}
_finders: dict[str, Finder] = {}


def register_entries(name: str, entries: EntryList) -> None:
    """Offer a list; it is called with whether an administrator asks. The same name again replaces it."""
    _lists[name] = entries


def register_finder(finder: Finder) -> None:
    """Offer what a database holds. The same prefix again replaces it."""
    _finders[finder.prefix] = finder


def find_entries(
    text: str, *, is_admin: bool, recent: Sequence[str] = (), may_use: Callable[[PaletteEntry], bool] | None = None
) -> list[PaletteEntry]:
    """What matches, best first; what was used lately (``recent``, newest first) before everything else.

    Without a text: what was used lately, then the first of the lists. A query or two per finder. ``may_use`` leaves out what
    the person who asks could not do with it.
    """
    text = " ".join(text.replace("\x00", "").split())[:LONGEST_TEXT].casefold()
    listed = {entry.key: entry for entries in _lists.values() for entry in entries(is_admin)}
    if may_use is not None:
        listed = {key: entry for key, entry in listed.items() if may_use(entry)}
    keys = list(dict.fromkeys(recent))[:MOST_RECENT]
    known = listed | _resolved([key for key in keys if key not in listed])
    used = [known[key] for key in keys if key in known]
    if not text:
        rest = sorted((entry for entry in listed.values() if entry.key not in keys), key=lambda entry: entry.order)
        return [*used, *rest][:MOST_SHOWN]
    found = {entry.key: entry for entry in (*used, *listed.values())}
    for finder in _finders.values():
        found |= {entry.key: entry for entry in finder.find(text, MOST_OF_A_KIND)}
    places = {key: place for place, key in enumerate(keys)}
    ranked = []
    for entry in found.values():
        if (quality := rank(text, entry)) is not None:
            place = places.get(entry.key, len(keys))
            ranked.append(((place, quality, entry.order, len(entry.title), entry.title.casefold(), entry.key), entry))
    return [entry for _, entry in sorted(ranked, key=lambda item: item[0])][:MOST_SHOWN]


def rank(text: str, entry: PaletteEntry) -> int | None:
    """How well an entry matches a folded text, 0 = best; None when it does not.

    The title itself, its beginning or one of the other words, beginnings of words, any part of it, any part of anything.
    """
    title, words = entry.title.casefold(), entry.words.casefold()
    if title == text:
        return 0
    if title.startswith(text) or text in words.split():
        return 1
    parts = text.split()
    starts, more = _spaced(title), _spaced(words)
    if all(f" {part}" in starts for part in parts):
        return 2
    if all(f" {part}" in starts or f" {part}" in more for part in parts):
        return 3
    if all(part in title for part in parts):
        return 4
    return 5 if all(part in title or part in words for part in parts) else None


def _spaced(text: str) -> str:
    return f" {_SEPARATORS.sub(' ', text)}"


def _resolved(keys: Sequence[str]) -> dict[str, PaletteEntry]:
    """Entries of finders by their keys; what no longer exists is left out."""
    ids: dict[str, list[int]] = {}
    for key in keys:
        prefix, _, number = key.partition(":")
        if prefix in _finders and number.isascii() and number.isdigit() and len(number) < 19:
            ids.setdefault(prefix, []).append(int(number))
    return {entry.key: entry for prefix, wanted in ids.items() for entry in _finders[prefix].by_id(wanted)}
