"""Shows what a sync would do for one group with settings that are not saved yet (20 §4.2). Writes nothing."""

from dataclasses import dataclass, field

from channels_app.autosync.choose_streams import Renamer
from channels_app.autosync.plan import plan_sync
from channels_app.autosync.read_situation import read_situation
from channels_app.autosync.settings import Numbering, SyncSettings, compiled_rename, read_settings
from channels_app.autosync.taken_numbers import taken_numbers
from channels_app.autosync.telling import number_text, read_names, told_change, told_choices
from channels_app.autosync.values import ChannelNow, Failure, GroupPlan, SyncPlan
from channels_app.models import Logo
from channels_app.numbering import format_number
from ecm_site.wording import shortened
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
    new_channels: list[str] = field(default_factory=list)
    """What every new channel gets beside its stream: profiles, stream profile, logo."""
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
    plan = plan_sync(situation, watched=group.pk)
    own = next(item for item in plan.groups if item.group.id == group.pk)
    preview = _counted(own, plan)
    channels = {channel.id: channel for channel in situation.channels}
    changes = {item.channel_id: item.after for item in own.changes}
    memberships = {item.channel_id: item for item in own.memberships}
    sampled = own.changed_ids[:SAMPLES]
    new = own.creates[0].values if own.creates else {}
    names = read_names(
        [*(changes.get(pk, {}) for pk in sampled), {"stream_profile_id": new.get("stream_profile_id")}],
        [memberships[pk] for pk in sampled if pk in memberships],
        situation.new_targets,
        also=own.group.joins if own.creates else (),
    )
    preview.creates = [Line(number_text(item.values["number"]), str(item.values["name"])) for item in own.creates[:SAMPLES]]
    preview.changes = [_line(channels[pk], told_change(changes.get(pk, {}), memberships.get(pk), names)) for pk in sampled]
    preview.deletes = [_line(channels[pk]) for pk in own.deletes[:SAMPLES]]
    preview.failures = own.failures[:SAMPLES]
    preview.renames = _renames(own, settings)
    preview.new_channels = told_choices(own, names, logo=_logo_name(own)) if own.creates else []
    preview.warnings = [*own.group.missing, *_overlaps(group, settings), *taken_numbers(own, plan, situation, group.account_id)]
    return preview


def _counted(own: GroupPlan, plan: SyncPlan) -> Preview:
    others = [item for item in plan.groups if item is not own]
    return Preview(
        streams=len(own.chosen.streams),
        not_included=own.chosen.not_included,
        excluded=own.chosen.excluded,
        created=len(own.creates),
        changed=len(own.changed_ids),
        deleted=len(own.deletes),
        failed=len(own.failures),
        unchanged=own.unchanged,
        elsewhere=len(plan.leftovers) + sum(len(i.creates) + len(i.changed_ids) + len(i.deletes) for i in others),
        too_slow=own.chosen.too_slow,
    )


def _line(channel: ChannelNow, detail: str = "") -> Line:
    return Line(format_number(channel.number), channel.name, detail)


def _logo_name(own: GroupPlan) -> str:
    """The name of the logo that all new channels get, if one was chosen."""
    pk = own.group.settings.logo_id
    return Logo.objects.filter(pk=pk).values_list("name", flat=True).first() or "" if pk is not None else ""


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
