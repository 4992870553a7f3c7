"""A real worker whose disk takes no more in the middle of creating channels: nothing is lost, and nothing made twice."""

import resource
import time
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import transaction

from channels_app.commands import CreateChannel
from channels_app.edit_channels import create_channel
from channels_app.models import Channel
from ecm_site.conf import save_settings
from ecm_site.dispatcharr.client import get_client, reset_client
from tasks_app.engine import request_run_soon
from tasks_app.mirror.pull import pull
from tasks_app.mirror.state import mirror_state
from tasks_app.mirror.triggers import DELIVER_TASK, ensure_triggers
from tasks_app.models import CreationAttempt, MirrorLink, MirrorState, OutboxEntry, TaskRun
from tasks_app.tests.workers import Worker, descendants, wait_for
from tests.dispatcharr.test_killed_worker import Server, server, worker

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True, databases=["default", "queue"])]

CHANNELS = 120
FULL_AFTER = 30  # channels on the server
LITTLE = 60_000  # bytes: the log of the worker may grow, the database may not
PATIENCE = 120  # seconds

__all__ = ["server", "worker"]


def let_write(worker: Worker, most: int) -> None:
    """No file of the worker may grow beyond ``most`` bytes: what SQLite hears then is what it hears of a full disk."""
    for pid in (worker.process.pid, *descendants(worker.process.pid)):
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, hard))


def test_a_disk_that_takes_no_more_while_channels_are_created(server: Server, worker: Callable[[], Worker]) -> None:
    address = server.address
    save_settings(dispatcharr_url=address["url"], dispatcharr_user=address["user"], dispatcharr_password=address["password"])
    reset_client()
    ensure_triggers()
    mirror_state()
    MirrorState.objects.update(connected=True, address=address["url"])
    pull(get_client())
    with transaction.atomic():
        for number in range(CHANNELS):
            create_channel(CreateChannel({"name": f"Plain {number}"}))

    one = worker()
    wait_for(lambda: server.count() >= FULL_AFTER, PATIENCE, "the first channels")
    let_write(one, LITTLE)
    made = server.count()
    unrecorded = lambda: server.count() > made  # noqa: E731
    wait_for(unrecorded, PATIENCE, "a channel that cannot be written down here")
    last = [-1]

    def rests() -> bool:
        time.sleep(3)
        last.append(server.count())
        return last[-1] == last[-2]

    wait_for(rests, PATIENCE, "the end of what was sent")
    assert 0 < server.count() < CHANNELS, "it was too late to show anything"
    assert MirrorLink.objects.filter(kind="channel").count() < server.count(), "everything had been written down"

    let_write(one, resource.RLIM_INFINITY)
    MirrorState.objects.update(retry_at=None)
    request_run_soon(DELIVER_TASK, delay_seconds=0)
    done = lambda: not OutboxEntry.objects.exists() and not CreationAttempt.objects.exists()  # noqa: E731
    wait_for(done, PATIENCE, "the rest")
    names = Counter(server.names())
    assert {name: times for name, times in names.items() if times > 1} == {}
    assert set(names) == set(Channel.objects.values_list("name", flat=True))
    assert len(names) == CHANNELS == MirrorLink.objects.filter(kind="channel").count()
    told = TaskRun.objects.filter(task_id=DELIVER_TASK, success=False).values_list("message", flat=True)
    assert [message for message in told if "The disk is full or fails" in message or "Interrupted" in message]
