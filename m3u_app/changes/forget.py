"""Deletes changes that are too old, or whose account goes, a chunk at a time (20 §10.4 retention)."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import QuerySet

from m3u_app.changes.models import Change, ChangeBatch, ChangeTotal, HeldStream, StreamChange

CHANGES_KEPT_DAYS = 180
"""Unless the clean-up task is set otherwise."""
CHUNK = 1000
PAUSE_SECONDS = 0.01


def count_older(before: datetime) -> int:
    """How many changes :func:`forget_older` would delete."""
    return Change.objects.filter(at__lt=before).count()


def forget_older(before: datetime, *, between: Callable[[], object] = lambda: None) -> int:
    """Delete the batches of before ``before`` with all that belongs to them; returns how many changes went.

    The newest batch of each account stays: it says that there was a first look. ``between`` is called between two
    transactions and may raise to stop.
    """
    newest = set()
    for account_id in ChangeBatch.objects.order_by().values_list("account_id", flat=True).distinct():
        found = ChangeBatch.objects.filter(account_id=account_id).order_by("-at", "-pk").values_list("pk", flat=True).first()
        newest.add(found)
    old = [
        pk for pk in ChangeBatch.objects.filter(at__lt=before).order_by("at").values_list("pk", flat=True) if pk not in newest
    ]
    return _forget(old, between)


def forget_account(account_id: int, *, between: Callable[[], object] = lambda: None) -> int:
    """Delete every change of an account, and what a held-back refresh of it would do."""
    _delete_all(HeldStream.objects.filter(account_id=account_id), between)
    return _forget(list(ChangeBatch.objects.filter(account_id=account_id).order_by("at").values_list("pk", flat=True)), between)


def _forget(batch_ids: list[int], between: Callable[[], object]) -> int:
    forgotten = 0
    for batch_id in batch_ids:
        _delete_all(StreamChange.objects.filter(batch_id=batch_id), between)
        forgotten += _delete_all(Change.objects.filter(batch_id=batch_id), between)
        between()
        with transaction.atomic():
            ChangeTotal.objects.filter(batch_id=batch_id)._raw_delete(DEFAULT_DB_ALIAS)
            ChangeBatch.objects.filter(pk=batch_id)._raw_delete(DEFAULT_DB_ALIAS)
    return forgotten


def _delete_all(rows: "QuerySet[Any]", between: Callable[[], object]) -> int:
    deleted = 0
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        between()
        with transaction.atomic():
            rows.model._default_manager.filter(pk__in=ids)._raw_delete(DEFAULT_DB_ALIAS)
        deleted += len(ids)
        time.sleep(PAUSE_SECONDS)
    return deleted
