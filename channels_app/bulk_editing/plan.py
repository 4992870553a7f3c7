"""Works a bulk edit out without doing it: what would change, what would not, what is refused and why.

The dialog shows the plan and :mod:`carry_out` stores the very same one, so the preview is the result.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from channels_app.bulk_editing.checks import Checked, checked
from channels_app.bulk_editing.command import BulkEdit
from channels_app.bulk_editing.reading import Values, first_logos, holders, members, names_of, read_channels
from channels_app.channel_fields import FIELDS, NAME_LENGTH
from channels_app.commands import FieldValue
from channels_app.errors import EditRefused, NotThere
from channels_app.link_guide import linked_entries
from channels_app.models import ChannelGroup
from channels_app.number_changes import SharedNumber
from channels_app.numbering import LARGEST, auto_rename, format_number, number_steps, plain
from channels_app.write_changes import ChannelChange
from ecm_site.wording import counted

_NAMED = 3  # shared numbers that are told with the names of their channels


@dataclass(frozen=True)
class RefusedRow:
    """A channel that stays entirely as it is, and why."""

    channel_id: int
    name: str
    sentence: str


@dataclass
class BulkPlan:
    """``rows`` are the channels as they are now, in the order of the pane."""

    rows: dict[int, Values]
    changes: list[ChannelChange] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    duplicates: list[SharedNumber] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    new_group: str = ""
    enabled: int = 0
    disabled: int = 0
    members_changed: set[int] = field(default_factory=set)
    member_ids: list[int] = field(default_factory=list)

    @property
    def changed_ids(self) -> set[int]:
        return {change.channel_id for change in self.changes} | self.members_changed

    @property
    def changed(self) -> int:
        return len(self.changed_ids)

    @property
    def unchanged(self) -> int:
        return len(self.rows) - self.changed - len(self.refused)


def plan_bulk_edit(command: BulkEdit, channel_ids: Sequence[int]) -> BulkPlan:
    """The plan for these channels, numbered in this order.

    The number of queries does not depend on how many they are; looking for guide entries costs one for 500 TVG-IDs.
    Raises :class:`EditRefused` naming fields that are wrong, :class:`NotThere` when none of the channels exists.
    """
    wish = checked(command)
    rows = read_channels(channel_ids)
    if not rows:
        raise NotThere("These channels no longer exist. Reload the page.")
    plan = BulkPlan(rows)
    if len(rows) < len(set(channel_ids)):
        gone = len(set(channel_ids)) - len(rows)
        plan.notes.append(f"{counted(gone, 'channel')} no longer {'exists' if gone == 1 else 'exist'}.")
    wanted = _Wanted(plan, wish)
    plan.changes = wanted.changes()
    if any("group_id" in change.after for change in plan.changes):
        plan.new_group = wish.new_group
    plan.duplicates = _shared(plan)
    _plan_members(plan, command)
    if wish.names.is_slow:
        plan.notes.append(
            "This pattern looks around or back, which can be slow. Where it takes longer than a tenth of a second it counts "
            "as not found."
        )
    if wish.names.cut_off:
        plan.notes.append(f"The pattern took too long on {counted(wish.names.cut_off, 'name')}; it counts as not found there.")
    return plan


class _Wanted:
    """New values of every channel, field after field: later ones look at what earlier ones became."""

    def __init__(self, plan: BulkPlan, wish: Checked) -> None:
        self.plan = plan
        self.wish = wish
        self.command = wish.command
        self.after: dict[int, Values] = {pk: {} for pk in plan.rows}

    def changes(self) -> list[ChannelChange]:
        self._names()
        self._numbers()
        self._simple()
        self._logos()
        self._texts()
        self._guide()
        return list(self._different())

    def _refuse(self, pk: int, sentence: str) -> None:
        self.plan.refused.append(RefusedRow(pk, str(self.plan.rows[pk]["name"]), sentence))
        del self.after[pk]

    def _kept(self, count: int, what: str, why: str) -> None:
        if count:
            self.plan.notes.append(f"{counted(count, 'channel')} {'keeps its' if count == 1 else 'keep their'} {what}: {why}.")

    def _now(self, pk: int) -> Values:
        return {**self.plan.rows[pk], **self.after[pk]}

    def _names(self) -> None:
        if not self.command.changes_names:
            return
        for pk, row in self.plan.rows.items():
            old = str(row["name"])
            new = self.wish.names(old)
            if new != old:
                self._set_checked(pk, "name", new, empty="The name would be empty.", long="The name would be too long")

    def _set_checked(self, pk: int, name: str, value: str, *, empty: str, long: str) -> None:
        try:
            cleaned = FIELDS[name].clean(value)
        except ValueError:
            self._refuse(pk, f"{long}: {len(value):,} characters." if value.strip() else empty)
        else:
            if cleaned:
                self.after[pk][name] = cleaned
            else:
                self._refuse(pk, empty)

    def _numbers(self) -> None:
        kind = self.command.number
        if kind == "clear":
            for values in self.after.values():
                values["number"] = None
        elif kind == "start":
            try:
                numbers = number_steps(self.wish.start, len(self.after))
            except ValueError as error:
                raise EditRefused({"number_value": str(error)}) from None
            for pk, number in zip(self.after, numbers, strict=True):
                self._number(pk, number)
        elif kind == "shift":
            for pk in list(self.after):
                old = self.plan.rows[pk]["number"]
                if isinstance(old, Decimal):
                    self._shift(pk, plain(old + self.wish.distance))

    def _shift(self, pk: int, number: Decimal) -> None:
        if number < 0:
            self._refuse(pk, f"The number would be {format_number(number)}.")
        elif number > LARGEST:
            self._refuse(pk, "The number would be too large.")
        else:
            self._number(pk, number)

    def _number(self, pk: int, number: Decimal) -> None:
        values = self.after[pk]
        values["number"] = number
        if self.command.update_names:
            old = self.plan.rows[pk]
            held = old["number"] if isinstance(old["number"], Decimal) else None
            values["name"] = auto_rename(str(values.get("name", old["name"])), held, number)[:NAME_LENGTH]

    def _simple(self) -> None:
        command = self.command
        same: Values = {}
        if command.group:
            same["group_id"] = self.wish.group_id
        if command.lock:
            same["epg_locked"] = command.lock == "on"
        if command.hidden:
            same["is_hidden"] = command.hidden == "on"
        if command.stream_profile:
            same["stream_profile_id"] = self.wish.stream_profile_id
        if command.logo in ("set", "clear"):
            same["logo_url"] = self.wish.logo
        for name in ("tvg_id", "gracenote_id"):
            if getattr(command, name) == "clear":
                same[name] = ""
        for values in self.after.values():
            values.update(same)

    def _logos(self) -> None:
        if self.command.logo != "stream":
            return
        logos = first_logos(list(self.after))
        for pk, logo in logos.items():
            self.after[pk]["logo_url"] = logo
        if len(logos) < len(self.after):
            self._kept(len(self.after) - len(logos), "logo", "no stream has one")

    def _texts(self) -> None:
        if not self.wish.texts:
            return
        groups = dict(ChannelGroup.objects.values_list("pk", "name"))
        for pk in list(self.after):
            now = self._now(pk)
            group = self.wish.group_name if self.command.group == "set" else groups.get(_id(now["group_id"]), "")
            for name, text in self.wish.texts.items():
                if pk in self.after:
                    label = FIELDS[name].label
                    self._set_checked(
                        pk, name, text(now, group), empty=f"The {label} would be empty.", long=f"The {label} would be too long"
                    )

    def _guide(self) -> None:
        kind = self.command.guide
        if kind in ("clear", "none"):
            for values in self.after.values():
                values |= {"guide_entry_id": None, **({"no_epg": True} if kind == "none" else {})}
            return
        if kind == "tvg_id":
            self._link_all()
        elif self.command.tvg_id == "set":
            self._link_those_without()

    def _link_all(self) -> None:
        now = {pk: self._now(pk) for pk in self.after}
        free = {pk: str(values["tvg_id"]) for pk, values in now.items() if not values["epg_locked"]}
        entries = linked_entries(sorted(set(free.values())))
        for pk, tvg_id in free.items():
            if tvg_id in entries:
                self.after[pk] |= {"guide_entry_id": entries[tvg_id], "no_epg": False}
        self._kept(sum(1 for tvg_id in free.values() if tvg_id not in entries), "guide entry", "no guide has the TVG-ID")
        self._kept(len(now) - len(free), "guide entry", "it is locked against automatic matching")

    def _link_those_without(self) -> None:
        """A new TVG-ID links a channel that has no guide entry, as editing one channel does (10 §7.2)."""
        waiting = {}
        for pk in self.after:
            now = self._now(pk)
            is_new = now["tvg_id"] != self.plan.rows[pk]["tvg_id"]
            if is_new and now["guide_entry_id"] is None and not now["epg_locked"] and not now["no_epg"]:
                waiting[pk] = str(now["tvg_id"])
        entries = linked_entries(sorted(set(waiting.values())))
        for pk, tvg_id in waiting.items():
            if tvg_id in entries:
                self.after[pk]["guide_entry_id"] = entries[tvg_id]

    def _different(self) -> Iterator[ChannelChange]:
        for pk, values in self.after.items():
            row = self.plan.rows[pk]
            new = {name: value for name, value in values.items() if value != row[name]}
            if new:
                yield ChannelChange(pk, {name: row[name] for name in new}, new)


def _id(value: FieldValue) -> int:
    return value if isinstance(value, int) else 0


def _shared(plan: BulkPlan) -> list[SharedNumber]:
    """Numbers that would be used twice, among those that are given out. Two queries."""
    given: dict[Decimal, list[int]] = {}
    moving: set[int] = set()
    for change in plan.changes:
        number = change.after.get("number")
        if "number" in change.after:
            moving.add(change.channel_id)
        if isinstance(number, Decimal):
            given.setdefault(plain(number), []).append(change.channel_id)
    if not given:
        return []
    others = holders(given.keys(), moving)
    clashing = sorted(number for number, ids in given.items() if len(ids) > 1 or number in others)
    told = {number: [*others.get(number, []), *given[number]] for number in clashing}
    names = names_of(pk for number in clashing[:_NAMED] for pk in told[number][:_NAMED])
    new_names = {change.channel_id: str(change.after["name"]) for change in plan.changes if "name" in change.after}
    return [
        SharedNumber(format_number(number), tuple(ids), tuple(new_names.get(pk, names.get(pk, "")) for pk in ids))
        for number, ids in told.items()
    ]


def _plan_members(plan: BulkPlan, command: BulkEdit) -> None:
    switches = {**dict.fromkeys(command.enable, True), **dict.fromkeys(command.disable, False)}
    if not switches:
        return
    refused = {row.channel_id for row in plan.refused}
    plan.member_ids = [pk for pk in plan.rows if pk not in refused]
    present = members(list(switches), plan.member_ids)
    for profile_id, turn_on in switches.items():
        changed = [pk for pk in plan.member_ids if ((profile_id, pk) in present) is not turn_on]
        plan.members_changed.update(changed)
        if turn_on:
            plan.enabled += len(changed)
        else:
            plan.disabled += len(changed)
