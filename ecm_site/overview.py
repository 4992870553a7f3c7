"""What the dashboard shows: how the house is doing, in a fixed number of cheap queries."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from channels_app.models import Channel, ChannelGroup, ChannelStream
from ecm_site.masking import mask_text
from ecm_site.wording import counted
from epg_app.models import GuideSource, SourceStatus
from m3u_app.models import Account, AccountStatus
from tasks_app.models import ACTIVE_STATUSES, JournalEntry, RunStatus, TaskRun
from tasks_app.queries import WorkerHealth, worker_health

SHOWN_SOURCES = 12
SHOWN_RUNS = 6
SHOWN_CHANGES = 6
TROUBLE_WINDOW = timedelta(hours=24)


@dataclass(frozen=True)
class SourceLine:
    """One provider or guide source. ``level`` is success, warning, danger, info (busy) or secondary (off)."""

    kind: str
    name: str
    url: str
    level: str
    status: str
    message: str
    counted: str
    refreshed_at: datetime | None


@dataclass(frozen=True)
class LineupCounts:
    channels: int
    groups: int
    with_guide: int
    wanting_guide: int
    without_streams: int

    @property
    def coverage(self) -> int:
        """Percent of the channels that want a guide and have one; 0 without channels."""
        return round(100 * self.with_guide / self.wanting_guide) if self.wanting_guide else 0


@dataclass(frozen=True)
class Overview:
    sources: list[SourceLine]
    accounts: int
    guides: int
    streams: int
    troubled_sources: int
    lineup: LineupCounts
    active: list[TaskRun]
    recent: list[TaskRun]
    failed_lately: int
    changes: list[JournalEntry]
    worker: WorkerHealth

    @property
    def is_busy(self) -> bool:
        return bool(self.active)


def overview() -> Overview:
    """Gather the dashboard. Sources in trouble come first."""
    lines = _account_lines() + _guide_lines()
    lines.sort(key=lambda line: ("danger", "warning", "info", "success", "secondary").index(line.level))
    runs = TaskRun.objects.defer("details", "parameters")
    return Overview(
        sources=lines[:SHOWN_SOURCES],
        accounts=sum(line.kind == "provider" for line in lines),
        guides=sum(line.kind == "guide" for line in lines),
        streams=sum(Account.objects.values_list("stream_count", flat=True)),
        troubled_sources=sum(line.level in ("danger", "warning") for line in lines),
        lineup=lineup_counts(),
        active=list(runs.filter(status__in=ACTIVE_STATUSES).order_by("pk")[:SHOWN_RUNS]),
        recent=list(runs.exclude(status__in=ACTIVE_STATUSES)[:SHOWN_RUNS]),
        failed_lately=TaskRun.objects.filter(
            status__in=(RunStatus.FAILED, RunStatus.TERMINATED), completed_at__gte=timezone.now() - TROUBLE_WINDOW
        ).count(),
        changes=_latest_changes(),
        worker=worker_health(),
    )


def lineup_counts() -> LineupCounts:
    """Counts of the lineup in two queries."""
    has_streams = Exists(ChannelStream.objects.filter(channel=OuterRef("pk")))
    counted = Channel.objects.aggregate(
        channels=Count("pk"),
        with_guide=Count("pk", filter=Q(guide_entry__isnull=False, no_epg=False)),
        wanting_guide=Count("pk", filter=Q(no_epg=False)),
        without_streams=Count("pk", filter=~has_streams),
    )
    return LineupCounts(groups=ChannelGroup.objects.count(), **counted)


def _latest_changes() -> list[JournalEntry]:
    """One line for each batch, however many channels it touched; task runs have a list of their own."""
    entries = JournalEntry.objects.filter(leads=True).exclude(category="task")
    return list(entries.defer("before_value", "after_value")[:SHOWN_CHANGES])


_ACCOUNT_LEVELS = {
    AccountStatus.ERROR: "danger",
    AccountStatus.PENDING_SETUP: "warning",
    AccountStatus.FETCHING: "info",
    AccountStatus.PARSING: "info",
    AccountStatus.SUCCESS: "success",
    AccountStatus.IDLE: "secondary",
    AccountStatus.DISABLED: "secondary",
}
_GUIDE_LEVELS = {
    SourceStatus.ERROR: "danger",
    SourceStatus.FETCHING: "info",
    SourceStatus.PARSING: "info",
    SourceStatus.SUCCESS: "success",
    SourceStatus.IDLE: "secondary",
    SourceStatus.DISABLED: "secondary",
}


def _account_lines() -> list[SourceLine]:
    fields = ("name", "status", "last_message", "stream_count", "updated_at", "held_back", "is_active")
    return [
        SourceLine(
            kind="provider",
            name=account.name,
            url=reverse("m3u:account", args=[account.pk]),
            level="warning" if account.held_back else _ACCOUNT_LEVELS.get(AccountStatus(account.status), "secondary"),
            status="Waiting for your decision" if account.held_back else account.get_status_display(),
            message=mask_text(account.last_message),
            counted=counted(account.stream_count, "stream"),
            refreshed_at=account.updated_at,
        )
        for account in Account.objects.only(*fields)
    ]


def _guide_lines() -> list[SourceLine]:
    fields = ("name", "status", "last_message", "programme_count", "entry_count", "last_success_at")
    return [
        SourceLine(
            kind="guide",
            name=source.name,
            url=reverse("guide:source", args=[source.pk]),
            level=_GUIDE_LEVELS.get(SourceStatus(source.status), "secondary"),
            status=source.get_status_display(),
            message=mask_text(source.last_message),
            counted=counted(source.entry_count, "guide channel"),
            refreshed_at=source.last_success_at,
        )
        for source in GuideSource.objects.only(*fields)
    ]
