"""Work that can be started by hand, for Ctrl-K."""

from collections.abc import Iterator

from django.urls import reverse

from ecm_site.palette import Act, PaletteEntry, register_entries
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


register_entries("tasks", actions)
