"""For Ctrl-K: work that can be started by hand, and the pages of the mirrored server while there is one."""

from collections.abc import Iterator

from django.urls import reverse

from ecm_site.palette import Act, PaletteEntry, register_entries
from tasks_app.mirror_pages.header import server_mark
from tasks_app.registry import all_tasks


def actions(is_admin: bool) -> Iterator[PaletteEntry]:
    for task in all_tasks():
        if task.by_hand and (is_admin or not task.admin_only):
            url = reverse("tasks:run_now", args=[task.task_id])
            yield PaletteEntry(
                f"run:{task.task_id}",
                f"Run: {task.name}",
                "Action",
                url,
                icon="player-play",
                words="task start",
                act=Act.OPEN,
                order=45,
            )


def server_pages(is_admin: bool) -> Iterator[PaletteEntry]:
    if server_mark() is None:
        return
    for title, name, icon, words in (
        ("Server", "mirror:home", "server", "dispatcharr sync mirror"),
        ("Changes for the server", "mirror:queue", "cloud-up", "dispatcharr queue outbox conflicts waiting"),
        ("Being watched", "mirror:live", "eye", "dispatcharr live viewers"),
    ):
        url = reverse(name)
        yield PaletteEntry(f"page:{url}", title, "Page", url, icon, words=words, order=10)


register_entries("tasks", actions)
register_entries("server", server_pages)
