"""What the library page reads: logos with how many channels use them, searched, sorted and paged (10 §16)."""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from channels_app.models import Channel, Logo

PAGE_SIZES = (25, 50, 100, 250)
SORTS = {"name": "Name", "used": "Used most", "newest": "Newest first", "address": "Address"}
SHOWN = {"": "All", "unused": "Unused", "broken": "Broken"}
_ORDER = {"name": ("name", "pk"), "newest": ("-created_at", "-pk"), "address": ("url", "pk")}
NAMED_CHANNELS = 500


@dataclass(frozen=True)
class LogoFilter:
    """What the list shows and how; ``size`` rows a page."""

    text: str = ""
    only: str = ""
    sort: str = "name"
    size: int = 50
    page: int = 1


@dataclass(frozen=True)
class LogoRow:
    """``used``: how many channels show it."""

    logo: Logo
    used: int


@dataclass(frozen=True)
class LogoPage:
    """``first`` and ``last`` count from 1 ("51–100 of 230"); both 0 when there is nothing."""

    rows: list[LogoRow]
    total: int
    page: int
    pages: int
    size: int

    @property
    def first(self) -> int:
        return (self.page - 1) * self.size + 1 if self.rows else 0

    @property
    def last(self) -> int:
        return (self.page - 1) * self.size + len(self.rows)

    @property
    def has_previous(self) -> bool:
        return self.page > 1

    @property
    def has_next(self) -> bool:
        return self.page < self.pages


@dataclass(frozen=True)
class LibraryTotals:
    """``unknown``: addresses that channels use and the library does not know. ``without``: channels without a logo."""

    logos: int
    unused: int
    broken: int
    unknown: int
    without: int


def logo_page(wanted: LogoFilter) -> LogoPage:
    """One page of the list. Three queries (five by use), however many logos and channels there are."""
    found = matching_logos(wanted)
    total = found.count()
    pages = max(1, -(-total // wanted.size))
    page = min(max(1, wanted.page), pages)
    start = (page - 1) * wanted.size
    if wanted.sort == "used":
        counts = _all_counts()
        every = sorted(found.values_list("pk", "url", "name"), key=lambda row: (-counts[row[1]], row[2].casefold(), row[0]))
        ids = [row[0] for row in every[start : start + wanted.size]]
        by_id = found.in_bulk(ids)
        logos = [by_id[pk] for pk in ids if pk in by_id]
    else:
        logos = list(found.order_by(*_ORDER[wanted.sort])[start : start + wanted.size])
    used = usage(logo.url for logo in logos)
    return LogoPage([LogoRow(logo, used.get(logo.url, 0)) for logo in logos], total, page, pages, wanted.size)


def matching_logos(wanted: LogoFilter) -> QuerySet[Logo]:
    """Logos whose name or address holds the text, of the wanted kind."""
    logos = Logo.objects.all()
    if wanted.text:
        if wanted.text.isascii():
            logos = logos.filter(Q(name__icontains=wanted.text) | Q(url__icontains=wanted.text))
        else:  # SQLite ignores case for ASCII only; a pattern is slower but right
            pattern = re.escape(wanted.text)
            logos = logos.filter(Q(name__iregex=pattern) | Q(url__iregex=pattern))
    if wanted.only == "unused":
        logos = unused_logos(logos)
    elif wanted.only == "broken":
        logos = logos.exclude(problem="")
    return logos


def unused_logos(logos: QuerySet[Logo] | None = None) -> QuerySet[Logo]:
    """Logos that no channel shows."""
    found = Logo.objects.all() if logos is None else logos
    return found.exclude(url__in=Channel.objects.exclude(logo_url="").values("logo_url"))


def unknown_addresses() -> "QuerySet[Channel, str]":
    """Addresses that channels use and the library does not know."""
    channels = Channel.objects.exclude(logo_url="").exclude(logo_url__in=Logo.objects.values("url"))
    return channels.order_by().values_list("logo_url", flat=True).distinct()


def library_totals() -> LibraryTotals:
    """The header of the page. Five queries."""
    return LibraryTotals(
        logos=Logo.objects.count(),
        unused=unused_logos().count(),
        broken=Logo.objects.exclude(problem="").count(),
        unknown=unknown_addresses().count(),
        without=Channel.objects.filter(logo_url="").count(),
    )


def usage(addresses: Iterable[str]) -> dict[str, int]:
    """How many channels use each address; those that none uses are missing. One query."""
    wanted = list(dict.fromkeys(addresses))
    if not wanted:
        return {}
    rows = Channel.objects.filter(logo_url__in=wanted).order_by().values_list("logo_url")
    return dict(rows.annotate(Count("pk")))


def channels_using(addresses: Collection[str], *, limit: int = NAMED_CHANNELS) -> list[Channel]:
    """The channels that show one of these logos, by number."""
    channels = Channel.objects.filter(logo_url__in=list(addresses)).select_related("group")
    return list(channels.order_by("number", "name", "pk")[:limit])


def _all_counts() -> Counter[str]:
    rows = Channel.objects.exclude(logo_url="").order_by().values_list("logo_url").annotate(Count("pk"))
    return Counter(dict(rows))
