"""Lines of the delivery log that are old; what still waits or is tried again stays (50 §4.5)."""

from tasks_app.alerts.queries import DELIVERIES_KEPT_DAYS, old_deliveries, prune_deliveries
from tasks_app.cleanup.steps import Cleared, Context, register_step


def clear(context: Context) -> Cleared:
    if context.dry_run:
        return Cleared(old_deliveries(context.cutoff).count())
    return Cleared(prune_deliveries(context.cutoff))


register_step("alert_deliveries", "Delivery log of alerts", clear, DELIVERIES_KEPT_DAYS, order=61)
