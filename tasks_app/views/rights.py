"""Who may start and change which tasks (50 U-5)."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from tasks_app.registry import UnknownTask, get_task

LOOKING = ("GET", "HEAD", "OPTIONS")


def check_may_manage(request: HttpRequest, task_id: str) -> None:
    """Raise :class:`PermissionDenied` when a request would start or change a task that is for administrators.

    Looking is free for everybody, and so are tasks that do not exist: somebody else says that they do not.
    """
    if request.method in LOOKING or request.user.is_staff:
        return
    try:
        task = get_task(task_id)
    except UnknownTask:
        return
    if task.admin_only:
        raise PermissionDenied(f"Only administrators may start or change {task.name}.")
