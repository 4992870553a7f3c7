"""What becomes of changes that could not be delivered: they are tried again later, or wait for somebody to look at them."""

import random
from collections.abc import Mapping
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from ecm_site.dispatcharr.errors import DispatcharrError
from tasks_app.mirror.kinds import MirroredKind
from tasks_app.mirror.reconcile import Pending
from tasks_app.mirror.report import DeliveryReport
from tasks_app.models import OutboxEntry, OutboxState

MOST_FAULTS = 5
"""Failures (500) on one row before it is parked; and on different rows in a row before the server counts as down."""
UNREADABLE = "What the server has of it cannot be understood"
_FIRST_WAIT, _LONGEST_WAIT = 60.0, 3600.0
_rng = random.Random()  # noqa: S311 - spreads waits, guards nothing


class NoOutcome(Exception):
    """Nothing can be said of a row that was to be delivered; ``str()`` is why."""


def failed_on(report: DeliveryReport, kind: MirroredKind, rows: Mapping[int, Pending], error: Exception) -> None:
    """Try these again later, a few times; then somebody has to look at them. In this run they are left alone."""
    reason = str(error) if isinstance(error, DispatcharrError | NoOutcome) else f"ECM failed on it ({type(error).__name__})."
    for pk, row in rows.items():
        report.faulty.add((kind.name, pk))
        report.faults += 1
        entry = OutboxEntry.objects.filter(kind=kind.name, local_id=pk, version=row.version)
        attempts = (entry.values_list("attempts", flat=True).first() or 0) + 1
        if attempts >= MOST_FAULTS:
            report.parked += entry.update(state=OutboxState.PARKED, reason=reason, attempts=attempts)
        else:
            entry.update(reason=reason, attempts=attempts, next_attempt_at=timezone.now() + _wait(attempts))


def write_held(report: DeliveryReport) -> None:
    """Park what cannot be delivered, whether the server says so or ECM does; let what waits for others wait."""
    for (kind, local_id), held in report.held.items():
        entry = OutboxEntry.objects.filter(kind=kind, local_id=local_id, version=held.version, state=OutboxState.WAITING)
        if held.refused:
            report.parked += entry.update(
                state=OutboxState.PARKED, reason=held.reason, attempts=F("attempts") + 1, next_attempt_at=None
            )
        else:
            attempts = (entry.values_list("attempts", flat=True).first() or 0) + 1
            report.postponed += entry.update(
                reason=held.reason, attempts=attempts, next_attempt_at=timezone.now() + _wait(attempts)
            )


def _wait(attempts: int) -> timedelta:
    """Doubling, with up to a quarter more at random."""
    seconds = min(_LONGEST_WAIT, _FIRST_WAIT * float(2 ** min(attempts - 1, 10)))
    return timedelta(seconds=seconds * (1 + _rng.random() / 4))
