"""The main menu: what is in it and which entry the current page belongs to."""

from dataclasses import dataclass


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


def active_entry(path: str) -> MenuEntry | None:
    """Return the entry whose address is the longest beginning of ``path``; the dashboard only matches itself."""
    matches = [entry for entry in MENU if path == entry.url or (entry.url != "/" and path.startswith(entry.url))]
    return max(matches, key=lambda entry: len(entry.url), default=None)
