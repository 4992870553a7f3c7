"""Pages of lists that have no other way to be read: counted by ourselves, and checked for rows that fell between pages.

The server sorts without a tie-breaker, so that rows with equal keys may change places between two pages: some come twice,
others never. ``next`` is not followed, because behind some web servers it has lost the port.
"""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from ecm_site.dispatcharr.errors import NotFound
from ecm_site.dispatcharr.resources.checking import row, rows
from ecm_site.dispatcharr.session import Session
from ecm_site.dispatcharr.transport import BULK

logger = logging.getLogger(__name__)

PASSES_MAX = 3


def read_pages(
    session: Session, path: str, params: Mapping[str, str], *, page_size: int, what: str, key: str = "id"
) -> Iterator[dict[str, Any]]:
    """Every row of a paged list once, recognised by ``key``.

    The list is read again, up to three times in all, while fewer distinct rows came than the server counts; after that the
    log says how many are missing.
    """
    seen: set[Any] = set()
    count = 0
    for _pass in range(PASSES_MAX):
        for page in _pages(session, path, params, page_size=page_size, what=what):
            count = int(page.get("count") or 0)
            for found in rows(page.get("results"), what=what):
                if found[key] not in seen:
                    seen.add(found[key])
                    yield found
        if len(seen) >= count:
            return
    logger.warning("[DISPATCHARR] %s: %s of %s rows were never on any page", path, count - len(seen), count)


def _pages(session: Session, path: str, params: Mapping[str, str], *, page_size: int, what: str) -> Iterator[dict[str, Any]]:
    number = 0
    while True:
        number += 1
        try:
            answer = session.get(path, what=what, params={**params, "page": number, "page_size": page_size}, patience=BULK)
        except NotFound:  # the list has become shorter while we read it
            if number > 1:
                return
            raise
        page = row(answer, what=what)
        yield page
        size = len(rows(page.get("results"), what=what))
        if not size or not page.get("next") or number * page_size >= int(page.get("count") or 0):
            return
