"""Waits until the server has what was changed here a moment ago: a refresh of what it had before would be pointless."""

from collections.abc import Callable
from typing import Final

from epg_app.mirror.guide_sources import KIND
from tasks_app.mirror.state import mirror_state
from tasks_app.models import MirrorLink, OutboxEntry, OutboxState
from tasks_app.progress import Progress

WAIT_SECONDS: Final = 90.0
STEP_SECONDS: Final = 1.0


class NotDelivered(Exception):
    """The server does not have this source as it is here. A sentence."""


def wait_for_delivery(source_id: int, progress: Progress, pause: Callable[[float], None]) -> int:
    """Return the source's id on the server once nothing of it waits any more.

    ``pause`` waits that many seconds and raises ``Cancelled``. Raises :class:`NotDelivered`.
    """
    waited = 0.0
    while True:
        waiting = OutboxEntry.objects.filter(kind=KIND, local_id=source_id).first()
        if waiting is None:
            link = MirrorLink.objects.filter(kind=KIND, local_id=source_id).first()
            if link is None:
                raise NotDelivered("The server does not have this guide. Sync with the server, then refresh it again.")
            return link.remote_id
        if waiting.state != OutboxState.WAITING:
            reason = f": {waiting.reason}" if waiting.reason else "."
            raise NotDelivered(f"Your last change of it needs an answer on the page Server first{reason}")
        trouble = mirror_state().trouble
        if trouble:
            raise NotDelivered(f"Your last change of it waits for the server. {trouble}")
        if waited >= WAIT_SECONDS:
            raise NotDelivered("Your last change of it still waits for delivery. Refresh it again once the server has it.")
        progress.report(phase="delivering the change", item="")
        pause(STEP_SECONDS)
        waited += STEP_SECONDS
