"""Changes a guide source, switches it on and off, and puts sources into order (30 §2)."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from epg_app.create_source import NAME_TAKEN, with_kept_upload
from epg_app.find_source import find_source
from epg_app.models import GuideSource, SourceStatus
from epg_app.request_refresh import cancel_refresh
from epg_app.source_journal import change_entries, order_entry
from epg_app.source_values import CONNECTION_FIELDS, FIELDS, READING_FIELDS, SourceRefused, SourceValues, settled
from m3u_app.kept_uploads import let_go_of_upload
from m3u_app.store_upload import delete_upload
from tasks_app.journal import log_entries, new_batch_id

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SourceEdit:
    """What an edit did. ``needs_refresh``: the programmes would be others now. ``entry_id``: journal entry to undo."""

    source: GuideSource
    changed: tuple[str, ...]
    needs_refresh: bool
    entry_id: int | None


def edit_source(source_id: int, values: SourceValues, *, own_host: str = "", may_change_type: bool = False) -> SourceEdit:
    """Save what differs, and nothing else: a refresh that runs meanwhile keeps its own columns.

    Raises :class:`SourceRefused` with a sentence per wrong field and ``GuideSource.DoesNotExist``.
    """
    source = find_source(source_id)
    if source.source_type != values.source_type and not may_change_type:
        raise SourceRefused({"source_type": "The type cannot be changed. Add another guide instead."})
    ready = with_kept_upload(settled(values, source, own_host=own_host))
    old_file = source.file_path
    changed = {field: (getattr(source, field), getattr(ready, field)) for field in FIELDS}
    changed = {field: (before, after) for field, (before, after) in changed.items() if before != after}
    if not changed:
        return SourceEdit(source, (), needs_refresh=False, entry_id=None)
    try:
        entry_id = apply_changes(source, changed)
    except IntegrityError as error:
        if ready.upload_path:
            delete_upload(ready.file_path)
        raise SourceRefused({"name": NAME_TAKEN}) from error
    if "file_path" in changed:
        let_go_of_upload(old_file)
    needs_refresh = bool(changed.keys() & (CONNECTION_FIELDS | READING_FIELDS))
    logger.info("[EPG] Changed guide source id=%s fields=%s", source.pk, ",".join(changed))
    return SourceEdit(source, tuple(changed), needs_refresh and source.is_active, entry_id)


def apply_changes(source: GuideSource, changed: dict[str, tuple[Any, Any]]) -> int | None:
    """Store ``changed`` (field → before, after) with what follows from it, journalled; returns the id of the entry that
    can be undone, if there is one."""
    with transaction.atomic():
        store_changes(source, {field: after for field, (_, after) in changed.items()})
        written = log_entries(change_entries(source, changed, batch_id=new_batch_id()))
    return next((entry.pk for entry in written if entry.undoable), None)


def store_changes(source: GuideSource, values: dict[str, Any]) -> None:
    """Store new values with what follows from them; the journal is the caller's."""
    for field, value in values.items():
        setattr(source, field, value)
    source.save(update_fields=sorted({*values, *_consequences(source, values)}))
    if "is_active" in values and not source.is_active:
        transaction.on_commit(lambda: cancel_refresh(source.pk))


def toggle_source(source_id: int, *, active: bool) -> tuple[GuideSource, int | None]:
    """Switch a source on (status idle) or off (status disabled; a running refresh is asked to stop).

    Its entries and programmes stay. Returns the source and the journal entry's id, None when it already was so. Raises
    ``GuideSource.DoesNotExist``.
    """
    source = find_source(source_id)
    if source.is_active == active:
        return source, None
    entry_id = apply_changes(source, {"is_active": (source.is_active, active)})
    logger.info("[EPG] Guide source id=%s is now %s", source.pk, "enabled" if active else "disabled")
    return source, entry_id


def reorder_sources(ordered_ids: Sequence[int]) -> int | None:
    """Give the sources the priorities of ``ordered_ids``: the first gets N, the last 1 (30 §2.3), as one operation.

    Sources that are not named (added meanwhile) follow in their present order. Unknown ids are passed over. Returns the
    journal entry's id, None when nothing changed.
    """
    with transaction.atomic():
        present = dict(GuideSource.objects.order_by("-priority", "name").values_list("pk", "priority"))
        wanted = [pk for pk in dict.fromkeys(ordered_ids) if pk in present]
        order = [*wanted, *(pk for pk in present if pk not in set(wanted))]
        after = {pk: len(order) - index for index, pk in enumerate(order)}
        moved = {pk: priority for pk, priority in after.items() if present[pk] != priority}
        for pk, priority in moved.items():
            GuideSource.objects.filter(pk=pk).update(priority=priority)
        if not moved:
            return None
        entry = order_entry({str(pk): present[pk] for pk in moved}, {str(pk): moved[pk] for pk in moved})
        written = log_entries([entry])
    logger.info("[EPG] Reordered %s guide sources", len(moved))
    return written[0].pk if written else None


def _consequences(source: GuideSource, changed: dict[str, Any]) -> set[str]:
    """Columns that no longer hold once others changed; sets them and returns their names."""
    columns: set[str] = set()
    if changed.keys() & CONNECTION_FIELDS:
        # They describe a copy of the old guide; so does a smaller guide that waits for a yes, and the count to compare with.
        source.etag = source.last_modified = source.content_mark = ""
        source.held_back = {}
        source.last_report = {}
        columns |= {"etag", "last_modified", "content_mark", "held_back", "last_report"}
    if "is_active" in changed:
        source.status = SourceStatus.IDLE if source.is_active else SourceStatus.DISABLED
        source.retry_at = None
        source.retry_count = 0
        columns |= {"status", "retry_at", "retry_count"}
    return columns
