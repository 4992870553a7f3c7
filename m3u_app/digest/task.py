"""The background task "M3U Change Digest" and what starts it right after a refresh (50 §1.2, 20 §11)."""

import logging
from typing import Any, ClassVar

from django.urls import reverse

from m3u_app.digest.edit_digest import DIGEST_TASK
from m3u_app.digest.models import DigestRecord, Frequency
from m3u_app.digest.send_digest import DigestReport, send_digest
from m3u_app.digest.values import RECORD_ID
from m3u_app.signals import account_refreshed
from tasks_app import engine
from tasks_app.notifications.notify import notify
from tasks_app.registry import TaskResult, TaskScheduler, register_task

logger = logging.getLogger(__name__)

SOON_SECONDS = 20.0  # several accounts are usually refreshed one after the other: one message for them
RETRY_SECONDS = 3600.0


@register_task
class M3uDigest(TaskScheduler):
    """Sends what changed at the providers to whoever the settings name. It has no parameters."""

    task_id = DIGEST_TASK
    name = "M3U Change Digest"
    description = "Sends what your providers added and took away since the last digest."
    quiet = True
    one_notification = True
    default_parameters: ClassVar[dict[str, Any] | None] = {}

    @classmethod
    def result_link(cls, parameters: dict[str, Any], *, succeeded: bool) -> tuple[str, str] | None:
        if succeeded:
            return "Open changes", reverse("m3u_changes:list")
        return "Open M3U Digest", reverse("m3u_digest:page")

    def execute(self) -> TaskResult:
        report = send_digest(between=self.progress.raise_if_cancelled)
        details = {"sent": report.sent, "failed": report.failed, "waiting": report.waiting, "disabled": report.is_off}
        if not report.has_targets:
            return TaskResult(success=False, message=report.sentence(), error="CONFIG_INVALID", details=details)
        if report.sent:
            _tell_failures(report)
        if report.failed and is_immediate():
            # No schedule comes back to what could not be sent; the next refresh may be a day away.
            engine.request_run_soon(DIGEST_TASK, delay_seconds=RETRY_SECONDS)
        return TaskResult(
            success=bool(report.sent) or not report.failed,
            message=report.sentence(),
            success_count=report.rows,
            failed_count=report.unsent_rows,
            skipped_count=report.waiting,
            details=details,
        )


def _tell_failures(report: DigestReport) -> None:
    """A digest that got through somewhere counts as success, and quiet runs do not tell of those: the bell does."""
    for name, problem in report.failed.items():
        notify(
            "warning",
            f"{problem} What it missed is sent with the next one.",
            title=f"The M3U digest does not reach {name}",
            source=DIGEST_TASK,
            source_id=name,
            action_label="M3U Digest",
            action_url=reverse("m3u_digest:page"),
        )


def is_immediate() -> bool:
    """Whether a digest follows every refresh."""
    return DigestRecord.objects.filter(pk=RECORD_ID, enabled=True, frequency=Frequency.IMMEDIATE).exists()


def send_after_refresh(**_signal: Any) -> None:
    """A refresh that changed something is over; refreshes close together share one digest."""
    if is_immediate():
        engine.request_run_soon(DIGEST_TASK, delay_seconds=SOON_SECONDS)


def register() -> None:
    """Called when the app starts."""
    account_refreshed.connect(send_after_refresh, dispatch_uid="m3u_app.digest.send_after_refresh")
