"""Takes sources away that the server no longer has: small ones at once, large ones in the background (30 §2.2)."""

import logging
from collections.abc import Collection
from typing import Final

from django.db import transaction
from django.utils import timezone

from epg_app.delete_source import DELETE_TASK
from epg_app.importing.guide_file import CachedGuide
from epg_app.models import GuideEntry, GuideSource
from epg_app.raw_sql import fetch_all, id_list
from epg_app.source_users import let_go
from m3u_app.kept_uploads import let_go_of_upload
from m3u_app.raw_sql import execute
from tasks_app import engine
from tasks_app.journal import new_batch_id

logger = logging.getLogger(__name__)

ENTRIES_AT_ONCE: Final = 500
PROGRAMMES_AT_ONCE: Final = 4_000
_OF_SOURCE = "entry_id IN (SELECT id FROM epg_app_guideentry WHERE source_id = %s)"


def remove_sources(source_ids: Collection[int]) -> None:
    """Delete sources with their entries and programmes; channels keep their tvg-id. Inside the caller's transaction.

    One that is too large for a short transaction is only marked as being deleted and gives up its name; a run of the
    task that deletes guides does the rest.
    """
    for source_id in source_ids:
        source = GuideSource.objects.defer("url", "password").filter(pk=source_id).first()
        if source is None:
            continue
        if _is_small(source_id):
            _delete_now(source)
        else:
            _delete_later(source)


def _is_small(source_id: int) -> bool:
    entries = fetch_all(
        "SELECT COUNT(*) FROM (SELECT 1 FROM epg_app_guideentry WHERE source_id = %s LIMIT %s)",
        [source_id, ENTRIES_AT_ONCE + 1],
    )[0][0]
    if entries > ENTRIES_AT_ONCE:
        return False
    sql = f"SELECT COUNT(*) FROM (SELECT 1 FROM epg_app_programme WHERE {_OF_SOURCE} LIMIT %s)"  # noqa: S608 - our own text
    return bool(fetch_all(sql, [source_id, PROGRAMMES_AT_ONCE + 1])[0][0] <= PROGRAMMES_AT_ONCE)


def _delete_now(source: GuideSource) -> None:
    let_go(source.pk, new_batch_id())
    ids = id_list(GuideEntry.objects.filter(source_id=source.pk).values_list("pk", flat=True))
    execute("DELETE FROM epg_app_programme WHERE entry_id IN (SELECT value FROM json_each(%s))", [ids])
    GuideEntry.objects.filter(source_id=source.pk).delete()
    GuideSource.objects.filter(pk=source.pk).delete()
    file_path, source_id = source.file_path, source.pk
    transaction.on_commit(lambda: _forget_files(source_id, file_path))
    logger.info("[EPG] Deleted guide source id=%s, which the server no longer has", source.pk)


def _forget_files(source_id: int, file_path: str) -> None:
    let_go_of_upload(file_path)
    CachedGuide(source_id).forget()


def _delete_later(source: GuideSource) -> None:
    name = f"{source.name[:220]} (deleted on the server, {source.pk})"
    GuideSource.objects.filter(pk=source.pk).update(
        is_active=False, deleting_since=source.deleting_since or timezone.now(), name=name
    )
    source_id = source.pk
    transaction.on_commit(lambda: _start(source_id))


def _start(source_id: int) -> None:
    try:
        engine.start_run(DELETE_TASK, {"source_id": source_id})
    except engine.AlreadyRunning:
        logger.debug("[EPG] Guide source id=%s is being deleted already", source_id)
