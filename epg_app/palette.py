"""Guide sources and their actions for Ctrl-K."""

from collections.abc import Iterator

from django.urls import reverse

from ecm_site.palette import Act, PaletteEntry, register_entries, register_finder
from epg_app.models import GuideSource
from m3u_app.feeds.palette import feed_finder


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


register_entries("guide", actions)
register_finder(feed_finder("guide", GuideSource, kind="Guide", view="guide:source", icon="calendar-time"))
