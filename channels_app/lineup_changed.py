"""What every change of the lineup sets in motion, once it is stored."""

from collections.abc import Callable

from django.db import connection, transaction

from channels_app.drafts.switching import in_draft
from channels_app.publishing.request_publish import request_publish
from epg_app.mapped_entries import mapping_changed


def lineup_changed(*, guide: bool = True) -> None:
    """Ask for the published files to be made again and, with ``guide``, for programmes of newly linked guide entries.

    Called by every use case after its change; both requests are collected over a few seconds, so a hundred edits cost
    one run. Inside a transaction they are made after its end, and not at all when it is rolled back.
    A request that fails is logged and never undoes the edit that made it. Staged edits (:mod:`channels_app.drafts`) ask
    for nothing: the lineup is as it was until the draft is applied.
    """
    if in_draft() is not None:
        return
    _once_after_commit(request_publish)
    if guide:
        _once_after_commit(mapping_changed)


def _once_after_commit(request: Callable[[], None]) -> None:
    """A transaction with hundreds of edits asks once. What a rolled back savepoint registered is gone from the list."""
    if connection.in_atomic_block and any(entry[1] is request for entry in connection.run_on_commit):
        return
    transaction.on_commit(request, robust=True)
