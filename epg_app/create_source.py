"""Adds a guide source (30 §2.2)."""

import logging
from dataclasses import replace

from django.db import IntegrityError, transaction

from epg_app.models import GuideSource, SourceStatus
from epg_app.source_journal import creation_entry
from epg_app.source_values import FIELDS, SourceRefused, SourceValues, settled
from m3u_app.store_upload import UploadRefused, delete_upload, keep_upload
from tasks_app.journal import log_entries

logger = logging.getLogger(__name__)

NAME_TAKEN = "Another guide has this name. Choose another one."


def with_kept_upload(ready: SourceValues) -> SourceValues:
    """Give a pending upload its lasting place. Raises :class:`SourceRefused` when the file is gone."""
    if not ready.upload_path:
        return ready
    try:
        path, _size = keep_upload(ready.upload_path)
    except UploadRefused as refusal:
        raise SourceRefused({"guide_file": str(refusal)}) from refusal
    return replace(ready, file_path=path)


def create_source(values: SourceValues, *, own_host: str = "") -> GuideSource:
    """Save a new source and journal it. Its first refresh is the caller's next step.

    Raises :class:`SourceRefused` with a sentence per wrong field.
    """
    ready = with_kept_upload(settled(values, own_host=own_host))
    source = GuideSource(**{field: getattr(ready, field) for field in FIELDS})
    source.status = SourceStatus.IDLE if source.is_active else SourceStatus.DISABLED
    try:
        with transaction.atomic():
            source.save(force_insert=True)
            log_entries([creation_entry(source)])
    except IntegrityError as error:  # somebody else took the name since it was checked
        delete_upload(source.file_path)
        raise SourceRefused({"name": NAME_TAKEN}) from error
    logger.info("[EPG] Created guide source id=%s type=%s", source.pk, source.source_type)
    return source
