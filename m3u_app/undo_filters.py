"""Takes journal entries about filters back (DESIGN §3)."""

from m3u_app.edit_filters import FILTER_ENTITY, ORDER_ENTITY, mark_changed, write_order
from m3u_app.models import Account, StreamFilter
from m3u_app.undo_rows import undo_row
from tasks_app.models import JournalEntry
from tasks_app.undo import UndoConflict, register_undo


def undo_filter_change(entry: JournalEntry) -> None:
    """Put one filter back as it was. Raises :class:`UndoConflict`."""
    values = entry.before_value or entry.after_value or {}
    stored = StreamFilter.objects.filter(pk=entry.entity_id or 0).values_list("account_id", flat=True).first()
    account_id = stored or values.get("account_id")
    _check_account(account_id)
    undo_row(entry, StreamFilter, ignore=("position",))  # order has entries of its own
    mark_changed(account_id or 0)


def undo_order(entry: JournalEntry) -> None:
    """Put the filters back into their former order. Raises :class:`UndoConflict`."""
    before, after = (entry.before_value or {}).get("order", []), (entry.after_value or {}).get("order", [])
    _check_account(entry.entity_id)
    now = list(
        StreamFilter.objects.filter(account_id=entry.entity_id or 0).order_by("position", "pk").values_list("pk", flat=True)
    )
    if now != after:
        raise UndoConflict("filters were added, deleted or moved since")
    write_order(before)
    mark_changed(entry.entity_id or 0)


def register() -> None:
    """Called when the app starts."""
    register_undo(FILTER_ENTITY, undo_filter_change)
    register_undo(ORDER_ENTITY, undo_order)


def _check_account(account_id: int | None) -> None:
    account = Account.objects.filter(pk=account_id or 0).only("locked", "deleting_since").first()
    if account is None or account.deleting_since is not None:
        raise UndoConflict("the account has been deleted since")
    if account.locked:
        raise UndoConflict("the account is locked")
