"""What the pages about alerts read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet

from tasks_app.alerts.channel import Channel
from tasks_app.alerts.channels import CHANNELS
from tasks_app.alerts.holds import hold_reasons
from tasks_app.alerts.method_values import stored_values
from tasks_app.alerts.source_filter import read_filter
from tasks_app.models import AlertDelivery, AlertMethod, DeliveryStatus, Severity

DELIVERIES_KEPT_DAYS = 30
_PRUNED_AT_ONCE = 500
SEVERITIES = (
    (Severity.ERROR, "Errors"),
    (Severity.WARNING, "Warnings"),
    (Severity.SUCCESS, "Successes"),
    (Severity.INFO, "Information"),
)


@dataclass(frozen=True)
class MethodLine:
    """One alert method as the list shows it."""

    method: AlertMethod
    channel: Channel | None
    place: str
    problem: str
    waiting: int
    holds: str
    severities: Sequence[tuple[str, str]]
    is_filtered: bool


def method_lines(now: datetime, method_id: int | None = None) -> list[MethodLine]:
    """All methods by name, or just the one."""
    rows = AlertMethod.objects.annotate(waiting=Count("pending"))
    methods = list(rows if method_id is None else rows.filter(pk=method_id))
    holds = hold_reasons([method for method in methods if method.waiting], now)
    return [_line(method, method.waiting, holds.get(method.pk, "")) for method in methods]


def recipient_list() -> AlertMethod | None:
    """The e-mail recipients of the settings page (50 §4.5)."""
    return AlertMethod.objects.filter(is_recipient_list=True).first()


def delivery_page(*, method_id: int | None, status: str, number: int, size: int = 50) -> Page[AlertDelivery]:
    """The delivery log, newest first."""
    rows = AlertDelivery.objects.order_by("-id")
    if method_id is not None:
        rows = rows.filter(method_id=method_id)
    if status in DeliveryStatus.values:
        rows = rows.filter(status=status)
    return Paginator(rows, size).get_page(number)


def old_deliveries(before: datetime) -> QuerySet[AlertDelivery]:
    """What is over and began before ``before``."""
    return AlertDelivery.objects.filter(status__in=(DeliveryStatus.SENT, DeliveryStatus.FAILED), created_at__lt=before)


def prune_deliveries(before: datetime) -> int:
    """Delete them, in steps that keep nobody waiting; returns the number."""
    deleted = 0
    while ids := list(old_deliveries(before).order_by("id").values_list("pk", flat=True)[:_PRUNED_AT_ONCE]):
        deleted += AlertDelivery.objects.filter(pk__in=ids).delete()[0]
    return deleted


def _line(method: AlertMethod, waiting: int, holds: str) -> MethodLine:
    channel = CHANNELS.get(method.method_type)
    values = stored_values(method)
    return MethodLine(
        method=method,
        channel=channel,
        place=channel.place(values) if channel else method.method_type,
        problem=channel.problem(values) if channel else "This version cannot send to it.",
        waiting=waiting,
        holds=holds,
        severities=[(severity, label) for severity, label in SEVERITIES if getattr(method, f"notify_{severity}")],
        is_filtered=read_filter(method.alert_sources).as_text() != "",
    )
