"""The queue carries "run number N", nothing else. All truth about a run is in its row."""

import logging
from pathlib import Path

from django.core.management import call_command
from django.db import DatabaseError, connections
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.tasks import async_task

from ecm_site.routers import QUEUE

logger = logging.getLogger(__name__)

ENTRY_POINT = "tasks_app.execution.execute_queued_run"
_DAMAGED = ("malformed", "not a database")
_READ_AT_MOST = 2000  # the queue holds one entry a run; beyond this something else is wrong


def enqueue(run_id: int) -> bool:
    """Hand a run to the workers. False when the queue cannot be written; healing then queues it again within a minute."""
    try:
        async_task(ENTRY_POINT, run_id, task_name=f"run-{run_id}", broker=get_broker())
    except DatabaseError as error:
        logger.error("[TASKS] Run %s could not be queued, it will be tried again: %s", run_id, error)  # noqa: TRY400
        return False
    return True


def queued_run_ids() -> dict[int, bool]:
    """Return run id → "a worker may take it now" for all entries. Raises ``DatabaseError`` when the queue is broken."""
    found: dict[int, bool] = {}
    now = timezone.now()
    for entry in OrmQ.objects.using(QUEUE).filter(key=Conf.CLUSTER_NAME).order_by("pk")[:_READ_AT_MOST]:
        run_id = _run_id(entry)
        if run_id is not None:
            free = entry.lock is None or entry.lock <= now
            found[run_id] = found.get(run_id, False) or free
    return found


def free_locked_entries() -> int:
    """Make every entry takeable again. Safe at any time: a run is claimed only once, whatever the queue delivers."""
    freed: int = OrmQ.objects.using(QUEUE).filter(lock__gt=timezone.now()).update(lock=timezone.now())
    return freed


def ensure_queue_tables() -> bool:
    """Make the broker's tables again when the queue file was deleted, emptied or damaged. True when that was needed.

    Nothing is lost with it: waiting runs are rows of ours, and healing queues them again.
    """
    try:
        OrmQ.objects.using(QUEUE).exists()
    except DatabaseError as error:
        reason = str(error)
        if any(words in reason for words in _DAMAGED):
            _set_aside()
        elif "no such table" not in reason:
            raise
    else:
        return False
    logger.warning("[TASKS] The queue file is unusable (%s); making it anew", reason)
    call_command("migrate", database=QUEUE, verbosity=0, interactive=False)
    return True


def _set_aside() -> None:
    connection = connections[QUEUE]
    connection.close()
    path = Path(connection.settings_dict["NAME"])
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.replace(path.with_name(f"{path.name}.damaged{suffix}"))


def _run_id(entry: OrmQ) -> int | None:
    arguments = entry.task.get("args")  # missing when it was signed with another key: the workers throw such entries out
    return int(arguments[0]) if arguments and isinstance(arguments[0], int) else None
