"""Providers and their actions for Ctrl-K."""

from collections.abc import Iterator

from django.urls import reverse

from ecm_site.palette import Act, PaletteEntry, register_entries, register_finder
from m3u_app.feeds.palette import feed_finder
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


register_entries("m3u", actions)
register_finder(feed_finder("account", Account, kind="Provider", view="m3u:account", icon="server"))
