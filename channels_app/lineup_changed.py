"""What every change of the lineup sets in motion, once it is stored."""

from django.db import transaction

from channels_app.publishing.request_publish import request_publish
from epg_app.mapped_entries import mapping_changed


def lineup_changed(*, guide: bool = True) -> None:
    """Ask for the published files to be made again and, with ``guide``, for programmes of newly linked guide entries.

    Called by every use case after its change; both requests are collected over a few seconds, so a hundred edits cost
    one run. Inside a transaction they are made after its end, and not at all when it is rolled back.
    A request that fails is logged and never undoes the edit that made it.
    """
    transaction.on_commit(request_publish, robust=True)
    if guide:
        transaction.on_commit(mapping_changed, robust=True)
