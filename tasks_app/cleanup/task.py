"""The task ``cleanup`` (50 §1.1, §10)."""

from django import forms
from django.forms import Field

from tasks_app.cleanup.run_steps import run_steps
from tasks_app.cleanup.steps import LONGEST_DAYS, SHORTEST_DAYS, all_steps, default_parameters
from tasks_app.registry import TaskResult, TaskScheduler, register_task


@register_task
class Cleanup(TaskScheduler):
    """Deletes what is older than anybody looks at, and compacts the database."""

    task_id = "cleanup"
    name = "Database Cleanup"
    description = "Deletes old runs, journal entries, notifications and leftovers, then compacts the database."
    default_parameters = default_parameters
    admin_only = True  # with one day to keep it would be the purge of the journal

    @classmethod
    def parameter_fields(cls) -> dict[str, Field]:
        """A number of days for each step that has one, a box for each that can be left out."""
        fields: dict[str, Field] = {}
        for step in all_steps():
            if step.days_parameter:
                fields[step.days_parameter] = forms.IntegerField(
                    label=f"{step.title}: days kept",
                    min_value=SHORTEST_DAYS,
                    max_value=LONGEST_DAYS,
                    help_text=f"{SHORTEST_DAYS} to {LONGEST_DAYS}; usually {step.default_days}.",
                )
            if step.switch:
                fields[step.switch] = forms.BooleanField(label=step.title, required=False)
        return fields

    def execute(self) -> TaskResult:
        report = run_steps(self.parameters, progress=self.progress)
        return TaskResult(
            success=len(report.failed) < len(report.results),
            message=report.sentence(),
            success_count=len(report.results) - len(report.failed),
            failed_count=len(report.failed),
            details={"steps": [result.as_json() for result in report.results]},
        )
