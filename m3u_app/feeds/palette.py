"""Feeds for Ctrl-K: found by their names."""

from collections.abc import Iterable, Sequence

from django.db.models import Model
from django.urls import reverse

from ecm_site.palette import Finder, PaletteEntry


def feed_finder(prefix: str, model: type[Model], *, kind: str, view: str, icon: str) -> Finder:
    """Finds rows of ``model`` by the words of their ``name``; ``view`` shows one of them."""

    def entry(pk: int, name: str) -> PaletteEntry:
        return PaletteEntry(f"{prefix}:{pk}", name, kind, reverse(view, args=[pk]), icon=icon, order=40)

    def find(text: str, limit: int) -> Iterable[PaletteEntry]:
        parts = text.split()
        rows = model._default_manager.order_by("name").values_list("pk", "name")
        return [entry(pk, name) for pk, name in rows if all(part in name.casefold() for part in parts)][:limit]

    def by_id(ids: Sequence[int]) -> Iterable[PaletteEntry]:
        return [entry(pk, name) for pk, name in model._default_manager.filter(pk__in=ids).values_list("pk", "name")]

    return Finder(prefix, find, by_id)
