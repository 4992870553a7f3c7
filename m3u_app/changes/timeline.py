"""When each provider added and took away streams: the figures behind the small charts (20 §10.4)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import CharField, Q, Sum
from django.db.models.functions import Cast, Substr

from m3u_app.changes.filters import ChangeFilter
from m3u_app.changes.models import ChangeType
from m3u_app.models import Account

MOST_ACCOUNTS = 6
MOST_BARS = 90
MOST_TOLD = 14
WIDTH, HEIGHT = 600, 48
MIDDLE = HEIGHT / 2
_UP = (ChangeType.STREAMS_ADDED, ChangeType.GROUP_ADDED)
_DOWN = (ChangeType.STREAMS_REMOVED, ChangeType.GROUP_REMOVED)


@dataclass(frozen=True)
class Bar:
    """One day: its place in the chart, in the units of WIDTH and HEIGHT, and what it stands for."""

    day: date
    added: int
    removed: int
    x: float
    width: float
    up: float
    down: float


@dataclass(frozen=True)
class Timeline:
    """The days of one account; ``added`` and ``removed`` are sums over all of them."""

    account_id: int
    name: str
    bars: list[Bar]
    added: int
    removed: int

    @property
    def ups(self) -> str:
        """All bars above the middle as one path: a page of charts with an element a bar takes twice as long."""
        return "".join(f"M{bar.x} {MIDDLE:g}v-{bar.up}h{bar.width}v{bar.up}z" for bar in self.bars if bar.added)

    @property
    def downs(self) -> str:
        """All bars below the middle."""
        return "".join(f"M{bar.x} {MIDDLE:g}v{bar.down}h{bar.width}v-{bar.down}z" for bar in self.bars if bar.removed)

    @property
    def told(self) -> list[Bar]:
        """Days that say their figures under the pointer; of a long time the picture must do."""
        return self.bars if len(self.bars) <= MOST_TOLD else []


def timelines(wanted: ChangeFilter, *, now: datetime) -> list[Timeline]:
    """Return a chart per account with changes in the time asked for, those with most first. Three queries at most.

    At most the last :data:`MOST_BARS` days: more are not shown and need not be read.

    First looks are left out: half a million new streams on the first day would hide everything after it.
    """
    totals = ChangeFilter(
        account_id=wanted.account_id, enabled=wanted.enabled, since=_first_shown(wanted, now), with_baseline=False
    ).totals()
    if totals is None:
        return []
    rows = (
        totals.filter(change_type__in=(*_UP, *_DOWN))
        .annotate(day=Substr(Cast("at", CharField()), 1, 10))
        .order_by()
        .values_list("account_id", "day")
        .annotate(added=Sum("streams", filter=Q(change_type__in=_UP)), removed=Sum("streams", filter=Q(change_type__in=_DOWN)))
    )
    found: dict[int, dict[date, tuple[int, int]]] = defaultdict(dict)
    for account_id, day, added, removed in rows:
        found[account_id][date.fromisoformat(str(day))] = (added or 0, removed or 0)
    if not found:
        return []
    days = _days(wanted, found.values(), now)
    names = dict(Account.objects.filter(pk__in=found).values_list("pk", "name"))
    lines = [_timeline(account_id, names.get(account_id, ""), days, counts) for account_id, counts in found.items()]
    return sorted(lines, key=lambda line: (-line.added - line.removed, line.name))[:MOST_ACCOUNTS]


def _first_shown(wanted: ChangeFilter, now: datetime) -> datetime:
    earliest = datetime.combine(now.astimezone(UTC).date() - timedelta(days=MOST_BARS - 1), time.min, UTC)
    return earliest if wanted.since is None else max(earliest, wanted.since)


def _days(wanted: ChangeFilter, found: Iterable[dict[date, tuple[int, int]]], now: datetime) -> list[date]:
    last = now.astimezone(UTC).date()
    first = min(min(days) for days in found)
    if wanted.since is not None:
        first = min(first, wanted.since.astimezone(UTC).date())
    first = max(first, last - timedelta(days=MOST_BARS - 1))
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _timeline(account_id: int, name: str, days: list[date], counts: dict[date, tuple[int, int]]) -> Timeline:
    most = max((max(counts.get(day, (0, 0))) for day in days), default=0) or 1
    step = WIDTH / len(days)
    width = max(1.0, min(step * 0.8, 24.0))
    bars = []
    for number, day in enumerate(days):
        added, removed = counts.get(day, (0, 0))
        if not added and not removed:
            continue
        up, down = ((max(1.5, (MIDDLE - 2) * value / most) if value else 0.0) for value in (added, removed))
        x = number * step + (step - width) / 2
        bars.append(Bar(day, added, removed, round(x, 1), round(width, 1), round(up, 1), round(down, 1)))
    return Timeline(account_id, name, bars, sum(bar.added for bar in bars), sum(bar.removed for bar in bars))
