"""Guide sources and their actions for Ctrl-K."""

from collections.abc import Iterable, Iterator, Sequence

from django.urls import reverse

from ecm_site.palette import Act, Finder, PaletteEntry, register_entries, register_finder
from epg_app.models import GuideSource


def actions(is_admin: bool) -> Iterator[PaletteEntry]:
    yield PaletteEntry(
        "act:add-guide", "Add a guide", "Action", reverse("guide:add"), icon="plus", words="epg xmltv source", order=30
    )
    yield PaletteEntry(
        "act:refresh-guides",
        "Refresh all guides",
        "Action",
        reverse("guide:refresh_all"),
        icon="refresh",
        words="epg xmltv update",
        act=Act.POST,
        order=30,
    )


def find_sources(text: str, limit: int) -> Iterable[PaletteEntry]:
    parts = text.split()
    rows = GuideSource.objects.order_by("name").values_list("pk", "name")
    return [_entry(pk, name) for pk, name in rows if all(part in name.casefold() for part in parts)][:limit]


def sources_by_id(ids: Sequence[int]) -> Iterable[PaletteEntry]:
    return [_entry(pk, name) for pk, name in GuideSource.objects.filter(pk__in=ids).values_list("pk", "name")]


def _entry(pk: int, name: str) -> PaletteEntry:
    return PaletteEntry(f"guide:{pk}", name, "Guide", reverse("guide:source", args=[pk]), icon="calendar-time", order=40)


register_entries("guide", actions)
register_finder(Finder("guide", find_sources, sources_by_id))
