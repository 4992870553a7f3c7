"""Which changes somebody wants to see (20 §10.4): the same values filter the list, the cards, the chart and the export."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from m3u_app.changes.models import Change, ChangeTotal
from m3u_app.changes.search_index import LISTED_IDS, MATCHING_CHANGES
from m3u_app.search import clean_text
from m3u_app.search_index import TRIGRAM, match_phrase

RANGES: dict[str, tuple[str, timedelta | None]] = {
    "24h": ("Last 24 hours", timedelta(hours=24)),
    "3d": ("Last 3 days", timedelta(days=3)),
    "7d": ("Last 7 days", timedelta(days=7)),
    "30d": ("Last 30 days", timedelta(days=30)),
    "90d": ("Last 90 days", timedelta(days=90)),
    "all": ("Any time", None),
}
DEFAULT_RANGE = "7d"


@dataclass(frozen=True)
class ChangeFilter:
    """``enabled``: of groups that were switched on (True) or off (False) then. ``in_use``: only what channels lost."""

    account_id: int = 0
    change_type: str = ""
    enabled: bool | None = None
    since: datetime | None = None
    text: str = ""
    group: str = ""
    in_use: bool = False
    with_baseline: bool = True
    first_line: int = 0
    """No line with a lower id matches; whoever knows that saves the search from looking at them."""
    only: tuple[int, ...] | None = None
    """These lines, whatever the rest says: somebody has looked it up (see ``find_text``)."""

    def changes(self) -> "QuerySet[Change]":
        """The changes that match, in no particular order."""
        if self.only is not None:
            return Change.objects.filter(id__in=RawSQL(LISTED_IDS, [json.dumps(self.only)]))  # noqa: S611 - a parameter
        found = Change.objects.filter(self._common())
        if self.in_use:
            found = found.filter(in_use__gt=0)
        if self.group:
            found = found.filter(group_name=self.group)
        text = clean_text(self.text)
        if len(text) >= TRIGRAM:
            matching = RawSQL(MATCHING_CHANGES, [match_phrase(text), self.first_line])  # noqa: S611 - parameters
            found = found.filter(id__in=matching)
        elif text:
            found = found.filter(id__gte=self.first_line)
            found = found.filter(Q(group_name__icontains=text) | Q(names__icontains=text))
        return found

    def totals(self) -> "QuerySet[ChangeTotal] | None":
        """The ready-made totals of the same changes; None when text or group are asked for, which totals do not know."""
        if self.group or clean_text(self.text):
            return None
        return ChangeTotal.objects.filter(self._common())

    def _common(self) -> Q:
        wanted = Q()
        if self.since is not None:
            wanted &= Q(at__gte=self.since)
        if self.account_id:
            wanted &= Q(account_id=self.account_id)
        if self.change_type:
            wanted &= Q(change_type=self.change_type)
        if self.enabled is not None:
            wanted &= Q(enabled=self.enabled)
        if not self.with_baseline:
            wanted &= Q(baseline=False)
        return wanted
