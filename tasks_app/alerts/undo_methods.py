"""Takes changes of alert methods back from the journal. A deleted method stays deleted: its secrets are gone."""

from tasks_app.alerts.channel import InvalidMethod
from tasks_app.alerts.edit_methods import ENTITY_TYPE, delete_method, described, update_method
from tasks_app.models import AlertMethod, JournalEntry
from tasks_app.undo import UndoConflict, register_undo


def register() -> None:
    """Called when the app is ready."""
    register_undo(ENTITY_TYPE, undo_change, admin_only=True)


def undo_change(entry: JournalEntry) -> None:
    """Put back what a journalled change replaced, or remove what was added. Raises :class:`UndoConflict`."""
    method = AlertMethod.objects.filter(pk=entry.entity_id or 0).first()
    if method is None:
        raise UndoConflict("The alert method is gone; its address and login cannot be brought back.")
    before, after = entry.before_value, entry.after_value or {}
    current = described(method)
    changed = [name.replace("_", " ") for name, value in after.items() if current.get(name) != value]
    if changed:
        raise UndoConflict(f"“{method.name}” was changed since: {', '.join(changed)}.")
    if before is None:
        delete_method(method.pk)
        return
    try:
        update_method(method.pk, before)
    except InvalidMethod as error:
        raise UndoConflict(str(error)) from error
