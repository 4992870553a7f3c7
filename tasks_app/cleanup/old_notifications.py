"""Notifications whose time is over (50 N-8)."""

from tasks_app.cleanup.steps import Cleared, Context, register_step
from tasks_app.notifications import retention


def clear(context: Context) -> Cleared:
    days = context.days or retention.DEFAULT_DAYS
    if context.dry_run:
        return Cleared(retention.old_notifications(context.now, days).count())
    return Cleared(retention.delete_old_notifications(context.now, days))


register_step("notifications", "Notifications", clear, retention.DEFAULT_DAYS, order=60)
