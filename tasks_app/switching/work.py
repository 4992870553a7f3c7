"""The two halves of a sync, as a switch needs them: to the end, or with the reason why not."""

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import Unreachable
from ecm_site.dispatcharr.session import stopping_when
from tasks_app.mirror.deliver import deliver
from tasks_app.mirror.pull import pull
from tasks_app.models import OutboxEntry, OutboxState
from tasks_app.progress import Progress


def bring_everything_over(client: Dispatcharr, progress: Progress) -> None:
    """Pull every kind. Raises ``Trouble``, ``PullFailed`` and ``Cancelled``; what was read until then stays."""
    with stopping_when(lambda: _stopped(progress)):
        pull(client, progress=progress)


def deliver_everything(client: Dispatcharr, progress: Progress) -> None:
    """Deliver what can be delivered. Raises ``Unreachable`` when the server's troubles end it, and ``Cancelled``."""
    # What had to wait for something may have it now.
    OutboxEntry.objects.filter(state=OutboxState.WAITING).update(next_attempt_at=None)
    with stopping_when(lambda: _stopped(progress)):
        report = deliver(client, progress=progress)
    if report.trouble:
        raise Unreachable(report.trouble)


def _stopped(progress: Progress) -> bool:
    progress.raise_if_cancelled()
    return False
