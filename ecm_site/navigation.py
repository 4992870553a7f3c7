"""The main menu: what is in it and which entry the current page belongs to."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest


@dataclass(frozen=True)
class MenuEntry:
    label: str
    url: str
    icon: str


# Hard paths: the menu must work before and without the apps that answer them.
MENU = (
    MenuEntry("Dashboard", "/", icon="layout-dashboard"),
    MenuEntry("Channels", "/channels/", icon="device-tv"),
    MenuEntry("Logos", "/logos/", icon="photo"),
    MenuEntry("M3U", "/m3u/", icon="playlist"),
    MenuEntry("Guide", "/guide/", icon="calendar-time"),
    MenuEntry("Publishing", "/publishing/", icon="broadcast"),
    MenuEntry("Tasks", "/tasks/", icon="activity"),
    MenuEntry("Journal", "/journal/", icon="history"),
    MenuEntry("Settings", "/settings/", icon="settings"),
)


@dataclass(frozen=True)
class _Occasional:
    entry: MenuEntry
    before: str
    is_shown: Callable[[HttpRequest], bool]


_occasional: dict[str, _Occasional] = {}


def register_occasional_entry(entry: MenuEntry, *, before: str, is_shown: Callable[[HttpRequest], bool]) -> None:
    """An entry that is there only while ``is_shown`` says so, in front of the one with the address ``before``. Asked once for
    every page: it has to be cheap."""
    _occasional[entry.url] = _Occasional(entry, before, is_shown)


def entries_for(request: HttpRequest) -> list[MenuEntry]:
    """The menu of this page."""
    shown = [one for one in _occasional.values() if one.is_shown(request)]
    entries: list[MenuEntry] = []
    for entry in MENU:
        entries += [one.entry for one in shown if one.before == entry.url]
        entries.append(entry)
    return entries


def active_entry(path: str) -> MenuEntry | None:
    """Return the entry whose address is the longest beginning of ``path``; the dashboard only matches itself."""
    known = (*MENU, *(one.entry for one in _occasional.values()))
    matches = [entry for entry in known if path == entry.url or (entry.url != "/" and path.startswith(entry.url))]
    return max(matches, key=lambda entry: len(entry.url), default=None)
