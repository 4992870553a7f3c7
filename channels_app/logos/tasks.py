"""The background work of the library."""

from typing import Any, ClassVar

from django.urls import reverse

from channels_app.logos.check_logos import check_logos
from ecm_site.wording import counted
from tasks_app.registry import TaskResult, TaskScheduler, register_task

TASK_ID = "logo_check"


@register_task
class LogoCheckTask(TaskScheduler):
    task_id = TASK_ID
    name = "Logo check"
    description = "Loads every logo of the library once and lists those that are broken."
    item_word = "logo"
    default_parameters: ClassVar[dict[str, Any] | None] = {}

    @classmethod
    def result_link(cls, parameters: dict[str, Any], *, succeeded: bool) -> tuple[str, str] | None:
        return "Open broken logos", f"{reverse('logos:library')}?only=broken"

    def execute(self) -> TaskResult:
        """Check all; broken pictures are what it is for, not a failure of the run."""
        report = check_logos(progress=self.progress)
        told = [f"Checked {counted(report.checked, 'logo')}: {report.broken:,} broken"]
        if report.skipped:
            told.append(f"{report.skipped:,} in the local network were not looked at")
        if report.adopted:
            told.append(f"{report.adopted:,} that channels use were added to the library")
        return TaskResult(
            success=True,
            message=f"{'; '.join(told)}.",
            success_count=report.checked - report.broken,
            skipped_count=report.skipped,
            details={
                "checked": report.checked,
                "broken": report.broken,
                "not_looked_at": report.skipped,
                "added": report.adopted,
            },
        )
