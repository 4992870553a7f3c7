"""What the bell, its panel, its page and its API ask. Everything is indexed and none of it grows with the rows."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from tasks_app.models import Notification, NotificationKind, RunStatus, TaskRun
from tasks_app.notifications.dead_ends import without_dead_ends

IN_PANEL = 20
COUNTED_UNREAD = 100  # beyond 99 the badge says 99+ (N-7), so nobody needs to count on
NEWS_LIFETIME = timedelta(minutes=2)  # what is older does not pop up any more: the badge tells of it
NEWS_AT_ONCE = 5


@dataclass(frozen=True)
class BellState:
    """What the bell shows. ``token`` changes with everything that a page has to draw anew."""

    unread: int = 0
    has_errors: bool = False
    live: int = 0
    news: int = 0
    token: str = ""

    @property
    def badge(self) -> str:
        """ "" without unread ones, "99+" above 99 (N-7)."""
        return "99+" if self.unread > 99 else str(self.unread or "")

    @property
    def words(self) -> str:
        """The badge for people who hear it."""
        unread = "more than 99 unread" if self.unread > 99 else f"{self.unread} unread" if self.unread else "none unread"
        return f"{unread}, {self.live} running" if self.live else unread


@dataclass(frozen=True)
class NotificationFilter:
    """Filters of the page; everything empty shows all."""

    unread_only: bool = False
    kind: str = ""
    text: str = ""


@dataclass(frozen=True)
class NotificationPage:
    """One page of past notifications, newest first; ``total`` counts all that match."""

    rows: list[Notification]
    number: int
    size: int
    total: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))

    @property
    def has_next(self) -> bool:
        return self.number < self.pages


_STATE = """
SELECT COALESCE((SELECT revision FROM {table} ORDER BY revision DESC LIMIT 1), 0),
       COALESCE((SELECT MAX(id) FROM {table}), 0),
       COALESCE((SELECT news FROM {table} WHERE news > 0 ORDER BY news DESC LIMIT 1), 0),
       (SELECT COUNT(*) FROM {table} WHERE live),
       (SELECT COUNT(*) FROM (SELECT 1 FROM {table} WHERE NOT {read} AND NOT live LIMIT %s) AS counted),
       EXISTS (SELECT 1 FROM (SELECT kind FROM {table} WHERE NOT {read} AND NOT live LIMIT %s) AS seen WHERE kind = %s)
"""


def bell_state() -> BellState:
    """In one query, whatever has gathered; raises ``DatabaseError``."""
    table = connection.ops.quote_name(Notification._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            _STATE.format(table=table, read=connection.ops.quote_name("read")),
            [COUNTED_UNREAD, COUNTED_UNREAD, NotificationKind.ERROR],
        )
        revision, newest, news, live, unread, has_errors = cursor.fetchone()
    return BellState(unread, bool(has_errors), live, news, token=f"{revision}.{newest}.{unread}.{live}")


def live_lines() -> list[Notification]:
    """What runs right now, pinned on top of everything (N-3), with its run."""
    return list(Notification.objects.filter(live=True).select_related("run").order_by("pk"))


def newest(limit: int = IN_PANEL) -> list[Notification]:
    """The newest that are over, for the panel (N-7)."""
    return without_dead_ends(list(_past()[:limit]))


def news_since(seen: int) -> list[Notification]:
    """Those that deserve a word since revision ``seen``, oldest first: new errors, and those that want to pop up."""
    fresh = Notification.objects.filter(news__gt=seen, read=False, last_at__gte=timezone.now() - NEWS_LIFETIME)
    return without_dead_ends(list(fresh.select_related("run").order_by("-news")[:NEWS_AT_ONCE])[::-1])


def unread_count() -> int:
    return Notification.objects.filter(read=False, live=False).count()


def matching(wanted: NotificationFilter) -> QuerySet[Notification]:
    """Past notifications that fit, newest first."""
    rows = _past()
    if wanted.unread_only:
        rows = rows.filter(read=False)
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.text:
        rows = rows.filter(Q(title__icontains=wanted.text) | Q(message__icontains=wanted.text))
    return rows


def notification_page(wanted: NotificationFilter, *, number: int, size: int) -> NotificationPage:
    """Page ``number`` (from 1); one beyond the last is the last one."""
    rows = matching(wanted)
    total = rows.count()
    number = min(max(1, number), max(1, -(-total // size)))
    shown = without_dead_ends(list(rows[(number - 1) * size : number * size]))
    return NotificationPage(shown, number, size, total)


def progress_words(run: TaskRun) -> str:
    """Where a run stands: "120/500 (24.0%)" (N-1), the bare count while the total is unknown, or that it waits."""
    if run.status == RunStatus.QUEUED:
        return "waiting"
    if run.total:
        return f"{run.current:,}/{run.total:,} ({run.percentage}%)"
    return f"{run.current:,}" if run.current else ""


def _past() -> QuerySet[Notification]:
    return Notification.objects.filter(live=False).select_related("run").order_by("-last_at", "-pk")
