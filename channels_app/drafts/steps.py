"""Steps of a draft: what one action of the operator changed, and undo and redo of whole steps (10 §13.4).

All functions but :func:`record` work on the draft that the thread is in (:func:`channels_app.drafts.switching.working_in`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection, transaction

from channels_app.drafts.switching import current_session, working_in
from channels_app.drafts.tables import META
from channels_app.models import Draft, DraftChange, DraftState, DraftStep
from ecm_site.wording import counted
from tasks_app import journal
from tasks_app.models import JournalEntry

DETAILS_KEPT = 500
_PLAIN_DESCRIPTION = "Edited the lineup"


class DraftBusy(Exception):
    """The draft is being applied, or was applied or discarded by another page. The message is a sentence."""


@dataclass
class Taken:
    """A step as it was taken; ``step`` is None when the block changed nothing. ``withdraw()`` takes it back at its end."""

    step: DraftStep | None = None
    entries: list[JournalEntry] = field(default_factory=list)
    withdrawn: bool = False

    def withdraw(self) -> None:
        self.withdrawn = True


@contextmanager
def step(description: str = "") -> Iterator[Taken]:
    """Everything that the block changes becomes one step, or nothing of it when the block raises.

    Without ``description`` the step is called what the journal entries written inside say. Raises :class:`DraftBusy`.
    """
    taken = Taken()
    with transaction.atomic(), journal.collecting(with_summaries=True) as entries:
        refuse_unless_open()
        row = DraftStep.objects.create(description=_PLAIN_DESCRIPTION)
        with _recording(row.pk):
            yield taken
        taken.entries = entries
        if taken.withdrawn:
            transaction.set_rollback(True)
        elif DraftChange.objects.filter(step_id=row.pk).exists():
            _forget_undone()
            sentences = [entry.description for entry in entries if entry.entity_type != journal.SUMMARY]
            row.description = description or describe(entries)
            row.details = shortened_details(sentences)
            row.save(update_fields=["description", "details"])
            taken.step = row
        else:
            row.delete()


@contextmanager
def record(draft: Draft, description: str = "") -> Iterator[Taken]:
    """Work in ``draft`` and make one step of everything that the block changes: for background runs and commands.

    Raises :class:`DraftUnusable` or :class:`DraftBusy` before the block begins.
    """
    with working_in(draft), step(description) as taken:
        yield taken


def describe(entries: Sequence[JournalEntry]) -> str:
    """What a step is called: the summary of its batch, else its only sentence, else the first and how many more."""
    summaries = [entry.description for entry in entries if entry.entity_type == journal.SUMMARY]
    if summaries:
        return summaries[-1].rstrip(".")
    if not entries:
        return _PLAIN_DESCRIPTION
    first = entries[0].description.rstrip(".")
    return first if len(entries) == 1 else f"{first} and {len(entries) - 1:,} more"


def shortened_details(sentences: list[str]) -> list[str]:
    if len(sentences) <= DETAILS_KEPT:
        return sentences
    return [*sentences[:DETAILS_KEPT], f"and {counted(len(sentences) - DETAILS_KEPT, 'more change')}"]


def refuse_unless_open() -> None:
    """Raise :class:`DraftBusy` unless the draft may be changed now. The file's lock is held: nobody begins applying it here."""
    session = current_session()
    if session is None:
        raise RuntimeError("This thread works in no draft.")
    state = Draft.objects.filter(pk=session.draft.pk).values_list("state", flat=True).first()
    if state == DraftState.COMMITTING:
        raise DraftBusy("Your draft is being applied. Wait until that is done, then go on editing.")
    if state != DraftState.OPEN:
        raise DraftBusy("This draft was applied or discarded meanwhile. Reload the page.")


@contextmanager
def _recording(step_id: int) -> Iterator[None]:
    session = current_session()
    if session is None:
        raise RuntimeError("This thread works in no draft.")
    session.step_id = step_id
    _record_for(step_id)
    try:
        yield
        _record_for(0)  # not after a failure: then the transaction takes it back
    finally:
        session.step_id = None


def _record_for(step_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {META} SET step = %s", [step_id])  # noqa: S608 - our own name


def _forget_undone() -> None:
    """A new step ends what could be redone."""
    undone = DraftStep.objects.filter(undone=True)
    DraftChange.objects.filter(step_id__in=undone.values("pk"))._raw_delete("default")
    undone._raw_delete("default")
