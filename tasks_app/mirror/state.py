"""Whether this house mirrors a server, and the silence in which the server's own values are written."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.models import Q

from tasks_app.models import MirrorState

SYNC_TASK = "sync_dispatcharr"
"""Id of the task that delivers and pulls; here, because whoever asks for a run of it need not know the task."""


def mirror_state() -> MirrorState:
    """The one row; made when it is not there yet."""
    return MirrorState.objects.get_or_create(pk=1)[0]


def is_connected() -> bool:
    """Whether a Dispatcharr server is mirrored. One small query."""
    return MirrorState.objects.filter(pk=1, connected=True).exists()


def is_the_servers() -> bool:
    """Whether a server's lineup is here or on its way: what ECM does by itself without one rests then. One small query."""
    return MirrorState.objects.filter(~Q(connecting="") | Q(connected=True), pk=1).exists()


@contextmanager
def quietly() -> Iterator[None]:
    """One transaction whose writes come from the server, so that none of them waits for delivery to it.

    Short ones, please: everybody else's writes wait meanwhile. Inside another one it changes nothing.
    """
    with transaction.atomic():
        was_loud = MirrorState.objects.filter(pk=1, quiet=False).update(quiet=True)
        yield
        if was_loud:
            MirrorState.objects.filter(pk=1).update(quiet=False)
