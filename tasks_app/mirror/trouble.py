"""Whether the mirrored server can be worked with, as the house knows it: written by runs, read by pages."""

import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import DatabaseError
from django.utils import timezone

from ecm_site.dispatcharr.client import NotConfigured
from ecm_site.dispatcharr.errors import (
    AnsweredElse,
    Busy,
    DispatcharrError,
    NoRights,
    ServerFault,
    SignInRefused,
    Unreachable,
)
from ecm_site.full_disk import full_disk, is_full_disk
from tasks_app.mirror.state import mirror_state
from tasks_app.models import MirrorState
from tasks_app.notifications.notify import notify

logger = logging.getLogger(__name__)

SHORTEST = 15.0
LONGEST = 15 * 60.0
_rng = random.Random()  # noqa: S311 - spreads waits, guards nothing


class Trouble(Exception):
    """Syncing cannot go on at the moment; ``str()`` is a sentence. Everything waits."""


@contextmanager
def full_disk_is_trouble() -> Iterator[None]:
    """Where the disk takes no more, everything waits and goes on by itself: raises :class:`Trouble`, noted for the pages.

    What the server took meanwhile and could not be written down here is found again by what was noted before it was sent.
    """
    try:
        yield
    except (DatabaseError, OSError) as error:
        if not is_full_disk(error):
            raise
        trouble = Trouble(full_disk(then="syncing goes on by itself: nothing is lost, and nothing is made twice."))
        try:
            note_trouble(trouble)
        except DatabaseError as again:
            logger.warning("[MIRROR] That the disk is full cannot be noted either: %s", again)
        raise trouble from error


def is_trouble(error: DispatcharrError) -> bool:
    """Whether an error is about the server or our access to it, and not about the values of a request."""
    return error.temporary or isinstance(error, Unreachable | Busy | SignInRefused | NoRights | AnsweredElse | NotConfigured)


def note_reached() -> None:
    """The server answered as it should."""
    MirrorState.objects.filter(pk=1).update(reached_at=timezone.now(), trouble="", trouble_since=None, retry_at=None)


def note_trouble(error: Exception) -> None:
    """Remember why nothing goes, and do not knock again too soon: waits grow with the outage, and are spread at random."""
    now = timezone.now()
    state = mirror_state()
    since = state.trouble_since if state.trouble and state.trouble_since else now
    MirrorState.objects.filter(pk=1).update(
        trouble=str(error), trouble_since=since, retry_at=now + _wait(error, since=since, now=now)
    )
    logger.warning("[MIRROR] Syncing waits: %s", error)
    if isinstance(error, SignInRefused | NoRights | NotConfigured) and state.trouble != str(error):
        notify(
            "error",
            f"{error} Changes wait until this is mended.",
            title="Dispatcharr does not let ECM in",
            source="mirror",
            source_id="access",
            action_label="Server",
            action_url="/server/",
        )


def _wait(error: Exception, *, since: datetime, now: datetime) -> timedelta:
    """Half as long as the trouble lasts already, within bounds; at least what the server asks for."""
    lasted = max(0.0, (now - since).total_seconds())
    seconds = min(LONGEST, max(SHORTEST, lasted / 2)) * (1 + _rng.random() / 4)
    if isinstance(error, Busy | ServerFault):
        seconds = max(seconds, error.retry_after)
    if isinstance(error, SignInRefused | NoRights | NotConfigured):
        seconds = LONGEST  # nothing changes until somebody does something, and they ask for a run then
    return timedelta(seconds=seconds)
