"""The Undo button in the toast about a change."""

from datetime import datetime

from ecm_site.toasts import UNDO_TAG
from tasks_app.models import JournalEntry


def undo_tag(entity_type: str, entity_id: int | None, since: datetime) -> str:
    """``extra_tags`` for the message about what was done to a thing since a moment ago; "" when nothing was changed."""
    done = JournalEntry.objects.filter(category="task", entity_type=entity_type, entity_id=entity_id, timestamp__gte=since)
    newest = done.filter(undoable=True, undone_by=None).order_by("-timestamp", "-pk")
    entry_id = newest.values_list("pk", flat=True).first()
    return f"{UNDO_TAG}{entry_id}" if entry_id else ""
