"""Finds streams by any part of their name, in milliseconds among half a million (10 §2, DESIGN §4).

Pages use this module only; how the index works is in :mod:`m3u_app.search_index`.
"""

import re
from collections.abc import Iterator
from itertools import product

from django.db.models import Count, Q, QuerySet
from django.db.models.expressions import RawSQL

from m3u_app.models import Stream
from m3u_app.search_index import MATCHING_IDS, TRIGRAM, count_up_to, match_phrase, match_rare_text

MAX_LENGTH = 200
"""Longer search texts are cut; no name is told apart by its 201st letter."""

_NOT_SEARCHABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")


def matching_streams(queryset: "QuerySet[Stream]", text: str, *, among_first: int | None = None) -> "QuerySet[Stream]":
    """Return the streams of ``queryset`` whose name contains ``text``, whatever the case of its letters.

    Blanks around ``text`` are ignored; an empty one matches everything. No character has a special meaning. For one or
    two letters this asks the index a quick question first. ``among_first``: only so many matches, the oldest streams, are
    looked at; then a text that is in every tenth name costs no more than a rare one.
    """
    condition = name_contains(text, among_first=among_first)
    return queryset if condition is None else queryset.filter(condition)


def scanned_streams(queryset: "QuerySet[Stream]", text: str) -> "QuerySet[Stream]":
    """The same without the index: reads one name after the other until there are enough.

    The quicker way to the first rows of one group, by name, when a great many streams match elsewhere. ``text`` must be ASCII.
    """
    text = clean_text(text)
    return queryset.filter(name__icontains=text) if text else queryset


def name_contains(text: str, prefix: str = "", *, among_first: int | None = None) -> Q | None:
    """The same as a condition, for querysets that reach streams by a join; ``prefix`` is that path ("stream__").

    None when ``text`` is empty.
    """
    text = clean_text(text)
    if not text:
        return None
    query = _index_query(text)
    if query is None:  # short and frequent: a plain scan finds its first page at once
        condition = Q()
        for spelling in _spellings(text):
            condition |= Q(**{f"{prefix}name__icontains": spelling})
        return condition
    if among_first is not None:
        first = RawSQL(f"{MATCHING_IDS} ORDER BY rowid LIMIT %s", [query, among_first])  # noqa: S611 - these are parameters
        return Q(**{f"{prefix}id__in": first})
    return Q(**{f"{prefix}id__in": RawSQL(MATCHING_IDS, [query])})  # noqa: S611 - the text is a parameter


def count_matches(text: str, limit: int, queryset: "QuerySet[Stream] | None" = None) -> int:
    """Count streams whose name contains ``text``, at most up to ``limit`` + 1: more than ``limit`` reads as "limit+"."""
    if queryset is None:
        query = _index_query(clean_text(text))
        if query:
            return count_up_to(query, limit + 1)
        queryset = Stream.objects.all()
    return matching_streams(queryset, text).order_by()[: limit + 1].count()


def grouped_counts(queryset: "QuerySet[Stream]", text: str) -> dict[int, int]:
    """Return how many matching streams of ``queryset`` each group has: {group id: count}, groups without one left out."""
    rows = matching_streams(queryset, text).exclude(group=None).order_by().values_list("group_id").annotate(Count("id"))
    return dict(rows.values_list("group_id", "id__count"))


def clean_text(text: str) -> str:
    """Return ``text`` as it is searched for: trimmed, without control characters, at most MAX_LENGTH letters."""
    return _NOT_SEARCHABLE.sub(" ", text[: MAX_LENGTH * 2]).strip()[:MAX_LENGTH]


def _index_query(text: str) -> str | None:
    """The question to the index; None for an empty text and for one that is short and frequent."""
    if not text:
        return None
    return match_phrase(text) if len(text) >= TRIGRAM else match_rare_text(text)


def _spellings(text: str) -> Iterator[str]:
    """LIKE ignores the case of ASCII letters only: give it every spelling of the others."""
    variants = [
        {letter} if letter.isascii() else {form for form in (letter, letter.lower(), letter.upper()) if len(form) == 1}
        for letter in text
    ]
    for letters in product(*variants):
        yield "".join(letters)
