"""Background runs that edit the lineup: in edit mode they work in the draft they were started from, as one step of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from channels_app.drafts.steps import record
from channels_app.drafts.storage import DraftUnusable
from channels_app.drafts.switching import in_draft, live
from channels_app.models import Draft, DraftState
from tasks_app.progress import Progress

PARAMETER = "draft_id"
"""The parameter of a run that names the draft; None or missing = the lineup itself."""


def draft_of_caller() -> int | None:
    """What to give a run under :data:`PARAMETER`, so that it works where the page that starts it does."""
    draft = in_draft()
    return draft.pk if draft is not None else None


@contextmanager
def place_of(parameters: dict[str, Any]) -> Iterator[None]:
    """The lineup itself, or the draft that the run was started from. All that the block changes is one step.

    Raises :class:`DraftUnusable` or :class:`DraftBusy` with a sentence when that draft is gone, applied or being applied.
    """
    draft_id = parameters.get(PARAMETER)
    if draft_id is None:
        yield
        return
    draft = Draft.objects.filter(pk=draft_id).first()
    if draft is None or draft.state in (DraftState.COMMITTED, DraftState.DISCARDED):
        raise DraftUnusable("The draft from which this was started was applied or discarded meanwhile.")
    with record(draft):
        yield


class ProgressOutside:
    """Progress of work inside a draft: where a run stands is told in the main database."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def report(self, **values: Any) -> None:
        with live():
            self._progress.report(**values)

    def raise_if_cancelled(self) -> None:
        with live():
            self._progress.raise_if_cancelled()
