"""The steps of ``bench sync``, each in a process of its own."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from channels_app.models import Channel, ChannelGroup, ChannelStream
from ecm_site.conf import save_settings
from ecm_site.dispatcharr.client import get_client
from m3u_app.models import Stream
from tasks_app.mirror.state import mirror_state
from tasks_app.models import MirrorState, OutboxEntry
from tasks_app.progress import NoProgress
from tasks_app.switching.work import bring_everything_over, deliver_everything

FAR_OFF = 100_000  # channel numbers that nobody has
Row = Sequence[Any]


def connect(argument: str) -> dict[str, Any]:
    """Enter the server in the settings and mirror it from now on; nothing is read yet."""
    address = json.loads(argument)
    save_settings(dispatcharr_url=address["url"], dispatcharr_user=address["user"], dispatcharr_password=address["password"])
    MirrorState.objects.filter(pk=mirror_state().pk).update(connected=True, address=address["url"])
    return {}


def pull(argument: str) -> dict[str, Any]:
    started = time.perf_counter()
    bring_everything_over(get_client(), NoProgress())
    return _found(started, 0)


def edit(argument: str) -> dict[str, Any]:
    """Rename and renumber channels and turn the order of their streams round, as one commit would; then deliver."""
    ids = list(Channel.objects.order_by("pk").values_list("pk", flat=True)[: int(argument)])
    links = ChannelStream.objects.filter(channel__in=ids)
    with transaction.atomic():
        for number, pk in enumerate(ids):
            Channel.objects.filter(pk=pk).update(name=f"Renamed {number}", number=FAR_OFF + number)
        links.update(position=1000 - F("position"))
    return _deliver(len(ids))


def create(argument: str) -> dict[str, Any]:
    """Create channels with two streams each, as one commit would; then deliver."""
    count = int(argument)
    streams = list(Stream.objects.filter(channel_streams=None).order_by("pk").values_list("pk", flat=True)[: 2 * count])
    with transaction.atomic():
        group = ChannelGroup.objects.create(name="Made by the bench")
        made = Channel.objects.bulk_create(
            [Channel(name=f"Created {number}", number=2 * FAR_OFF + number, group=group) for number in range(count)]
        )
        ChannelStream.objects.bulk_create(
            ChannelStream(channel=channel, stream_id=streams[2 * number + place], position=place + 1)
            for number, channel in enumerate(made)
            for place in range(2)
        )
    return _deliver(count)


def _deliver(rows: int) -> dict[str, Any]:
    connection.close()  # what this process did before is no part of it
    started = time.perf_counter()
    deliver_everything(get_client(), NoProgress())
    return _found(started, rows)


def _found(started: float, rows: int) -> dict[str, Any]:
    return {"seconds": time.perf_counter() - started, "rows": rows, "waiting": OutboxEntry.objects.count()}


STEPS: dict[str, Callable[[str], dict[str, Any]]] = {"connect": connect, "pull": pull, "edit": edit, "create": create}
