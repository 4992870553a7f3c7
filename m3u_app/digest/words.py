"""The digest in plain words, the same for every form; whoever shows them escapes them (20 §11)."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import timezone

from ecm_site.conf import get_settings
from ecm_site.masking import mask_text
from ecm_site.wording import counted
from m3u_app.changes.filters import RANGES
from m3u_app.changes.models import GROUP_TYPES, ChangeType
from m3u_app.digest.collect import Digest, OfAccount, OfType, Row
from tasks_app.alerts.clean_text import one_line
from tasks_app.scheduling.rules import default_zone

SAMPLE_MARK = "Sample – none of this happened"
_NAME = 80
_GROUPS = {kind.value for kind in GROUP_TYPES}
_SIGNS = (
    (ChangeType.GROUP_ADDED, "groups added"),
    (ChangeType.GROUP_REMOVED, "groups removed"),
    (ChangeType.STREAMS_ADDED, "streams added"),
    (ChangeType.STREAMS_REMOVED, "streams removed"),
)


@dataclass(frozen=True)
class Line:
    """One change: where, how much, and the first names; ``more`` names are not listed."""

    group: str
    what: str
    names: tuple[str, ...] = ()
    more: int = 0
    in_use: int = 0

    @property
    def used(self) -> str:
        """What a removed stream means to channels; "" when nothing."""
        return f"{self.in_use:,} used by channels" if self.in_use else ""

    @property
    def tail(self) -> str:
        return f"and {self.more:,} more" if self.more else ""

    @property
    def plain(self) -> str:
        """The change as one line of text."""
        names = ", ".join(self.names) + (f" {self.tail}" if self.names and self.tail else "")
        return "".join(
            (
                self.group,
                f": {self.what}" if self.what else "",
                f" ({self.used})" if self.used else "",
                f" – {names}" if names else "",
            )
        )


@dataclass(frozen=True)
class Block:
    """The changes of one type in one account; ``more`` lines are not listed."""

    type: str
    heading: str
    lines: tuple[Line, ...]
    more: int


@dataclass(frozen=True)
class Part:
    """One account."""

    name: str
    summary: str
    blocks: tuple[Block, ...]


def title(digest: Digest) -> str:
    """ "3 changes", "3 changes across 2 accounts"."""
    across = f" across {counted(len(digest.accounts), 'account')}" if len(digest.accounts) > 1 else ""
    return counted(digest.rows, "change") + across


def counts(digest: Digest) -> list[tuple[str, int]]:
    """The four numbers of the head."""
    return [(words, digest.total(kind)) for kind, words in _SIGNS]


def moment(at: datetime | None) -> str:
    """A time in the operator's zone."""
    return at.astimezone(ZoneInfo(default_zone())).strftime("%Y-%m-%d %H:%M %Z") if at else ""


def parts(digest: Digest, *, detailed: bool, rows: int, names: int, most_rows: int, all_or_none: bool = False) -> list[Part]:
    """The accounts with their changes: per type at most ``rows`` lines, ``most_rows`` in all, each with ``names`` names.

    ``all_or_none``: names only where they all fit (Discord). Not ``detailed``: counts alone.
    """
    left = most_rows if detailed else 0
    found = []
    for account in digest.accounts:
        blocks = []
        for kind, of_type in account.listed():
            shown = [_line(kind, row, names, all_or_none=all_or_none) for row in of_type.best[: min(rows, left)]]
            left -= len(shown)
            more = of_type.rows - len(shown) if detailed else 0
            blocks.append(Block(kind, _heading(kind, of_type), tuple(shown), more))
        found.append(Part(clean(account.name), _summary(account), tuple(blocks)))
    return found


def clean(name: str) -> str:
    """A provider's name as it may be shown: one short line without logins."""
    return one_line(mask_text(name), _NAME) or "(no name)"


def changes_link(digest: Digest) -> str:
    """The page of changes with the span, and the account if it is only one; "" when ECM does not know its own address."""
    base = get_settings().public_base_url.rstrip("/")
    if not base:
        return ""
    values = {"range": _range_of(digest), "first": "hide"}
    if len(digest.accounts) == 1 and digest.accounts[0].account_id:
        values["account"] = str(digest.accounts[0].account_id)
    return f"{base}{reverse('m3u_changes:list')}?{urlencode(values)}"


def _range_of(digest: Digest) -> str:
    age = timezone.now() - (digest.since or timezone.now())
    fitting = (key for key, (_, span) in RANGES.items() if span is None or span >= age)
    return next(fitting)


def _heading(kind: str, found: OfType) -> str:
    label = str(ChangeType(kind).label)
    if kind in _GROUPS:
        return f"{label.replace('Group', 'Groups', 1)}: {found.rows:,}"
    return f"{label}: {found.streams:,} in {counted(found.rows, 'group')}"


def _summary(account: OfAccount) -> str:
    return counted(account.rows, "change")


def _line(kind: str, row: Row, most: int, *, all_or_none: bool) -> Line:
    group = clean(row.group) if row.group else "(no group)"
    if kind == ChangeType.GROUP_RENAMED:
        return Line(f"{clean(row.former)} → {group}", counted(row.count, "stream"))
    if kind in _GROUPS:
        return Line(group, counted(row.count, "stream"), in_use=row.in_use)
    names = row.names[:most]
    if all_or_none and (row.count > most or len(names) < row.count):
        names = ()
    more = row.count - len(names) if names else 0
    return Line(group, counted(row.count, "stream"), tuple(clean(name) for name in names), more, row.in_use)
