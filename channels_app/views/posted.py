"""Reads ids and small values out of requests; anything malformed counts as not given."""

from collections.abc import Iterable

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, QueryDict

MOST_IDS = 50_000


def ids_in(values: QueryDict, name: str) -> tuple[int, ...]:
    """Ids under ``name``, repeated or joined by commas, each once and in order."""
    return numbers_in(values.getlist(name))


def numbers_in(texts: Iterable[str]) -> tuple[int, ...]:
    parts = (part.strip() for text in texts for part in text.split(","))
    found = dict.fromkeys(int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 19)
    if len(found) > MOST_IDS:  # cutting them off silently would do something else than was asked
        raise RequestDataTooBig(f"More than {MOST_IDS} ids in one request.")
    return tuple(found)


def id_in(values: QueryDict, name: str) -> int | None:
    """One id, or None. A group's 0 (Uncategorized) becomes None too."""
    return next(iter(ids_in(values, name)), None) or None


def parameters(request: HttpRequest) -> QueryDict:
    """What was sent: a dialog for a long selection is asked for by POST, a short one by GET."""
    return request.POST if request.method == "POST" else request.GET


def pairs_in(values: QueryDict, name: str) -> dict[int, int]:
    """``12:200,15:100`` → {12: 200, 15: 100}."""
    found: dict[int, int] = {}
    for part in values.get(name, "").split(",")[:500]:
        key, _, count = part.partition(":")
        if key.isascii() and key.isdigit() and len(key) < 19:
            found[int(key)] = int(count) if count.isascii() and count.isdigit() and len(count) < 7 else 0
    return found
