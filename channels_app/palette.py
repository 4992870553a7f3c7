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
_DIALOG = Act.DIALOG
# Their addresses are below the channel manager's.
_ENTRIES = (
    PaletteEntry("act:channel", "New channel", "Action", "create/", icon="plus", words="create add", act=_DIALOG),
    PaletteEntry(
        "act:group", "New channel group", "Action", "groups/create/", icon="folder-plus", words="create add", act=_DIALOG
    ),
    PaletteEntry(
        "act:duplicates", "Find duplicate channels", "Action", "names/duplicates/", icon="copy", words="merge", act=_DIALOG
    ),
    PaletteEntry(
        "act:renumber", "Renumber all groups", "Action", "renumber-all/", icon="list-numbers", words="sort", act=_DIALOG
    ),
    PaletteEntry("act:export", "Export channels as CSV", "Action", "csv/export/", icon="download", words="file", act=_DIALOG),
    PaletteEntry("act:import", "Import channels from CSV", "Action", "csv/import/", icon="upload", words="file", act=_DIALOG),
    PaletteEntry("act:hidden", "Hidden groups", "Action", "groups/hidden/", icon="eye-off", words="restore", act=_DIALOG),
    PaletteEntry(
        "act:orphaned", "Orphaned groups", "Action", "groups/orphaned/", icon="folder-x", words="clean up", act=_DIALOG
    ),
    PaletteEntry("act:custom", "Custom streams", "Page", "custom-streams/", icon="link", words="own address url", act=_DIALOG),
    PaletteEntry("act:profiles", "Channel profiles", "Page", "profiles/", icon="list-check", words="enable disable"),
    PaletteEntry("act:tools", "Channel tools", "Action", "tools/", icon="tool", words="more actions"),
    PaletteEntry(
        "act:keys", "Keys of the channel manager", "Action", "keys/", icon="keyboard", words="shortcuts help", act=_DIALOG
    ),
    PaletteEntry("list:without", "Channels without streams", "List", "?without=1", icon="alert-triangle"),
    PaletteEntry("list:guide", "Channels without a guide", "List", "?missing=guide", icon="calendar-off", words="missing epg"),
    PaletteEntry("list:logo", "Channels without a logo", "List", "?missing=logo", icon="photo-off", words="missing picture"),
    PaletteEntry("list:twice", "Channels that share a number", "List", "?dup=1", icon="copy", words="duplicate conflict"),
)


def actions(is_admin: bool) -> Iterator[PaletteEntry]:
    manager = reverse("channels:manager")
    for place, entry in enumerate(_ENTRIES):
        yield replace(entry, url=manager + entry.url, order=30 + place)


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
