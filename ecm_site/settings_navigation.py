"""The menu of the settings (50 §5.9): apps register their sections in ``AppConfig.ready``; only what exists is shown.

Every section has an address of its own under ``/settings/<slug>/`` (of its page: ``settings/base.html``) and its own Save.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

# The order of the chapter, with room between. A section that is not listed says for itself where it stands.
ORDER = {
    "general": 10,
    "dispatcharr": 15,
    "channel-defaults": 20,
    "stream-sorting": 22,
    "playlists": 24,
    "guide": 26,
    "players": 27,
    "publishing": 28,
    "normalization": 30,
    "tags": 40,
    "lookup-tables": 50,
    "appearance": 60,
    "notifications": 70,
    "scheduled-tasks": 80,
    "auto-creation": 90,
    "m3u-digest": 100,
    "maintenance": 110,
    "linked-accounts": 120,
    "backup": 130,
    "authentication": 140,
    "users": 150,
    "tls": 160,
    "mcp": 170,
}


@dataclass(frozen=True)
class Section:
    """One entry of the menu. ``url_name`` is resolved when it is shown; ``icon`` is a Tabler name. Lower ``order`` comes
    first (see :data:`ORDER`). Sections with ``admin_only`` are shown to administrators; the view must check as well.
    """

    slug: str
    title: str
    url_name: str
    icon: str
    order: int
    admin_only: bool = False

    @property
    def url(self) -> str:
        return reverse(self.url_name)


_sections: dict[str, Section] = {}


def register_section(section: Section) -> None:
    """Add ``section``; the same slug again replaces it."""
    _sections[section.slug] = section


def visible_sections(*, is_admin: bool) -> list[Section]:
    """The sections that a user sees, in their order."""
    shown = [section for section in _sections.values() if is_admin or not section.admin_only]
    return sorted(shown, key=lambda section: (section.order, section.title))


def active_section(path: str, sections: Iterable[Section]) -> Section | None:
    """The section that the page at ``path`` belongs to: the one with the longest address that ``path`` begins with."""
    matches = [section for section in sections if path.startswith(section.url)]
    return max(matches, key=lambda section: len(section.url), default=None)
