"""Pages of lists that have no other way to be read: counted by ourselves, and checked for rows that fell between pages.

The server sorts without a tie-breaker, so that rows with equal keys may change places between two pages: some come twice,
others never. ``next`` is not followed, because behind some web servers it has lost the port.
"""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from ecm_site.dispatcharr.errors import AnsweredElse, Incomplete, NotFound
from ecm_site.dispatcharr.resources.checking import counted_there, row, rows
from ecm_site.dispatcharr.session import Session
from ecm_site.dispatcharr.transport import BULK

logger = logging.getLogger(__name__)

PASSES_MAX = 3
ROWS_MAX = 5_000_000
"""No list that is paged is longer; without a bound a server could make up rows for ever."""


def read_pages(
    session: Session, path: str, params: Mapping[str, str], *, page_size: int, what: str, key: str = "id"
) -> Iterator[dict[str, Any]]:
    """Every row of a paged list once, recognised by ``key``.

    The list is read again, up to three times in all, while fewer distinct rows came than the server counts. Raises
    :class:`Incomplete`, after all that came, when some never did, and :class:`AnsweredElse` for lists without end.
    """
    seen: set[Any] = set()
    count = 0
    for _pass in range(PASSES_MAX):
        for page in pages(session, path, params, page_size=page_size, what=what, key=key):
            count = counted_there(page, "count")
            for found in page["results"]:
                if found[key] not in seen:
                    seen.add(found[key])
                    yield found
            if len(seen) > ROWS_MAX:
                raise AnsweredElse(f"Dispatcharr's pages have no end when asked to {what}.")
        if len(seen) >= count:
            return
    logger.warning("[DISPATCHARR] %s: %s of %s rows were never on any page", path, count - len(seen), count)
    raise Incomplete(
        f"Dispatcharr counts {count:,} rows when asked to {what}, and {count - len(seen):,} of them are on none of its pages."
        " It is tried again."
    )


def pages(
    session: Session, path: str, params: Mapping[str, str], *, page_size: int, what: str, key: str
) -> Iterator[dict[str, Any]]:
    """Pages until one holds nothing that was not on those before; their rows have a ``key``."""
    number = 0
    met: set[Any] = set()
    while True:
        number += 1
        try:
            answer = session.get(path, what=what, params={**params, "page": number, "page_size": page_size}, patience=BULK)
        except NotFound:  # the list has become shorter while we read it
            if number > 1:
                return
            raise
        page = row(answer, what=what)
        page["results"] = [found for found in rows(page.get("results"), what=what) if isinstance(found.get(key), int | str)]
        yield page
        before = len(met)
        met.update(found[key] for found in page["results"])
        if len(met) == before or not page.get("next") or number * page_size >= counted_there(page, "count"):
            return
