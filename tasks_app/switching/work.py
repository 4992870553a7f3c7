"""The two halves of a sync, as a switch needs them: to the end or with a reason."""

from ecm_site.dispatcharr.client import Dispatcharr
from tasks_app.progress import Progress


def bring_everything_over(client: Dispatcharr, progress: Progress) -> None:
    """Pull every kind. Raises ``DispatcharrError``."""
    raise NotImplementedError


def deliver_everything(client: Dispatcharr, progress: Progress) -> None:
    """Deliver what can be delivered. Raises ``DispatcharrError``."""
    raise NotImplementedError
