"""Channels, groups and the channel manager's actions for Ctrl-K."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from urllib.parse import urlencode

from django.db.models import Case, CharField, F, QuerySet, Value, When
from django.db.models.functions import Cast
from django.urls import reverse

from channels_app.channel_queries import name_or_number
from channels_app.models import Channel, ChannelGroup
from channels_app.numbering import format_number, natural_key
from ecm_site.palette import Act, Finder, PaletteEntry, register_entries, register_finder

_MOST_WORDS = 6
# Their addresses are names of views until they are asked for; those of lists are the filter's query.
_ACTIONS = (
    PaletteEntry("act:channel", "New channel", "Action", "channels:create", icon="plus", words="create add", act=Act.DIALOG),
    PaletteEntry(
        "act:group",
        "New channel group",
        "Action",
        "channels:create_group",
        icon="folder-plus",
        words="create add",
        act=Act.DIALOG,
    ),
    PaletteEntry(
        "act:duplicates",
        "Find duplicates",
        "Action",
        "channels:duplicates",
        icon="copy",
        words="merge same channel twice",
        act=Act.DIALOG,
    ),
    PaletteEntry("act:tools", "Channel tools", "Action", "channels:tools", icon="tool", words="more actions"),
    PaletteEntry(
        "act:keys",
        "Keys of the channel manager",
        "Action",
        "channels:keys",
        icon="keyboard",
        words="shortcuts help",
        act=Act.DIALOG,
    ),
)
_LISTS = (
    PaletteEntry("list:without", "Channels without streams", "List", "without=1", icon="alert-triangle"),
    PaletteEntry("list:guide", "Channels without a guide", "List", "missing=guide", icon="calendar-off", words="missing epg"),
    PaletteEntry("list:logo", "Channels without a logo", "List", "missing=logo", icon="photo-off", words="missing picture"),
    PaletteEntry("list:twice", "Channels that share a number", "List", "dup=1", icon="copy", words="duplicate conflict"),
)


def actions(is_admin: bool) -> Iterator[PaletteEntry]:
    yield from (replace(entry, url=reverse(entry.url), order=30) for entry in _ACTIONS)
    manager = reverse("channels:manager")
    yield from (replace(entry, url=f"{manager}?{entry.url}", order=35) for entry in _LISTS)


def find_channels(text: str, limit: int) -> Iterable[PaletteEntry]:
    """By name or number; names that begin with the text first. One query."""
    found = Channel.objects.annotate(number_text=Cast("number", CharField()))
    for part in text.split()[:_MOST_WORDS]:
        found = found.filter(name_or_number(part))
    begins = Case(When(name__istartswith=text, then=Value(0)), default=Value(1))
    return _channels(found.order_by(begins, F("number").asc(nulls_last=True), "name", "pk")[:limit])


def channels_by_id(ids: Sequence[int]) -> Iterable[PaletteEntry]:
    return _channels(Channel.objects.filter(pk__in=ids))


def find_groups(text: str, limit: int) -> Iterable[PaletteEntry]:
    parts = text.split()
    names = ChannelGroup.objects.values_list("pk", "name")
    matching = [(pk, name) for pk, name in names if all(part in name.casefold() for part in parts)]
    return [_group(pk, name) for pk, name in sorted(matching, key=lambda item: natural_key(item[1]))[:limit]]


def groups_by_id(ids: Sequence[int]) -> Iterable[PaletteEntry]:
    return [_group(pk, name) for pk, name in ChannelGroup.objects.filter(pk__in=ids).values_list("pk", "name")]


def _channels(channels: QuerySet[Channel]) -> list[PaletteEntry]:
    manager = reverse("channels:manager")
    entries = []
    for pk, name, number, group in channels.values_list("pk", "name", "number", "group__name"):
        text = format_number(number)
        url = f"{manager}?{urlencode({'q': name[:200]})}#c{pk}"
        detail = " · ".join(part for part in (text, group or "Uncategorized") if part)
        entries.append(
            PaletteEntry(f"channel:{pk}", name, "Channel", url, icon="device-tv", detail=detail, words=text, order=60)
        )
    return entries


def _group(pk: int, name: str) -> PaletteEntry:
    url = f"{reverse('channels:manager')}?{urlencode({'group': pk, 'open': pk})}#g{pk}"
    return PaletteEntry(f"group:{pk}", name, "Channel group", url, icon="folder", order=40)


register_entries("channels", actions)
register_finder(Finder("channel", find_channels, channels_by_id))
register_finder(Finder("group", find_groups, groups_by_id))
