"""Reads ids and small values out of requests; anything malformed counts as not given."""

from django.http import HttpRequest, QueryDict

from channels_app.id_lists import MOST_IDS, ids_in, numbers_in

__all__ = ["MOST_IDS", "id_in", "ids_in", "numbers_in", "pairs_in", "parameters"]


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
