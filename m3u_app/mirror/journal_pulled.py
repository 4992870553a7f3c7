"""Journals what a pull did to the streams of an account: one entry, as for a refresh of our own."""

import logging

from ecm_site.masking import mask_text
from m3u_app.account_journal import CATEGORY, ENTITY
from m3u_app.importing.import_report import RefreshReport
from m3u_app.models import Account
from tasks_app.journal import log_entry

logger = logging.getLogger(__name__)


def journal_pulled(account: Account, report: RefreshReport) -> None:
    """Nothing is written when nothing changed."""
    logger.info("[M3U] Streams of account id=%s pulled: %s", account.pk, report.sentence())
    if not report.changed_anything:
        return
    log_entry(
        CATEGORY,
        "sync",
        entity_type=ENTITY,
        entity_id=account.pk,
        entity_name=account.name,
        description=f"Streams of “{account.name}” from the server: {mask_text(report.sentence())}"[:2000],
        before={"streams": account.stream_count},
        after=report.counts(),
    )
