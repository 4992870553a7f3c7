"""Searches the changes for a text, once for everything a page shows of them, and not for ever (20 §10.4)."""

from dataclasses import replace

from django.db.models import Min, OuterRef, Subquery

from m3u_app.changes.filters import ChangeFilter
from m3u_app.changes.models import Change, ChangeBatch
from m3u_app.search import clean_text

MOST_FOUND = 5000
"""Lines with the text that a page counts and sorts, the newest; a text that is in more of them wants to be longer."""


def find_text(wanted: ChangeFilter) -> tuple[ChangeFilter, bool]:
    """Return a filter that already knows which lines it is about, and whether there are more than those.

    Cards, list and sorting would each search anew otherwise. Without a text the filter comes back as it is.
    """
    if not clean_text(wanted.text):
        return wanted, False
    first = _first_line(wanted)
    if first is None:
        return replace(wanted, only=()), False
    found = replace(wanted, first_line=first).changes().order_by("-pk").values_list("pk", flat=True)[: MOST_FOUND + 1]
    ids = tuple(found)
    return replace(wanted, only=ids[:MOST_FOUND]), len(ids) > MOST_FOUND


def _first_line(wanted: ChangeFilter) -> int | None:
    """The lowest id that a line of the time asked for has, so that no older one is looked at; None when there is no line.

    Lines are written at the end of a refresh and bear the time of its beginning: the refresh that began first need not have
    written first.
    """
    if wanted.since is None:
        return 0
    lines = Change.objects.filter(batch=OuterRef("pk")).order_by("pk").values("pk")[:1]
    batches = ChangeBatch.objects.filter(at__gte=wanted.since)
    if wanted.account_id:
        batches = batches.filter(account_id=wanted.account_id)
    found: int | None = batches.annotate(line=Subquery(lines)).aggregate(first=Min("line"))["first"]
    return found
