"""What the server said to a single row, as the engine wants to hear it."""

from collections.abc import Callable

from ecm_site.dispatcharr.errors import Rejected
from tasks_app.mirror.kinds import Outcome, Refused


def attempted(local_id: int, deliver: Callable[[], Outcome]) -> Outcome:
    """What became of one row: refused values cost only that row. Everything else is raised for the engine to judge."""
    try:
        return deliver()
    except Rejected as error:
        return Refused(local_id, str(error))
