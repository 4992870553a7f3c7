"""Providers and their actions for Ctrl-K."""

from collections.abc import Iterable, Iterator, Sequence

from django.urls import reverse

from ecm_site.palette import Act, Finder, PaletteEntry, register_entries, register_finder
from m3u_app.models import Account


def actions(is_admin: bool) -> Iterator[PaletteEntry]:
    yield PaletteEntry(
        "act:add-provider",
        "Add a provider",
        "Action",
        reverse("m3u:add"),
        icon="plus",
        words="m3u account playlist xtream",
        order=30,
    )
    yield PaletteEntry(
        "act:refresh-providers",
        "Refresh all providers",
        "Action",
        reverse("m3u:refresh_all"),
        icon="refresh",
        words="m3u accounts playlists update",
        act=Act.POST,
        order=30,
    )
    yield PaletteEntry(
        "act:provider-priorities",
        "Set priorities of providers",
        "Action",
        reverse("m3u:priorities"),
        icon="arrows-sort",
        words="m3u accounts prefer order",
        order=30,
    )


def find_accounts(text: str, limit: int) -> Iterable[PaletteEntry]:
    parts = text.split()
    rows = Account.objects.order_by("name").values_list("pk", "name")
    return [_entry(pk, name) for pk, name in rows if all(part in name.casefold() for part in parts)][:limit]


def accounts_by_id(ids: Sequence[int]) -> Iterable[PaletteEntry]:
    return [_entry(pk, name) for pk, name in Account.objects.filter(pk__in=ids).values_list("pk", "name")]


def _entry(pk: int, name: str) -> PaletteEntry:
    return PaletteEntry(f"account:{pk}", name, "Provider", reverse("m3u:account", args=[pk]), icon="server", order=40)


register_entries("m3u", actions)
register_finder(Finder("account", find_accounts, accounts_by_id))
