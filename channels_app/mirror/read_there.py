"""Reads some of the server's channels, in whichever way takes less."""

from collections.abc import Collection, Iterator

from channels_app.chunks import chunked
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import NotFound
from ecm_site.dispatcharr.resources.channels import PAGE
from ecm_site.dispatcharr.shapes import Channel

FEW = 8  # the list of all costs the server as much as this many single ones, at a few hundred channels


def read_rows(client: Dispatcharr, ids: Collection[int]) -> list[Channel]:
    """Those of ``ids`` that exist."""
    wanted = set(ids)
    if not wanted:
        return []
    if len(wanted) > FEW:
        return [row for row in client.channels.all() if row.get("id") in wanted]
    found = []
    for channel_id in sorted(wanted):
        try:
            found.append(client.channels.get(channel_id))
        except NotFound:
            continue
    return found


def rows_as_they_come(client: Dispatcharr, ids: Collection[int], *, ordering: str) -> Iterator[list[Channel]]:
    """Those of ``ids`` that exist, in portions that are fresh when they are given: for whoever changes one before asking for
    the next. All of them cost one reading of the list, page by page.

    Pages lose rows that change places meanwhile, so the list is gone through again while that finds many; the rest, which
    may be gone, is read in portions. ``ordering``: by something that is not being changed.
    """
    missing = set(ids)
    while len(missing) > PAGE:
        before = len(missing)
        for page in client.channels.in_pages(ordering=ordering):
            found = [row for row in page if row["id"] in missing]
            missing.difference_update(row["id"] for row in found)
            if found:
                yield found
            if not missing:
                return
        if len(missing) * 2 > before:
            break
    for portion in chunked(sorted(missing)):
        yield read_rows(client, portion)
