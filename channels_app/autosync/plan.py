"""Plans a sync (20 §4.3, §4.4). Pure: the same situation gives the same plan, and once it is carried out, an empty one."""

from decimal import Decimal

from channels_app.autosync.choose_streams import Renamer, SyncStream, choose_streams
from channels_app.autosync.claim_channels import Claims, claim_channels
from channels_app.autosync.numbers import FreeNumbers, NumberPicker
from channels_app.autosync.settings import Numbering
from channels_app.autosync.values import (
    ChannelNow,
    Failure,
    GroupPlan,
    MembershipChange,
    NewChannel,
    Reason,
    Situation,
    SyncGroup,
    SyncPlan,
)
from channels_app.channel_fields import same_value
from channels_app.channel_from_stream import usable_logo
from channels_app.commands import FieldValue
from channels_app.models import LeftoverChoice
from channels_app.numbering import plain
from channels_app.write_changes import ChannelChange, Values

_ORDER = {Numbering.FIXED: 0, Numbering.PROVIDER: 1, Numbering.NEXT_AVAILABLE: 2}


def plan_sync(now: Situation, *, watched: int | None = None) -> SyncPlan:
    """What has to be created, changed and removed. Raises ``PatternRefused`` for a stored pattern that is none.

    For the provider group ``watched`` it is also noted which numbers others took before it (``GroupPlan.skipped``).
    Groups with a range of their own come first, those that take whatever is free last: they then keep out of the ranges.
    """
    groups = sorted(now.groups, key=lambda item: (_ORDER[item.settings.numbering], item.settings.first, item.id))
    plans = [GroupPlan(group, choose_streams(now.streams.get(group.id, ()), group.settings)) for group in groups]
    claims = claim_channels((stream for plan in plans for stream in plan.chosen.streams), now.channels)
    result = SyncPlan(groups=plans)
    removing = _remove(now, plans, claims, result)
    free = FreeNumbers(_taken_numbers(now, plans, claims, removing))
    for plan in plans:
        planner = _GroupPlanner(plan, now, claims, free, result)
        planner.run()
        if plan.group.id == watched:
            plan.skipped = planner.skipped()
    used = {plan.group.target_id for plan in plans if plan.creates or plan.changes}
    result.new_targets = {key: name for key, name in now.new_targets.items() if key in used}
    return result


def _remove(now: Situation, plans: list[GroupPlan], claims: Claims, result: SyncPlan) -> set[int]:
    """Steps 3 and 9 and §4.4: channels whose streams are gone. Hidden ones stay, and what the operator wants to keep."""
    by_group = {plan.group.id: plan for plan in plans}
    removing: set[int] = set()
    for channel in now.channels:
        if channel.id in claims.claimed or not may_go(channel, now.leftovers):
            continue
        plan = by_group.get(channel.synced_group or 0)
        if plan is not None:
            if not _carries_others(channel, plan.group.id):
                plan.deletes.append(channel.id)
                removing.add(channel.id)
        elif not channel.has_account_stream and not channel.streams:
            result.leftovers.append(channel.id)
            removing.add(channel.id)
    return removing


def may_go(channel: ChannelNow, leftovers: LeftoverChoice) -> bool:
    """Whether a sync may remove this channel at all (20 §4.4)."""
    if channel.is_hidden or leftovers == LeftoverChoice.NEVER:
        return False
    return not (leftovers == LeftoverChoice.PRESERVE_CUSTOMIZED and channel.pinned)


def _carries_others(channel: ChannelNow, group_id: int) -> bool:
    """Whether it has a living stream beside the one it was made for: somebody added it (20 §24 trap 38)."""
    return any(stream.group_id != group_id and stream.id != channel.synced_stream for stream in channel.streams)


def _taken_numbers(now: Situation, plans: list[GroupPlan], claims: Claims, removing: set[int]) -> set[Decimal]:
    """Step 2: numbers that no channel of this sync may get. Those that it gives out anew are free."""
    compact = {stream.id for plan in plans if plan.group.settings.compact for stream in plan.chosen.streams}
    loses_number = {
        channel.id for stream_id, channel in claims.by_stream.items() if stream_id in compact and "number" not in channel.pinned
    }
    taken = set(now.other_numbers)
    for channel in now.channels:
        if channel.number is None or channel.id in removing or channel.id in loses_number:
            continue
        if channel.id not in claims.claimed or channel.keeps_number:
            taken.add(plain(channel.number))
    return taken


class _GroupPlanner:
    """Steps 4 to 8 and 10 for one group."""

    def __init__(self, plan: GroupPlan, now: Situation, claims: Claims, free: FreeNumbers, result: SyncPlan) -> None:
        self.plan, self.now, self.claims, self.taken, self.result = plan, now, claims, free.taken, result
        self.group: SyncGroup = plan.group
        self.settings = plan.group.settings
        self.picker = NumberPicker(self.settings, free)
        self.renamer = Renamer(self.settings)
        self.guide = now.guide.get(self.settings.guide_source_id, {})

    def run(self) -> None:
        for stream in self.plan.chosen.streams:
            channel = self.claims.by_stream.get(stream.id)
            if channel is not None:
                self._update(stream, channel)
            elif stream.id not in self.claims.covered:
                self._create(stream)

    def skipped(self) -> list[Decimal]:
        """Numbers that this group would have used had channels outside of it not had them. Ask right after :meth:`run`."""
        kept = self._kept_numbers()
        return [number for number in self.picker.skipped() if number in self.now.other_numbers or number not in kept]

    def _create(self, stream: SyncStream) -> None:
        values = self._values(stream)
        number = self.picker.pick(stream.number)
        if number is None:
            self._fail(str(values["name"]))
            return
        entry_id = None if self.settings.no_guide else self.guide.get(stream.tvg_id)
        values |= {"number": number, "guide_entry_id": entry_id}
        self.plan.creates.append(NewChannel(stream.id, self.group.id, values, self.group.joins))

    def _update(self, stream: SyncStream, channel: ChannelNow) -> None:
        values = self._values(stream)
        number, stays = self._number_for(stream, channel)
        if not stays:
            self.plan.deletes.append(channel.id)
            return
        values["number"] = number
        if "epg_locked" not in channel.pinned and "no_epg" not in channel.pinned and not channel.values["epg_locked"]:
            values["guide_entry_id"] = self._guide_for(stream, channel)
        after: Values = {
            name: value
            for name, value in values.items()
            if name not in channel.pinned and not same_value(name, channel.values[name], value)
        }
        if after:
            before: Values = {name: channel.values[name] for name in after}
            self.plan.changes.append(ChannelChange(channel.id, before, after))
        if not self._reconcile(channel) and not after:
            self.plan.unchanged += 1
        if (channel.synced_stream, channel.synced_group) != (stream.id, self.group.id):
            self.result.owners[channel.id] = (stream.id, self.group.id)

    def _reconcile(self, channel: ChannelNow) -> bool:
        """Step 8: bring its channel profiles in line with those that were chosen. Whether something changes."""
        wanted = self.group.exactly
        if wanted is None or wanted == channel.profile_ids:
            return False
        self.plan.memberships.append(
            MembershipChange(channel.id, enable=wanted - channel.profile_ids, disable=channel.profile_ids - wanted)
        )
        return True

    def _number_for(self, stream: SyncStream, channel: ChannelNow) -> tuple[Decimal | None, bool]:
        """The number that the channel gets or keeps, and whether the channel stays (step 5)."""
        if "number" in channel.pinned:
            return channel.number, True
        if channel.is_hidden:
            return (None if self.settings.compact else channel.number), True
        number = self.picker.pick(stream.number)
        if number is not None:
            return number, True
        self._fail(channel.name)
        if self.settings.compact:
            return None, True
        if self._is_outside(channel.number) and may_go(channel, self.now.leftovers):
            return None, False
        if channel.number is not None:
            self.taken.add(plain(channel.number))
        return channel.number, True

    def _is_outside(self, number: Decimal | None) -> bool:
        end = self.settings.end
        if self.settings.numbering is not Numbering.FIXED or end is None or number is None:
            return False
        return not self.settings.first <= number <= end

    def _values(self, stream: SyncStream) -> dict[str, FieldValue]:
        """What a channel takes from its stream (step 6), without number and guide entry."""
        values: dict[str, FieldValue] = {
            "name": self.renamer.name_of(stream),
            "tvg_id": stream.tvg_id,
            "gracenote_id": stream.station_id,
            "logo_url": self.group.logo_url or usable_logo(stream.logo_url),
            "group_id": self.group.target_id,
            "no_epg": self.settings.no_guide,
        }
        if self.settings.stream_profile_id is not None:
            values["stream_profile_id"] = self.settings.stream_profile_id
        return values

    def _guide_for(self, stream: SyncStream, channel: ChannelNow) -> FieldValue:
        """The entry with the stream's TVG-ID. Without one, a channel keeps what it has unless a source was chosen."""
        if self.settings.no_guide:
            return None
        entry_id = self.guide.get(stream.tvg_id)
        if entry_id is None and self.settings.guide_source_id is None:
            return channel.values["guide_entry_id"]
        return entry_id

    def _kept_numbers(self) -> set[Decimal]:
        """Numbers that channels of this group keep, being hidden or set by hand."""
        found: set[Decimal] = set()
        for stream in self.plan.chosen.streams:
            channel = self.claims.by_stream.get(stream.id)
            if channel is not None and channel.number is not None and channel.keeps_number:
                found.add(plain(channel.number))
        return found

    def _fail(self, name: str) -> None:
        self.plan.failures.append(Failure(Reason.RANGE_EXHAUSTED, name, self.group.name))
