"""Whether the journal can take back what an answer did here: only then is an undo offered with it."""

from tasks_app.mirror.kinds import get_kind
from tasks_app.mirror.sync_journal import ENTITY, KIND_KEY, is_hidden
from tasks_app.models import JournalEntry


def has_way_back(batch_id: str) -> bool:
    """Whether at least one entry of the batch would not be refused. One query, of as many rows as are answered at once."""
    if not batch_id:
        return False
    entries = JournalEntry.objects.filter(batch_id=batch_id, undoable=True, undone_by=None, entity_type=ENTITY)
    return any(_goes_back(entry) for entry in entries.only("before_value", "after_value"))


def _goes_back(entry: JournalEntry) -> bool:
    """As :func:`tasks_app.mirror.undo_rows.undo_row` decides: secrets are not kept, and some kinds cannot be made again."""
    before, after = entry.before_value, entry.after_value
    if after is not None:
        return not any(is_hidden(value) for values in (before or {}, after) for value in values.values())
    values = {name: value for name, value in (before or {}).items() if name != KIND_KEY}
    try:
        return get_kind(str((before or {}).get(KIND_KEY, ""))).comes_back(values)
    except KeyError:
        return False
