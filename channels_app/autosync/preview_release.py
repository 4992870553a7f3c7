"""Shows what the next sync would write once fields that were set by hand are released. Writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from channels_app.autosync.plan import plan_sync
from channels_app.autosync.read_situation import read_situation
from channels_app.autosync.telling import read_names, told_change, told_value
from channels_app.autosync.values import ChannelNow, Situation, SyncPlan
from channels_app.channel_fields import changed_labels, same_value
from channels_app.chunks import chunked
from channels_app.models import Channel
from channels_app.numbering import format_number
from channels_app.pins import PINNABLE
from channels_app.write_changes import Values
from ecm_site.regex import PatternRefused
from ecm_site.wording import shortened
from m3u_app.models import Account

SHOWN = 100
STAYS = "stays as it is"
NOT_FOLLOWED = "stays as it is: its group is not kept in step"
REMOVED = "would be removed: its streams are gone"
ORPHAN = "stays as it is: the account that it was made for is gone"


@dataclass(frozen=True)
class ReleasedLine:
    """One channel: which fields would be released, and what the next sync would then write."""

    channel_id: int
    number: str
    name: str
    released: str
    detail: str


@dataclass
class ReleasePreview:
    """``changing``: channels of the selection that the next sync would write to, beyond what it does anyway; ``removing``:
    that it would remove. ``others``: further channels that get another number or name by it. ``problems``: accounts whose
    plan cannot be made, in words."""

    total: int = 0
    changing: int = 0
    removing: int = 0
    others: int = 0
    lines: list[ReleasedLine] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def preview_release(channel_ids: Sequence[int], fields: frozenset[str] = frozenset()) -> ReleasePreview:
    """What releasing ``fields`` (none = all) of these channels comes to. Queries grow with the accounts, not with channels."""
    wanted = fields or PINNABLE
    by_account = _by_account(channel_ids, wanted)
    concerned = set().union(*by_account.values())
    shown = [pk for pk in dict.fromkeys(channel_ids) if pk in concerned][:SHOWN]
    preview = ReleasePreview(total=len(concerned))
    lines: dict[int, ReleasedLine] = {}
    for account_id, ids in by_account.items():
        lines |= _of_account(account_id, ids, wanted, preview, ids.intersection(shown))
    preview.lines = [lines[pk] for pk in shown if pk in lines]
    return preview


def next_values(channel_id: int) -> dict[str, str]:
    """What the next sync would write into each field of a channel if all that was set by hand were released, in words.

    Empty for what stays as it is, and where no plan can be made.
    """
    account_id = Channel.objects.filter(pk=channel_id, auto_created=True).values_list("auto_created_by_id", flat=True).first()
    if account_id is None:
        return {}
    situation = read_situation(account_id)
    try:
        kept, plan = _plans(situation, {channel_id}, PINNABLE)
    except PatternRefused:
        return {}
    values = _differences(kept, plan).get(channel_id, {})
    names = read_names([values], (), situation.new_targets)
    return {name: told_value(name, value, names) for name, value in values.items()}


def _plans(situation: Situation, ids: set[int], wanted: frozenset[str]) -> tuple[SyncPlan, SyncPlan]:
    """The plan as things are, and with these fields of these channels released. Raises ``PatternRefused``."""
    released = [
        replace(channel, pinned=channel.pinned - wanted) if channel.id in ids else channel for channel in situation.channels
    ]
    return plan_sync(situation), plan_sync(replace(situation, channels=released))


def _by_account(channel_ids: Sequence[int], wanted: frozenset[str]) -> dict[int | None, set[int]]:
    found: dict[int | None, set[int]] = {}
    for portion in chunked(list(dict.fromkeys(channel_ids))):
        rows = Channel.objects.filter(pk__in=portion, auto_created=True)
        for pk, account_id, pinned in rows.values_list("pk", "auto_created_by_id", "pinned_fields"):
            if wanted.intersection(pinned or ()):
                found.setdefault(account_id, set()).add(pk)
    return found


def _of_account(
    account_id: int | None, ids: set[int], wanted: frozenset[str], preview: ReleasePreview, shown: set[int]
) -> dict[int, ReleasedLine]:
    """Adds what an account's plan comes to up in ``preview``; returns the lines of the channels ``shown``."""
    if account_id is None:
        return _unplanned(shown, wanted, ORPHAN)
    situation = read_situation(account_id)
    try:
        kept, plan = _plans(situation, ids, wanted)
    except PatternRefused as refusal:
        name = Account.objects.filter(pk=account_id).values_list("name", flat=True).first() or ""
        preview.problems.append(f"“{shortened(name)}” cannot be synchronised: a pattern in its settings is none. {refusal}")
        return _unplanned(shown, wanted, STAYS)
    differing = _differences(kept, plan)
    removed = set(plan.deletes) - set(kept.deletes)
    preview.changing += len(differing.keys() & ids)
    preview.removing += len(removed & ids)
    preview.others += len((differing.keys() | removed) - ids)
    followed = {group.id for group in situation.groups}
    names = read_names([differing.get(pk, {}) for pk in shown], (), situation.new_targets)
    channels = {channel.id: channel for channel in situation.channels}
    lines = {}
    for pk in shown & channels.keys():
        channel = channels[pk]
        if pk in removed:
            detail = REMOVED
        elif pk in differing:
            detail = told_change(differing[pk], None, names)
        else:
            detail = STAYS if channel.synced_group in followed else NOT_FOLLOWED
        lines[pk] = _line(channel, wanted, detail)
    return lines


def _differences(kept: SyncPlan, plan: SyncPlan) -> dict[int, Values]:
    """Values by channel that ``plan`` writes and ``kept`` does not, or writes otherwise."""
    known = {change.channel_id: change.after for change in kept.changes}
    found = {}
    for change in plan.changes:
        before = known.get(change.channel_id, {})
        values = {
            name: value
            for name, value in change.after.items()
            if name not in before or not same_value(name, before[name], value)
        }
        if values:
            found[change.channel_id] = values
    return found


def _line(channel: ChannelNow, wanted: frozenset[str], detail: str) -> ReleasedLine:
    released = changed_labels(sorted(channel.pinned & wanted))
    return ReleasedLine(channel.id, format_number(channel.number), channel.name, released, detail)


def _unplanned(ids: set[int], wanted: frozenset[str], detail: str) -> dict[int, ReleasedLine]:
    found = {}
    for portion in chunked(sorted(ids)):
        rows = Channel.objects.filter(pk__in=portion).values_list("pk", "number", "name", "pinned_fields")
        for pk, number, name, pinned in rows:
            released = changed_labels(sorted(wanted.intersection(pinned)))
            found[pk] = ReleasedLine(pk, format_number(number), name, released, detail)
    return found
