"""A step in a draft that nobody edits at the time: one that begins with leftovers, or one that lives for a moment only."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from channels_app.drafts.tables import META
from channels_app.models import DraftStep


@contextmanager
def recorded(description: str) -> Iterator[None]:
    """Record what the block writes as one step, without asking whether the draft may be edited. Call inside the draft."""
    with transaction.atomic():
        row = DraftStep.objects.create(description=description)
        _record_for(row.pk)
        yield
        _record_for(0)


def _record_for(step_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {META} SET step = %s", [step_id])  # noqa: S608 - our own name
