"""What the operator decided about each task, and when it is to run (50 §1.1, §1.4, §1.9)."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.timezone import now

SHORTEST_INTERVAL = 60
LONGEST_INTERVAL = 30 * 86_400
LAST_DAY = -1
"""``day_of_month`` of a schedule for the last day of each month."""


class ScheduleType(models.TextChoices):
    INTERVAL = "interval", "Every so often"
    DAILY = "daily", "Daily"
    WEEKLY = "weekly", "Weekly"
    BIWEEKLY = "biweekly", "Every two weeks"
    MONTHLY = "monthly", "Monthly"
    CRON = "cron", "Cron"


class Task(models.Model):
    """One row per task of the catalogue (T-1). Created with the task's defaults, never reset afterwards.

    ``configuration`` holds parameters that apply to every run of the task (T-2). ``switched_at`` and ``switched_by`` say
    when the operator last turned the task on or off: a task that is off without them was not turned off by anybody.
    """

    task_id = models.CharField(max_length=50, unique=True)
    enabled = models.BooleanField(default=True)
    configuration = models.JSONField(default=dict, blank=True)

    show_notifications = models.BooleanField(default=True)
    send_alerts = models.BooleanField(default=True)
    alert_on_error = models.BooleanField(default=True)
    alert_on_warning = models.BooleanField(default=True)
    alert_on_success = models.BooleanField(default=True)
    alert_on_info = models.BooleanField(default=False)
    send_to_email = models.BooleanField(default=True)
    send_to_discord = models.BooleanField(default=True)
    send_to_telegram = models.BooleanField(default=True)

    switched_at = models.DateTimeField(null=True, blank=True)
    switched_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["task_id"]

    def __str__(self) -> str:
        return self.task_id


class Schedule(models.Model):
    """A rule that makes a task due (50 §1.4). ``schedule.task_id`` is the task's id, e.g. "m3u_refresh".

    ``next_run_at`` is the planned moment, kept until a run has satisfied it: while ``pending_run`` is set, that run is to do
    so, and when the run is over the schedule gets ``last_run_at`` and its next moment, however the run ended (T-16).
    ``week_parity`` counts weeks from Sunday 1970-01-04 (T-8); ``days_of_week`` has 0 = Sunday … 6 = Saturday.
    ``problem`` says why the schedule cannot run at all, in words for the operator; empty when it can.
    """

    task = models.ForeignKey(Task, to_field="task_id", on_delete=models.CASCADE, related_name="schedules")
    name = models.CharField(max_length=100, blank=True)
    enabled = models.BooleanField(default=True)
    schedule_type = models.CharField(max_length=10, choices=ScheduleType)
    interval_seconds = models.PositiveIntegerField(null=True, blank=True)
    schedule_time = models.CharField(max_length=5, blank=True, help_text="HH:MM, 24 hours, in the schedule's time zone.")
    timezone = models.CharField(max_length=64, default="UTC")
    days_of_week = models.JSONField(default=list, blank=True)
    week_parity = models.PositiveSmallIntegerField(null=True, blank=True)
    day_of_month = models.SmallIntegerField(null=True, blank=True)
    cron_expression = models.CharField(max_length=200, blank=True)
    parameters = models.JSONField(default=dict, blank=True)

    next_run_at = models.DateTimeField(null=True, blank=True)
    last_run_at = models.DateTimeField(null=True, blank=True)
    pending_run = models.ForeignKey(
        "tasks_app.TaskRun", null=True, blank=True, on_delete=models.SET_NULL, related_name="satisfies"
    )
    problem = models.TextField(blank=True)
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["task_id", "id"]
        indexes: ClassVar = [
            models.Index(fields=["next_run_at", "id"], condition=Q(enabled=True), name="schedule_due"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(schedule_type="interval")
                | Q(interval_seconds__isnull=False, interval_seconds__range=(SHORTEST_INTERVAL, LONGEST_INTERVAL)),
                name="interval_schedule_has_an_interval",
                violation_error_message="An interval lies between 1 minute and 30 days.",
            ),
            models.CheckConstraint(
                condition=Q(week_parity__isnull=True) | Q(week_parity__in=(0, 1)), name="week_parity_is_0_or_1"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name or self.get_schedule_type_display()} ({self.task_id})"
