"""Puts what a sync would write into words: for the preview of settings and for that of released fields."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from channels_app.autosync.values import GroupPlan, MembershipChange
from channels_app.channel_fields import FIELDS
from channels_app.commands import FieldValue
from channels_app.models import ChannelGroup, ChannelProfile, StreamProfile
from channels_app.numbering import format_number
from channels_app.write_changes import Values
from ecm_site.masking import mask_text
from ecm_site.wording import shortened
from epg_app.models import GuideEntry

_FIRST = ("number", "name", "group_id", "stream_profile_id")
_POINTERS = {"group_id": "groups", "stream_profile_id": "stream_profiles", "guide_entry_id": "entries"}
_LONGEST = 60
_PROFILES_NAMED = 5


@dataclass(frozen=True)
class Names:
    """Names of what changes point to. Groups that have yet to be made have negative ids."""

    groups: Mapping[int, str] = field(default_factory=dict)
    stream_profiles: Mapping[int, str] = field(default_factory=dict)
    entries: Mapping[int, str] = field(default_factory=dict)
    profiles: Mapping[int, str] = field(default_factory=dict)

    def quoted(self, kind: str, pk: object) -> str:
        known: Mapping[int, str] = getattr(self, kind)
        return f"“{shortened(known[pk], _LONGEST)}”" if isinstance(pk, int) and pk in known else "another one"

    def list_of_profiles(self, ids: Iterable[int]) -> str:
        """“A”, “B” and 3 more"""
        told = sorted(self.quoted("profiles", pk) for pk in ids)
        more = f" and {len(told) - _PROFILES_NAMED:,} more" if len(told) > _PROFILES_NAMED else ""
        return f"{', '.join(told[:_PROFILES_NAMED])}{more}"


def read_names(
    values: Iterable[Values],
    memberships: Iterable[MembershipChange],
    new_groups: Mapping[int, str],
    *,
    also: Iterable[int] = (),
) -> Names:
    """Names of what these values and memberships mention; ``also``: further channel profiles. At most four queries."""
    rows = list(values)

    def ids(name: str) -> set[int]:
        return {value for row in rows if isinstance(value := row.get(name), int)}

    profile_ids = {pk for item in memberships for pk in item.enable | item.disable} | set(also)
    groups = {**new_groups, **_names(ChannelGroup, ids("group_id"))}
    entries = {entry.pk: str(entry) for entry in GuideEntry.objects.filter(pk__in=ids("guide_entry_id"))}
    return Names(groups, _names(StreamProfile, ids("stream_profile_id")), entries, _names(ChannelProfile, profile_ids))


def told_change(values: Values, membership: MembershipChange | None, names: Names) -> str:
    """ "number 7, name “X”, group “Y”, another logo, into “Kids”": what becomes of one channel."""
    told: list[str] = []
    for name in (*_FIRST, *(name for name in FIELDS if name not in _FIRST)):
        if name in values:
            told.append(_told(name, values[name], names))
    if membership is not None:
        if membership.enable:
            told.append(f"into {names.list_of_profiles(membership.enable)}")
        if membership.disable:
            told.append(f"out of {names.list_of_profiles(membership.disable)}")
    return ", ".join(told)


def _told(name: str, value: FieldValue, names: Names) -> str:
    if name == "logo_url":
        return "another logo" if value else "no logo"
    if name == "no_epg":
        return "no guide" if value else "with a guide"
    return f"{FIELDS[name].label} {told_value(name, value, names)}"


def told_value(name: str, value: FieldValue, names: Names) -> str:
    """The value of one field in words: “X”, 7, yes, none."""
    if name in _POINTERS and value is not None:
        return names.quoted(_POINTERS[name], value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return number_text(value)
    text = "" if value is None else mask_text(str(value)) if name == "logo_url" else str(value)
    return f"“{shortened(text, _LONGEST)}”" if text else "none"


def number_text(value: object) -> str:
    """A number as people write it; anything else is an empty text."""
    return format_number(value) if isinstance(value, Decimal) else ""


def told_choices(plan: GroupPlan, names: Names, *, logo: str) -> list[str]:
    """What all new channels of a group get beside their stream: sentences without full stops, for a list."""
    told = []
    if plan.group.joins:
        told.append(f"in {names.list_of_profiles(plan.group.joins)}")
    elif plan.group.settings.profile_ids is not None:
        told.append("in no channel profile")
    if plan.group.settings.stream_profile_id is not None:
        told.append(f"stream profile {names.quoted('stream_profiles', plan.group.settings.stream_profile_id)}")
    if logo:
        told.append(f"logo “{shortened(logo, _LONGEST)}”")
    return told


def _names(model: type[ChannelGroup] | type[StreamProfile] | type[ChannelProfile], ids: set[int]) -> dict[int, str]:
    return dict(model.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}
