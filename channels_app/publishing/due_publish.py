"""Publishes again without a change of the lineup: the guide moves on with the days, and a failed publish is tried again."""

from datetime import datetime, timedelta

from channels_app.models import Channel
from channels_app.publishing.generation import NothingPublished, current_generation
from channels_app.publishing.request_publish import TASK_ID, request_publish
from tasks_app.models import TaskRun
from tasks_app.ticks import register_due_check

FRESH_FOR = timedelta(hours=12)  # by then half a day of programmes in the guide is over
RETRY_AFTER = timedelta(hours=1)


@register_due_check
def publish_when_due(now: datetime) -> None:
    """Ask for a publish when the last one is old, failed, or has been lost. Two queries at most, mostly none or one."""
    try:
        made_at = current_generation().made_at
    except NothingPublished:
        if not Channel.objects.exists():
            return
        made_at = None
    last = TaskRun.objects.filter(task_id=TASK_ID).order_by("-id").values_list("queued_at", "success").first()
    if last is not None and now - last[0] < RETRY_AFTER:
        return
    failed = last is not None and last[1] is False
    if made_at is None or failed or now - made_at > FRESH_FOR:
        request_publish()
