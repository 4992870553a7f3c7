"""What the page of an account's auto-sync shows. A fixed number of queries."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from channels_app.autosync.chosen_rows import ChosenRows, read_chosen
from channels_app.autosync.settings import Numbering, SyncSettings, read_settings
from channels_app.autosync.tasks import TASK_ID
from channels_app.models import AccountSync, Channel
from channels_app.numbering import format_number
from ecm_site.wording import shortened
from m3u_app.models import StreamGroup
from m3u_app.natural_order import natural_key
from tasks_app.models import TaskRun
from tasks_app.queries import active_runs

ROWS = 100
PROFILES_NAMED = 3
MOST_NAMED = 200  # channels in an address: well below what servers accept


@dataclass(frozen=True)
class GroupRow:
    """A followed group. ``numbers`` and ``choices`` say in words where its channels go and what they get.

    ``missing``: a sentence for each choice that no longer exists.
    """

    group: StreamGroup
    settings: SyncSettings
    numbers: str
    channels: int
    choices: list[str]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Overview:
    rows: list[GroupRow]
    """Those of the page."""
    total: int
    """Followed groups, found or not."""
    found: int
    """Those whose name holds the text that was searched for."""
    page: int
    pages: int
    channels: int
    pinned: int
    """Channels of which somebody set something by hand."""
    releasable: list[int]
    """Those channels, where they are few enough to be named in an address; else nothing."""
    state: AccountSync
    run: TaskRun | None
    """The sync that is waiting or running."""

    @property
    def first(self) -> int:
        """The place of the first row shown, counted from 1."""
        return (self.page - 1) * ROWS + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def previous_page(self) -> int:
        """0 = this is the first one."""
        return self.page - 1

    @property
    def next_page(self) -> int:
        """0 = this is the last one."""
        return self.page + 1 if self.page < self.pages else 0

    @property
    def result(self) -> dict[str, Any]:
        return self.state.last_result if isinstance(self.state.last_result, dict) else {}


def read_overview(account_id: int, *, text: str = "", page: int = 1) -> Overview:
    """A page of the followed groups whose name holds ``text``, in natural order, and how the account's sync stands."""
    followed = StreamGroup.objects.filter(account_id=account_id, enabled=True, auto_channel_sync=True)
    every = sorted(followed, key=lambda group: (natural_key(group.name), group.pk))
    groups = [group for group in every if text.casefold() in group.name.casefold()]
    pages = max(1, -(-len(groups) // ROWS))
    page = min(max(1, page), pages)
    shown = groups[(page - 1) * ROWS : page * ROWS]
    own = Channel.objects.filter(auto_created=True, auto_created_by_id=account_id)
    counts: dict[int | None, int] = dict(own.order_by().values_list("synced_group").annotate(count=Count("pk")))
    pinned = own.exclude(pinned_fields=[])
    named = list(pinned.order_by("pk").values_list("pk", flat=True)[: MOST_NAMED + 1])
    key = f"{TASK_ID}:{account_id}"
    settings = {group.pk: read_settings(group) for group in shown}
    chosen = read_chosen(settings.values())
    return Overview(
        rows=[_row(group, settings[group.pk], chosen, counts.get(group.pk, 0)) for group in shown],
        total=len(every),
        found=len(groups),
        page=page,
        pages=pages,
        channels=sum(counts.values()),
        pinned=pinned.count(),
        releasable=[] if len(named) > MOST_NAMED else sorted(named),
        state=AccountSync.objects.filter(account_id=account_id).first() or AccountSync(account_id=account_id),
        run=active_runs([key]).get(key),
    )


def _row(group: StreamGroup, settings: SyncSettings, chosen: ChosenRows, channels: int) -> GroupRow:
    choices = _choices(chosen.usable(settings), chosen)
    return GroupRow(group, settings, _numbers(settings), channels, choices, chosen.missing(settings))


def _choices(settings: SyncSettings, chosen: ChosenRows) -> list[str]:
    """What was chosen beside the numbers; only what exists."""
    told = []
    if settings.group_id is not None:
        told.append(f"into “{shortened(chosen.groups[settings.group_id], 40)}”")
    if settings.guide_source_id is not None:
        told.append(f"guide from “{shortened(chosen.sources[settings.guide_source_id], 40)}”")
    elif settings.no_guide:
        told.append("no guide")
    if settings.logo_id is not None:
        told.append(f"logo “{shortened(chosen.logos[settings.logo_id][0], 40)}”")
    if settings.stream_profile_id is not None:
        told.append(f"stream profile “{shortened(chosen.stream_profiles[settings.stream_profile_id], 40)}”")
    if settings.profile_ids is not None:
        names = [f"“{shortened(chosen.profiles[pk], 40)}”" for pk in settings.profile_ids[:PROFILES_NAMED]]
        more = len(settings.profile_ids) - len(names)
        told.append(f"in {', '.join(names)}{f' and {more:,} more' if more else ''}" if names else "in no channel profile")
    return told


def _numbers(settings: SyncSettings) -> str:
    if settings.numbering is Numbering.NEXT_AVAILABLE:
        return "lowest free"
    if settings.numbering is Numbering.PROVIDER:
        return f"provider's, else from {format_number(settings.fallback)}"
    first = format_number(settings.first)
    return f"from {first}" if settings.end is None else f"{first}–{format_number(settings.end)}"
