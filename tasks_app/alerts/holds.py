"""Why what waits for several methods is not sent at this moment, with as many queries as for one (for pages)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q

from tasks_app.alerts import outbox, timing
from tasks_app.models import AlertDelivery, AlertMethod, PendingAlert, Severity
from tasks_app.models.alerts import OPEN_DELIVERIES


def hold_reasons(methods: Sequence[AlertMethod], now: datetime) -> dict[int, str]:
    """Method id → reason; "" for what is sent within seconds. Methods for which nothing waits are left out."""
    if not methods:
        return {}
    ids = [method.pk for method in methods]
    oldest = {
        row["method_id"]: row
        for row in PendingAlert.objects.filter(method_id__in=ids)
        .order_by()
        .values("method_id")
        .annotate(first=Min("created_at"), errors=Count("pk", filter=Q(severity=Severity.ERROR)))
    }
    deliveries = AlertDelivery.objects.filter(method_id__in=ids).order_by()
    tried = set(deliveries.filter(status__in=OPEN_DELIVERIES).values_list("method_id", flat=True))
    sends: dict[int, list[datetime]] = defaultdict(list)
    recent = deliveries.filter(is_test=False, attempted_at__gt=now - timedelta(hours=1))
    for method_id, at in recent.values_list("method_id", "attempted_at"):
        if method_id is not None:
            sends[method_id].append(at)
    return {
        method.pk: timing.hold_reason(
            outbox.queue_of(
                method,
                first_at=oldest[method.pk]["first"],
                has_error=bool(oldest[method.pk]["errors"]),
                is_retry=method.pk in tried,
                attempts=sends[method.pk],
            ),
            now,
            window=outbox.digest_window(),
            zone=outbox.zone(),
        )
        for method in methods
        if method.pk in oldest
    }
