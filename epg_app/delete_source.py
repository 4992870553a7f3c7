"""Deletes a guide source with its entries, programmes and files (30 §2.2), a small portion at a time."""

import logging
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from epg_app.find_source import find_source
from epg_app.importing.guide_file import CachedGuide
from epg_app.models import GuideEntry, GuideSource
from epg_app.raw_sql import id_list
from epg_app.request_refresh import cancel_refresh
from epg_app.source_journal import deletion_entry, shown_values
from epg_app.source_lock import source_lock
from epg_app.source_users import foreseen_losses, let_go
from m3u_app.account_users import Loss
from m3u_app.kept_uploads import let_go_of_upload
from m3u_app.raw_sql import bulk_writing, execute
from m3u_app.write_turns import WriteTurns
from tasks_app import engine
from tasks_app.journal import log_entries, new_batch_id
from tasks_app.models import TaskRun
from tasks_app.progress import NoProgress, Progress

logger = logging.getLogger(__name__)

DELETE_TASK = "epg_delete_source"
AT_ONCE_LIMIT = 10_000
"""Sources with at most this many programmes go within the request; larger ones in the background."""
ENTRIES_AT_ONCE = 20  # about 4,000 programmes
WAIT_SECONDS = 120.0  # for a running refresh to notice that it should stop


@dataclass(frozen=True)
class DeletionPreview:
    entries: int
    programmes: int
    losses: list[Loss]
    is_busy: bool
    in_background: bool


@dataclass
class Deletion:
    name: str
    entries: int = 0
    programmes: int = 0
    channels: int = 0
    """Channels that lost their guide."""
    samples: list[str] = field(default_factory=list)


def deletion_lock_key(source_id: int) -> str:
    """Not the refresh's lock: a deletion must be able to queue while it waits for a refresh to stop."""
    return f"epg_delete:{source_id}"


def preview_deletion(source_id: int) -> DeletionPreview:
    """Count what goes away; a few queries, whatever the size. Raises ``GuideSource.DoesNotExist``."""
    source = find_source(source_id)
    return DeletionPreview(
        entries=GuideEntry.objects.filter(source_id=source_id).count(),
        programmes=source.programme_count,
        losses=foreseen_losses(source_id),
        is_busy=source.is_busy,
        in_background=source.programme_count > AT_ONCE_LIMIT or source.is_busy,
    )


def request_deletion(source_id: int) -> Deletion | TaskRun:
    """Delete a small source at once, or queue the deletion of a large or busy one; a running refresh is told to stop.

    From now on nothing refreshes the source. Raises ``GuideSource.DoesNotExist``.
    """
    source = find_source(source_id)
    in_background = source.programme_count > AT_ONCE_LIMIT or source.is_busy
    GuideSource.objects.filter(pk=source_id).update(is_active=False, deleting_since=source.deleting_since or timezone.now())
    cancel_refresh(source_id)
    if not in_background:
        return delete_source(source_id)
    try:
        return engine.start_run(DELETE_TASK, {"source_id": source_id})
    except engine.AlreadyRunning as running:
        return running.run


def delete_source(source_id: int, *, progress: Progress | None = None) -> Deletion:
    """Delete everything of the source. May be called again after it was interrupted: it goes on where it stopped.

    Channels keep their tvg-id and lose their guide entry, each journalled. Raises ``SourceBusy`` when a refresh does not
    stop within two minutes, ``Cancelled``, and ``GuideSource.DoesNotExist``.
    """
    progress = progress or NoProgress()
    source = find_source(source_id)
    before = shown_values(source)
    with source_lock(source_id, wait_seconds=WAIT_SECONDS), bulk_writing():
        deletion = Deletion(source.name)
        deletion.channels = let_go(source_id, new_batch_id())
        _delete_entries(source_id, deletion, progress)
        entry = deletion_entry(
            source, before, entries=deletion.entries, programmes=deletion.programmes, channels=deletion.channels
        )
        with transaction.atomic():
            GuideSource.objects.filter(pk=source_id).delete()
            log_entries([entry])
    let_go_of_upload(source.file_path)
    CachedGuide(source_id).forget()
    logger.info("[EPG] Deleted guide source id=%s with %s programmes", source_id, deletion.programmes)
    return deletion


def _delete_entries(source_id: int, deletion: Deletion, progress: Progress) -> None:
    entries = GuideEntry.objects.filter(source_id=source_id).order_by("pk")
    total = entries.count()
    turns = WriteTurns()
    progress.report(phase="deleting", current=0, total=total)
    while ids := list(entries.values_list("pk", flat=True)[:ENTRIES_AT_ONCE]):
        progress.raise_if_cancelled()
        with turns.turn():
            sql = "DELETE FROM epg_app_programme WHERE entry_id IN (SELECT value FROM json_each(%s))"
            deletion.programmes += execute(sql, [id_list(ids)])
            GuideEntry.objects.filter(pk__in=ids).delete()
        deletion.entries += len(ids)
        progress.report(current=deletion.entries, total=max(total, deletion.entries))
