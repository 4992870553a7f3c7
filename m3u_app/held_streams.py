"""The streams that a held-back refresh would take away or bring, a page at a time (20 §23)."""

from dataclasses import dataclass

from m3u_app.changes.models import HeldStream
from m3u_app.search import clean_text

PAGE = 100
LAST_PAGE = 1000


@dataclass(frozen=True)
class HeldPage:
    """``noted`` streams of this side are known by name, of which ``total`` match the search."""

    streams: list[HeldStream]
    total: int
    noted: int
    number: int

    @property
    def first(self) -> int:
        return (self.number - 1) * PAGE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.streams) - 1

    @property
    def has_next(self) -> bool:
        return self.number * PAGE < self.total


def held_page(account_id: int, *, arrives: bool, text: str = "", number: int = 1) -> HeldPage:
    """Read a page; those that channels use come first. ``text`` is looked for in names and groups."""
    side = HeldStream.objects.filter(account_id=account_id, arrives=arrives)
    noted = side.count()
    wanted = clean_text(text)
    found = (side.filter(name__icontains=wanted) | side.filter(group_name__icontains=wanted)) if wanted else side
    total = found.count() if wanted else noted
    number = max(1, min(number, LAST_PAGE, -(-total // PAGE) or 1))
    streams = list(found.order_by("-in_use", "id")[(number - 1) * PAGE : number * PAGE])
    return HeldPage(streams, total, noted, number)
