"""Pages and sections of the settings for Ctrl-K."""

from collections.abc import Iterator

from django.urls import reverse

from ecm_site.navigation import MENU
from ecm_site.palette import PaletteEntry, register_entries
from ecm_site.settings_navigation import visible_sections


def pages(is_admin: bool) -> Iterator[PaletteEntry]:
    """The main menu, and pages that are reached from others."""
    for place, entry in enumerate(MENU):
        yield PaletteEntry(f"page:{entry.url}", entry.label, "Page", entry.url, entry.icon, order=place)
    yield _page("Notifications", reverse("notifications:list"), icon="bell", words="bell messages")
    yield _page("Stream groups that changed", reverse("m3u_changes:list"), icon="arrows-diff", words="m3u changes history")
    yield _page("Change password", reverse("change_password"), icon="key", words="account")
    if is_admin:
        yield _page("Raw data (admin)", reverse("admin:index"), icon="database", words="django tables")


def settings_sections(is_admin: bool) -> Iterator[PaletteEntry]:
    for section in visible_sections(is_admin=is_admin):
        title = f"Settings: {section.title}"
        yield PaletteEntry(f"settings:{section.slug}", title, "Settings", section.url, section.icon, order=20)


def register() -> None:
    register_entries("pages", pages)
    register_entries("settings", settings_sections)


def _page(title: str, url: str, *, icon: str, words: str) -> PaletteEntry:
    return PaletteEntry(f"page:{url}", title, "Page", url, icon, words=words, order=10)
