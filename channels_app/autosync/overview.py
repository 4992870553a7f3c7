"""What the page of an account's auto-sync shows. A fixed number of queries."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from channels_app.autosync.settings import Numbering, SyncSettings, read_settings
from channels_app.autosync.tasks import TASK_ID
from channels_app.models import AccountSync, Channel
from channels_app.numbering import format_number
from m3u_app.models import StreamGroup
from m3u_app.natural_order import natural_key
from tasks_app.models import TaskRun
from tasks_app.queries import active_runs

MOST_GROUPS = 500


@dataclass(frozen=True)
class GroupRow:
    """A followed group. ``numbers`` says in words where its channels go."""

    group: StreamGroup
    settings: SyncSettings
    numbers: str
    channels: int


@dataclass(frozen=True)
class Overview:
    rows: list[GroupRow]
    total: int
    """Followed groups, those beyond :data:`MOST_GROUPS` included."""
    channels: int
    pinned: int
    """Channels of which somebody set something by hand."""
    state: AccountSync
    run: TaskRun | None
    """The sync that is waiting or running."""

    @property
    def result(self) -> dict[str, Any]:
        return self.state.last_result if isinstance(self.state.last_result, dict) else {}


def read_overview(account_id: int) -> Overview:
    followed = StreamGroup.objects.filter(account_id=account_id, enabled=True, auto_channel_sync=True)
    groups = sorted(followed, key=lambda group: (natural_key(group.name), group.pk))
    own = Channel.objects.filter(auto_created=True, auto_created_by_id=account_id)
    counts: dict[int | None, int] = dict(own.order_by().values_list("synced_group").annotate(count=Count("pk")))
    key = f"{TASK_ID}:{account_id}"
    return Overview(
        rows=[_row(group, counts.get(group.pk, 0)) for group in groups[:MOST_GROUPS]],
        total=len(groups),
        channels=sum(counts.values()),
        pinned=own.exclude(pinned_fields=[]).count(),
        state=AccountSync.objects.filter(account_id=account_id).first() or AccountSync(account_id=account_id),
        run=active_runs([key]).get(key),
    )


def _row(group: StreamGroup, channels: int) -> GroupRow:
    settings = read_settings(group)
    return GroupRow(group, settings, _numbers(settings), channels)


def _numbers(settings: SyncSettings) -> str:
    if settings.numbering is Numbering.NEXT_AVAILABLE:
        return "lowest free"
    if settings.numbering is Numbering.PROVIDER:
        return f"provider's, else from {format_number(settings.fallback)}"
    first = format_number(settings.first)
    return f"from {first}" if settings.end is None else f"{first}–{format_number(settings.end)}"
