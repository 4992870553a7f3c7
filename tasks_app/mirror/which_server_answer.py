"""The answer to "this looks like another server": that it is the same one after all."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from tasks_app.engine import request_run_soon
from tasks_app.journal import log_entry
from tasks_app.mirror.state import SYNC_TASK, mirror_state
from tasks_app.mirror.which_server import told_apart
from tasks_app.models import MirrorState


@dataclass(frozen=True)
class Doubt:
    """A question that waits for an answer. ``token`` names exactly this one."""

    token: str
    since: datetime
    address: str
    words: str


class NoDoubt(Exception):
    """The question is settled, or it is another one by now. A sentence."""


def doubt_of(state: MirrorState) -> Doubt | None:
    """What is asked, None when nothing is. Asks neither the server nor the database."""
    if not state.connected or not state.doubt:
        return None
    since = datetime.fromisoformat(state.doubt["at"])
    return Doubt(
        state.doubt["at"], since, state.doubt.get("address", state.address), told_apart(state.marks, state.doubt["marks"])
    )


def accept_as_same(token: str) -> None:
    """Somebody says that what answers is the server that is mirrored: work goes on with it. Raises :class:`NoDoubt`."""
    with transaction.atomic():
        state = mirror_state()
        doubt = doubt_of(state)
        if doubt is None:
            raise NoDoubt("That question is settled already.")
        if doubt.token != token:
            raise NoDoubt("By now yet another server answers. Look again.")
        MirrorState.objects.filter(pk=1).update(
            marks=state.doubt["marks"], doubt={}, trouble="", trouble_since=None, retry_at=None
        )
        log_entry(
            "settings",
            "dispatcharr_accepted",
            entity_type="dispatcharr",
            entity_name=state.address,
            description=f"Said that what answers at {doubt.address} is the server that is mirrored. {doubt.words}",
            undoable=False,
        )
    request_run_soon(SYNC_TASK, delay_seconds=0)
