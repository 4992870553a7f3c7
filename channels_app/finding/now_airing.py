"""What is on air now on rows whose channel has a guide: one query for all rows that are shown."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from epg_app.models import Programme

_LONGEST = timedelta(hours=24)  # a programme that began earlier and still runs is a mistake of its guide
_AHEAD = timedelta(hours=3)  # how far the next programme is looked for when nothing is on


@dataclass(frozen=True)
class NowAiring:
    """``title`` is empty while the guide has a gap. ``until``: when it ends, or when the next one begins."""

    title: str
    until: datetime

    @property
    def until_seconds(self) -> int:
        """``until`` as seconds since 1970, for scripts."""
        return int(self.until.timestamp())


def now_airing(entry_ids: Collection[int], *, at: datetime | None = None) -> dict[int, NowAiring]:
    """By guide entry; entries of which the guide knows nothing around now are left out. At most one query."""
    if not entry_ids:
        return {}
    at = at or timezone.now()
    near = Programme.objects.filter(
        entry_id__in=entry_ids, start__gt=at - _LONGEST, start__lt=at + _AHEAD, stop__gt=at
    ).order_by("entry_id", "start")
    found: dict[int, NowAiring] = {}
    for entry_id, start, stop, title in near.values_list("entry_id", "start", "stop", "title"):
        known = found.get(entry_id)
        if start <= at:  # where programmes overlap, the one that began last
            found[entry_id] = NowAiring(title, stop)
        elif known is None:
            found[entry_id] = NowAiring("", start)
        elif known.title and start < known.until:
            found[entry_id] = NowAiring(known.title, start)
    return found
