"""What the pages of profiles read (10 §17). The number of queries depends neither on profiles nor on channels."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet

from channels_app.models import Channel, ChannelGroup, ChannelProfile, ProfileMembership, StreamProfile
from channels_app.numbering import natural_key
from channels_app.profiles.set_memberships import default_profile_ids

ROWS_PER_PAGE = 200
OPENED_AT_ONCE = 200  # hits of a search that are shown without opening sections


@dataclass(frozen=True)
class ProfileRow:
    """``enabled`` of the lineup's channels; ``is_default``: new channels join it."""

    profile: ChannelProfile
    enabled: int
    is_default: bool


@dataclass(frozen=True)
class MemberFilter:
    """What the channel view shows. ``keep``: ids that stay in sight although ``only_enabled`` hides them."""

    text: str = ""
    only_enabled: bool = False
    keep: frozenset[int] = frozenset()

    @property
    def narrows(self) -> bool:
        return bool(self.text or self.only_enabled)


@dataclass(frozen=True)
class MemberRow:
    pk: int
    name: str
    number: Decimal | None
    enabled: bool


@dataclass
class Section:
    """A group (0 = Uncategorized): ``enabled`` of ``total`` channels, of which the filter shows ``shown``.

    ``rows`` None = not opened; ``next_offset`` None = these are all.
    """

    pk: int
    name: str
    total: int = 0
    enabled: int = 0
    shown: int = 0
    lowest: Decimal | None = None
    rows: list[MemberRow] | None = None
    next_offset: int | None = None


@dataclass(frozen=True)
class MemberView:
    """``enabled`` of ``total`` channels of the lineup; the filter shows ``shown``."""

    total: int
    enabled: int
    shown: int
    sections: list[Section] = field(default_factory=list)


@dataclass(frozen=True)
class StreamProfileRow:
    profile: StreamProfile
    used: int


def profile_rows(text: str = "") -> list[ProfileRow]:
    """Profiles by name with their counts. Three queries."""
    found = ChannelProfile.objects.annotate(enabled=Count("memberships"))
    if text:
        found = found.filter(name__icontains=text) if text.isascii() else found.filter(name__iregex=re.escape(text))
    defaults = set(default_profile_ids())
    rows = [ProfileRow(profile, profile.enabled, profile.pk in defaults) for profile in found]
    return sorted(rows, key=lambda row: natural_key(row.profile.name))


def member_view(profile_id: int, wanted: MemberFilter) -> MemberView:
    """Sections by their lowest number, with counts. Three queries; a filter needs one more, hits shown at once another."""
    totals = {
        pk: (count, lowest)
        for pk, count, lowest in Channel.objects.order_by().values_list("group_id").annotate(Count("pk"), Min("number"))
    }
    enabled = _by_group(Channel.objects.filter(_is_member(profile_id)))
    shown = _by_group(_shown(profile_id, wanted)) if wanted.narrows else {pk: count for pk, (count, _) in totals.items()}
    names = dict(ChannelGroup.objects.values_list("pk", "name"))
    sections = [
        Section(pk or 0, names.get(pk or 0, "Uncategorized"), count, enabled.get(pk, 0), shown.get(pk, 0), lowest)
        for pk, (count, lowest) in totals.items()
        if shown.get(pk)
    ]
    sections.sort(key=lambda one: (one.lowest is None, one.lowest or 0, natural_key(one.name)))
    hits = sum(one.shown for one in sections)
    if wanted.text and hits <= OPENED_AT_ONCE:
        _open(sections, _rows(profile_id, _shown(profile_id, wanted)))
    return MemberView(sum(count for count, _ in totals.values()), sum(enabled.values()), hits, sections)


def section_rows(profile_id: int, group_id: int, wanted: MemberFilter, *, offset: int = 0) -> Section:
    """A page of a section's channels, by number, then natural name. Two queries."""
    inside = _shown(profile_id, wanted).filter(group_id=group_id or None)
    rows = [row for _, row in _rows(profile_id, inside)]
    end = max(0, offset) + ROWS_PER_PAGE
    section = Section(group_id, "", shown=len(rows))
    section.rows = rows[max(0, offset) : end]
    section.next_offset = end if end < len(rows) else None
    return section


def shown_ids(profile_id: int, wanted: MemberFilter, group_id: int | None = None) -> list[tuple[int, int, bool]]:
    """(channel, group or 0, enabled) of everything that is shown, or of one section. One query."""
    channels = _shown(profile_id, wanted)
    if group_id is not None:
        channels = channels.filter(group_id=group_id or None)
    found = channels.annotate(on=_is_member(profile_id)).order_by("pk").values_list("pk", "group_id", "on")
    return [(pk, group or 0, on) for pk, group, on in found]


def stream_profile_rows() -> list[StreamProfileRow]:
    """Stream profiles by name, with how many channels use each. One query."""
    found = StreamProfile.objects.annotate(used=Count("channels"))
    return sorted((StreamProfileRow(one, one.used) for one in found), key=lambda row: natural_key(row.profile.name))


def enabled_counts(profile_ids: Collection[int], channel_ids: Collection[int]) -> dict[int, int]:
    """How many of the channels are enabled in each profile. One query for all of a lineup's size."""
    wanted = set(channel_ids)
    counts = dict.fromkeys(profile_ids, 0)
    rows = ProfileMembership.objects.filter(profile_id__in=list(profile_ids)).values_list("profile_id", "channel_id")
    for profile_id, channel_id in rows.iterator(chunk_size=5000):
        if channel_id in wanted:
            counts[profile_id] += 1
    return counts


def _is_member(profile_id: int) -> Exists:
    return Exists(ProfileMembership.objects.filter(profile_id=profile_id, channel_id=OuterRef("pk")))


def _shown(profile_id: int, wanted: MemberFilter) -> QuerySet[Channel]:
    channels = Channel.objects.all()
    if wanted.text:
        text = wanted.text
        name = Q(name__icontains=text) if text.isascii() else Q(name__iregex=re.escape(text))
        number = re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,4})?", text)
        channels = channels.filter(name | Q(number=Decimal(text)) if number else name)
    if wanted.only_enabled:
        channels = channels.filter(Q(_is_member(profile_id)) | Q(pk__in=list(wanted.keep)))
    return channels


def _by_group(channels: QuerySet[Channel]) -> dict[int | None, int]:
    return dict(channels.order_by().values_list("group_id").annotate(Count("pk")))


def _rows(profile_id: int, channels: QuerySet[Channel]) -> list[tuple[int, MemberRow]]:
    found = channels.annotate(on=_is_member(profile_id)).order_by().values_list("group_id", "pk", "name", "number", "on")
    rows = [(group or 0, MemberRow(pk, name, number, on)) for group, pk, name, number, on in found]
    return sorted(rows, key=_place)


def _place(item: tuple[int, MemberRow]) -> tuple[bool, Decimal, object, int]:
    row = item[1]
    return (row.number is None, row.number or Decimal(0), natural_key(row.name), row.pk)


def _open(sections: Iterable[Section], rows: list[tuple[int, MemberRow]]) -> None:
    for section in sections:
        section.rows = [row for group_id, row in rows if group_id == section.pk]
