"""What the edit-mode bar shows (10 §2.1), and the banner of a draft that waits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from channels_app.drafts.lives import unfinished_draft
from channels_app.drafts.storage import DraftUnusable, has_files_of
from channels_app.drafts.switching import current_session, in_draft, working_in
from channels_app.models import Draft, DraftState, DraftStep


@dataclass(frozen=True)
class Bar:
    """``undo`` and ``redo`` describe the next step to take back or to do again; ``changes`` and ``redoable`` count them."""

    draft: Draft | None = None
    changes: int = 0
    redoable: int = 0
    undo: str = ""
    redo: str = ""
    checkpoints: int = 0
    changed_at: datetime | None = None
    problem: str = ""

    @property
    def is_editing(self) -> bool:
        return self.draft is not None and self.draft.is_active and not self.is_committing

    @property
    def is_committing(self) -> bool:
        return self.draft is not None and self.draft.state == DraftState.COMMITTING

    @property
    def is_waiting(self) -> bool:
        """Put aside: the pages show the lineup itself."""
        return self.draft is not None and not self.draft.is_active and not self.is_committing

    @property
    def draft_id(self) -> int:
        """What the page says it shows: 0 is the lineup itself."""
        return self.draft.pk if self.draft is not None and self.draft.is_active else 0

    @property
    def is_of_today(self) -> bool:
        return self.changed_at is not None and timezone.localdate(self.changed_at) == timezone.localdate()

    @property
    def seconds(self) -> int:
        return max(0, int((timezone.now() - self.draft.opened_at).total_seconds())) if self.draft else 0

    @property
    def elapsed(self) -> str:
        return elapsed_words(self.seconds)


def elapsed_words(seconds: int) -> str:
    """``45s``, ``3m``, ``3m 20s``; long ones ``2h 5m`` and ``3d 4h`` (10 §2.1)."""
    for size, sign, below in ((86400, "d", "h"), (3600, "h", "m"), (60, "m", "s")):
        if seconds >= size:
            rest = (seconds % size) // {"h": 3600, "m": 60, "s": 1}[below]
            return f"{seconds // size}{sign}" + (f" {rest}{below}" if rest else "")
    return f"{seconds}s"


def bar_of(draft: Draft | None) -> Bar:
    """Read the draft's steps; four short queries. A draft that cannot be read has a ``problem`` instead of counts."""
    if draft is None:
        return Bar()
    if in_draft() is not None:
        return _read(draft)
    try:
        with working_in(draft):
            return _read(draft)
    except DraftUnusable as error:
        return Bar(draft, problem=str(error))


def waiting_changes(user: Any) -> int | None:
    """How many changes wait in the person's draft; None when there is none. Without any draft it costs no query."""
    if not getattr(user, "is_authenticated", False) or not has_files_of(user.pk):
        return None
    found = bar_of(unfinished_draft(user))
    return found.changes or None


def _read(draft: Draft) -> Bar:
    session = current_session()
    being_taken = session.step_id if session else None  # a page that is made meanwhile shows what there was before
    standing = DraftStep.objects.filter(undone=False).exclude(pk=being_taken or 0)
    undone = DraftStep.objects.filter(undone=True)
    last, following = standing.order_by("-pk").first(), undone.order_by("pk").first()
    return Bar(
        draft,
        changes=standing.count(),
        redoable=undone.count(),
        undo=last.description if last else "",
        redo=following.description if following else "",
        checkpoints=DraftStep.objects.exclude(checkpoint="").count(),
        changed_at=last.at if last else None,
    )
