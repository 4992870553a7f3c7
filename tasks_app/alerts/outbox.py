"""What is sent next, and what became of it: every step is stored before and after, so that a killed worker loses nothing.

A message is first a row that says "sending" and holds on to its alerts; then it is sent, outside any transaction; then its
end is stored and the alerts go. A worker that dies in between leaves a row whose sender is dead: it is sent once more.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Q

from ecm_site.conf import get_settings
from tasks_app.alerts import timing
from tasks_app.alerts.channel import ChannelError
from tasks_app.alerts.events import worst
from tasks_app.alerts.message import Message, compose
from tasks_app.alerts.method_values import stored_values
from tasks_app.models import AlertDelivery, AlertMethod, DeliveryStatus, PendingAlert, Severity
from tasks_app.models.alerts import OPEN_DELIVERIES
from tasks_app.process_identity import is_alive, own_identity

logger = logging.getLogger(__name__)

MOST_IN_ONE_MESSAGE = 200
STRANGE_SENDER_AFTER = timedelta(minutes=5)
"""When a sender of which we cannot know whether it lives counts as dead; no send takes half as long."""
TROUBLE_AFTER = 3
_PATIENCE = (0.5, 1, 2, 4, 8, 15)


@dataclass(frozen=True)
class Parcel:
    """A message that this process has taken to send."""

    delivery_id: int
    method_id: int
    method_type: str
    method_name: str
    values: dict[str, Any]
    message: Message
    attempts: int


def waiting_method_ids() -> list[int]:
    """Methods that alerts wait for; one query over an index, empty nearly always."""
    return list(PendingAlert.objects.order_by("method_id").values_list("method_id", flat=True).distinct())


def queue_of(
    method: AlertMethod, *, first_at: datetime, has_error: bool, is_retry: bool, attempts: Sequence[datetime]
) -> timing.Queue:
    """What decides when ``method`` may send, with its own choices filled in."""
    return timing.Queue(
        first_at=first_at,
        has_error=has_error,
        is_retry=is_retry,
        not_before=method.not_before,
        attempts=attempts,
        quiet=_quiet(method),
        errors_skip_window=method.errors_skip_window,
    )


def digest_window() -> timedelta:
    """How long alerts are collected (A-5)."""
    return timedelta(seconds=get_settings().alert_digest_seconds)


def zone() -> tzinfo:
    """The operator's time zone, in which quiet hours are."""
    return ZoneInfo(get_settings().time_zone or "UTC")


def take(method_id: int, now: datetime) -> Parcel | None:
    """Take the next message for this method if it may be sent now; None when not, or when another process was quicker."""
    try:
        method = AlertMethod.objects.get(pk=method_id)
    except AlertMethod.DoesNotExist:
        return None
    open_delivery = AlertDelivery.objects.filter(method=method, status__in=OPEN_DELIVERIES).first()
    if open_delivery is not None and open_delivery.status == DeliveryStatus.SENDING and not _is_abandoned(open_delivery, now):
        return None
    found = _next_alerts(method, now)
    if found is None or found[1]:
        return None
    alerts = found[0]
    if open_delivery is not None and alerts[0].delivery_id != open_delivery.pk:
        _close_empty(open_delivery, now)
        return None
    delivery = _claim(method, open_delivery, alerts, now)
    if delivery is None:
        return None
    return Parcel(
        delivery.pk,
        method.pk,
        method.method_type,
        method.name,
        stored_values(method),
        compose(alerts),
        delivery.attempts,
    )


def was_sent(parcel: Parcel, note: str, now: datetime) -> None:
    """Store that a message has gone out; its alerts are done."""

    def store() -> None:
        AlertDelivery.objects.filter(pk=parcel.delivery_id).update(
            status=DeliveryStatus.SENT, finished_at=now, note=note, sender=""
        )
        PendingAlert.objects.filter(delivery_id=parcel.delivery_id).delete()
        AlertMethod.objects.filter(pk=parcel.method_id).update(
            last_sent_at=now, last_error="", last_error_at=None, failures_in_a_row=0, not_before=None
        )

    _patiently(store)


def was_refused(parcel: Parcel, error: ChannelError, now: datetime) -> int:
    """Store that an attempt failed, and when the next one is, if any (A-7).

    Returns how many attempts have failed in a row; 0 when the service merely asked us to wait.
    """
    delivery = AlertDelivery.objects.get(pk=parcel.delivery_id)
    if error.is_refused_for_now and now < delivery.created_at + timing.GIVE_UP_AFTER:
        pause: timedelta | None = timing.asked_pause(error.asked_pause)
        attempts, counted = parcel.attempts - 1, 0  # it was not the message that was wrong
    else:
        pause = timing.next_pause(parcel.attempts) if error.may_pass and not error.is_refused_for_now else None
        attempts, counted = parcel.attempts, 1
    failures = AlertMethod.objects.filter(pk=parcel.method_id).values_list("failures_in_a_row", flat=True).first() or 0

    def store() -> None:
        values: dict[str, Any] = {"note": str(error), "sender": "", "attempts": attempts}
        if pause is None:
            values |= {"status": DeliveryStatus.FAILED, "finished_at": now}
        else:
            values |= {"status": DeliveryStatus.WAITING}
        if not AlertDelivery.objects.filter(pk=parcel.delivery_id, status=DeliveryStatus.SENDING).update(**values):
            return  # the method was switched off or deleted meanwhile
        if pause is None:
            PendingAlert.objects.filter(delivery_id=parcel.delivery_id).delete()
        AlertMethod.objects.filter(pk=parcel.method_id).update(
            not_before=None if pause is None else now + pause,
            failures_in_a_row=failures + counted,
            last_error=str(error),
            last_error_at=now,
        )

    _patiently(store)
    return failures + 1 if counted else 0


def _next_alerts(method: AlertMethod, now: datetime) -> tuple[list[PendingAlert], str] | None:
    """The alerts of the next message and why they wait; None when there is nothing at all."""
    waiting = PendingAlert.objects.filter(method=method)
    tried = list(waiting.exclude(delivery=None).filter(delivery__status__in=OPEN_DELIVERIES)[:MOST_IN_ONE_MESSAGE])
    alerts = tried or list(waiting[:MOST_IN_ONE_MESSAGE])
    if not alerts:
        return None
    quiet = _quiet(method)
    if not tried and quiet.errors_pass and quiet.holds(now, zone()):
        errors = list(waiting.filter(severity=Severity.ERROR)[:MOST_IN_ONE_MESSAGE])
        alerts = errors or alerts  # only the errors pass; the rest waits for the morning
    sends = AlertDelivery.objects.filter(method=method, is_test=False, attempted_at__gt=now - timedelta(hours=1))
    queue = queue_of(
        method,
        first_at=alerts[0].created_at,
        has_error=any(alert.severity == Severity.ERROR for alert in alerts),
        is_retry=bool(tried),
        attempts=list(sends.values_list("attempted_at", flat=True)),
    )
    window = timedelta(0) if len(alerts) >= MOST_IN_ONE_MESSAGE else digest_window()  # 0: the message is full
    return alerts, timing.hold_reason(queue, now, window=window, zone=zone())


def _quiet(method: AlertMethod) -> timing.QuietHours:
    return timing.QuietHours(method.quiet_from, method.quiet_until, method.errors_pass_quiet)


def _claim(
    method: AlertMethod, earlier: AlertDelivery | None, alerts: Sequence[PendingAlert], now: datetime
) -> AlertDelivery | None:
    """Make the message ours, before it is sent. None when another process has it."""
    me = own_identity()
    with transaction.atomic():
        if earlier is not None:
            mine = AlertDelivery.objects.filter(pk=earlier.pk, status=earlier.status, sender=earlier.sender)
            mine = mine.filter(attempted_at=earlier.attempted_at)
            if not mine.update(status=DeliveryStatus.SENDING, sender=me, attempted_at=now, attempts=earlier.attempts + 1):
                return None
            earlier.attempts += 1
            return earlier
    ids = [alert.pk for alert in alerts]
    free = PendingAlert.objects.filter(Q(delivery=None) | ~Q(delivery__status__in=OPEN_DELIVERIES), pk__in=ids)
    try:
        with transaction.atomic():
            delivery = AlertDelivery.objects.create(
                method=method,
                method_name=method.name,
                method_type=method.method_type,
                severity=worst(alert.severity for alert in alerts),
                title=compose(alerts).title[:255],
                event_count=len(alerts),
                attempts=1,
                sender=me,
                created_at=now,
                attempted_at=now,
            )
            if free.update(delivery=delivery) == len(ids):
                return delivery
            transaction.set_rollback(True)  # some of the alerts were given up meanwhile
    except IntegrityError:  # another worker was quicker
        logger.debug("[ALERTS] Another worker sends to %s", method.name)
    return None


def _close_empty(delivery: AlertDelivery, now: datetime) -> None:
    """A message whose alerts somebody deleted: it must not keep the next one from being sent."""
    AlertDelivery.objects.filter(pk=delivery.pk, status__in=OPEN_DELIVERIES).update(
        status=DeliveryStatus.FAILED, finished_at=now, note="Its alerts were deleted."
    )


def _is_abandoned(delivery: AlertDelivery, now: datetime) -> bool:
    """Whether nobody is sending this any more. One's own name means an earlier go of this process that failed badly."""
    if delivery.sender == own_identity():
        return True
    alive = is_alive(delivery.sender)
    if alive is None:
        age = now - delivery.attempted_at
        return not timedelta(0) <= age < STRANGE_SENDER_AFTER
    return not alive


def _patiently(store: Any) -> None:
    """Store an ending also when the database is locked for long: what is not noted as sent would be sent again."""
    for seconds in (*_PATIENCE, None):
        try:
            with transaction.atomic():
                store()
        except OperationalError:
            if seconds is None:
                raise
            logger.warning("[ALERTS] The outcome of a send cannot be stored yet; trying again")
            time.sleep(seconds)
        else:
            return
