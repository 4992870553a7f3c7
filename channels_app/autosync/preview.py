"""Shows what a sync would do for one group with settings that are not saved yet (20 §4.2). Writes nothing."""

from dataclasses import dataclass, field
from decimal import Decimal

from channels_app.autosync.choose_streams import Renamer
from channels_app.autosync.plan import plan_sync
from channels_app.autosync.read_situation import read_situation
from channels_app.autosync.settings import Numbering, SyncSettings, compiled_rename, read_settings
from channels_app.autosync.values import ChannelNow, Failure, GroupPlan, Situation, SyncPlan
from channels_app.channel_fields import changed_labels
from channels_app.models import Channel
from channels_app.numbering import format_number, plain
from channels_app.write_changes import Values
from ecm_site.wording import counted, shortened
from m3u_app.models import StreamGroup

SAMPLES = 10


@dataclass(frozen=True)
class Line:
    """One channel of the preview: its number, its name, and what would be different."""

    number: str
    name: str
    detail: str = ""


@dataclass
class Preview:
    """Totals and at most ten samples per kind. ``renames`` are names before and after."""

    streams: int = 0
    not_included: int = 0
    excluded: int = 0
    created: int = 0
    changed: int = 0
    deleted: int = 0
    failed: int = 0
    unchanged: int = 0
    creates: list[Line] = field(default_factory=list)
    changes: list[Line] = field(default_factory=list)
    deletes: list[Line] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    renames: list[tuple[str, str]] = field(default_factory=list)
    elsewhere: int = 0
    """Changes that the same sync would make in other groups of the account."""
    too_slow: bool = False
    warnings: list[str] = field(default_factory=list)

    @property
    def dropped(self) -> int:
        return self.not_included + self.excluded

    @property
    def seen(self) -> int:
        return self.streams + self.dropped


def preview_sync(group: StreamGroup, settings: SyncSettings) -> Preview:
    """What the next sync would create, change and remove in ``group``. Raises ``PatternRefused``.

    ``settings`` must have been checked; other groups of the account take part with what is stored, as in a real run.
    """
    situation = read_situation(group.account_id, trial={group.pk: settings})
    plan = plan_sync(situation)
    own = next(item for item in plan.groups if item.group.id == group.pk)
    preview = _counted(own, plan)
    channels = {channel.id: channel for channel in situation.channels}
    preview.creates = [Line(_number(item.values["number"]), str(item.values["name"])) for item in own.creates[:SAMPLES]]
    preview.changes = [_changed_line(channels[item.channel_id], item.after) for item in own.changes[:SAMPLES]]
    preview.deletes = [_gone_line(channels[pk]) for pk in own.deletes[:SAMPLES]]
    preview.failures = own.failures[:SAMPLES]
    preview.renames = _renames(own, settings)
    preview.warnings = [*_overlaps(group, settings), *_taken(settings, situation)]
    return preview


def _counted(own: GroupPlan, plan: SyncPlan) -> Preview:
    others = [item for item in plan.groups if item is not own]
    return Preview(
        streams=len(own.chosen.streams),
        not_included=own.chosen.not_included,
        excluded=own.chosen.excluded,
        created=len(own.creates),
        changed=len(own.changes),
        deleted=len(own.deletes),
        failed=len(own.failures),
        unchanged=own.unchanged,
        elsewhere=len(plan.leftovers) + sum(len(i.creates) + len(i.changes) + len(i.deletes) for i in others),
        too_slow=own.chosen.too_slow,
    )


def _changed_line(channel: ChannelNow, values: Values) -> Line:
    told = []
    if "number" in values:
        told.append(f"number {_number(values['number']) or 'none'}")
    if "name" in values:
        told.append(f"name “{shortened(str(values['name']), 60)}”")
    rest = changed_labels([name for name in values if name not in ("number", "name")])
    return Line(format_number(channel.number), channel.name, ", ".join(filter(None, (*told, rest))))


def _gone_line(channel: ChannelNow) -> Line:
    return Line(format_number(channel.number), channel.name)


def _number(value: object) -> str:
    return format_number(value) if isinstance(value, Decimal) else ""


def _renames(own: GroupPlan, settings: SyncSettings) -> list[tuple[str, str]]:
    if compiled_rename(settings) is None:
        return []
    renamer = Renamer(settings)
    found: list[tuple[str, str]] = []
    for stream in own.chosen.streams:
        new = renamer.name_of(stream)
        if new != stream.name:
            found.append((stream.name, new))
            if len(found) == SAMPLES:
                break
    return found


def _overlaps(group: StreamGroup, settings: SyncSettings) -> list[str]:
    """Other auto-synced groups, of any account, whose range has numbers of this one (a warning, never a refusal)."""
    if settings.numbering is not Numbering.FIXED:
        return []
    others = StreamGroup.objects.filter(enabled=True, auto_channel_sync=True).exclude(pk=group.pk).select_related("account")
    found = []
    for other in others.order_by("auto_sync_channel_start", "name"):
        theirs = read_settings(other)
        if theirs.numbering is not Numbering.FIXED:
            continue
        first, end = theirs.first, theirs.end
        if (settings.end is None or first <= settings.end) and (end is None or settings.first <= end):
            last = f"–{format_number(end)}" if end is not None else " and up"
            name, account = shortened(other.name, 60), shortened(other.account.name, 60)
            found.append(f"“{name}” of “{account}” ({format_number(first)}{last})")
    if not found:
        return []
    more = f" and {len(found) - 3:,} more" if len(found) > 3 else ""
    return [f"The range overlaps with that of {', '.join(found[:3])}{more}. Numbers in use are skipped."]


def _taken(settings: SyncSettings, situation: Situation) -> list[str]:
    """Numbers of the range that other channels have."""
    if settings.numbering is not Numbering.FIXED:
        return []
    inside = [n for n in situation.other_numbers if settings.first <= n and (settings.end is None or n <= settings.end)]
    if not inside:
        return []
    lowest = plain(min(inside))
    name = Channel.objects.filter(number=lowest).order_by("pk").values_list("name", flat=True).first()
    example = f", the first by “{shortened(name, 60)}” ({format_number(lowest)})" if name else ""
    return [
        f"{counted(len(inside), 'number')} of the range {'is' if len(inside) == 1 else 'are'} taken by other channels{example}."
    ]
