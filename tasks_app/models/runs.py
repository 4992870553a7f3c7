"""Runs of background tasks, wishes for runs, their log lines, and the worker's proof of life (50 §1.7, §1.8)."""

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class RunStatus(models.TextChoices):
    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    TERMINATED = "terminated", "Interrupted"


ACTIVE_STATUSES = (RunStatus.QUEUED, RunStatus.RUNNING)


class Trigger(models.TextChoices):
    MANUAL = "manual", "by hand"
    SCHEDULED = "scheduled", "by schedule"
    EVENT = "event", "after a change"
    COMMAND = "command", "from the command line"
    API = "api", "by another program"


BY_PEOPLE = (Trigger.MANUAL, Trigger.API)
"""Runs that a signed-in person wants, with their own hands or through a program of theirs."""


LATE_FROM = timedelta(minutes=6)
"""A run that begins less than this after its moment is on time: a tick may be five minutes apart (T-15)."""


class TaskRun(models.Model):
    """One run of a task: the only truth about its state, whatever the queue believes (DESIGN §5).

    ``lock_key`` names what the run works on ("m3u:12"). The database refuses a second active run with the same key.
    """

    task_id = models.CharField(max_length=50)
    lock_key = models.CharField(max_length=100)
    title = models.CharField(max_length=255, help_text="What an operator reads: task name and what it works on.")
    status = models.CharField(max_length=12, choices=RunStatus, default=RunStatus.QUEUED)
    triggered_by = models.CharField(max_length=10, choices=Trigger, default=Trigger.MANUAL)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    parameters = models.JSONField(default=dict, blank=True)
    schedule = models.ForeignKey(
        "tasks_app.Schedule",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="runs",
        help_text="The schedule that made it run, or whose settings a run by hand took.",
    )
    trace_id = models.CharField(max_length=128, blank=True, help_text="The request that asked for it, as in the log.")
    planned_for = models.DateTimeField(null=True, blank=True, help_text="When it was due; set for scheduled runs only.")

    phase = models.CharField(max_length=40, blank=True)
    phase_started_at = models.DateTimeField(null=True, blank=True)
    current = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    current_item = models.CharField(max_length=255, blank=True)
    success_count = models.BigIntegerField(default=0)
    failed_count = models.BigIntegerField(default=0)
    skipped_count = models.BigIntegerField(default=0)

    cancel_requested = models.BooleanField(default=False)
    success = models.BooleanField(null=True)
    message = models.TextField(blank=True)
    error = models.CharField(max_length=40, blank=True, help_text="A reserved code of 50 §1.8, e.g. CANCELLED.")
    details = models.JSONField(default=dict, blank=True)

    worker = models.CharField(max_length=120, blank=True, help_text="host:pid@start of the process that runs it.")
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["task_id", "-id"]),
            models.Index(fields=["status"]),
            models.Index(fields=["lock_key", "-id"]),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["lock_key"], condition=Q(status__in=ACTIVE_STATUSES), name="one_active_run_per_lock_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.title} #{self.pk}"

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE_STATUSES

    @property
    def percentage(self) -> float:
        """0–100 with one decimal; 0 while the total is unknown (50 §1.8)."""
        return round(min(100.0, 100 * self.current / self.total), 1) if self.total else 0.0

    @property
    def severity(self) -> str:
        """success, warning, error, or "" while it is not over (T-22)."""
        if self.status == RunStatus.COMPLETED:
            return "warning" if self.failed_count else "success"
        return {
            RunStatus.CANCELLED: "warning",
            RunStatus.FAILED: "error",
            RunStatus.TERMINATED: "error",
        }.get(RunStatus(self.status), "")

    @property
    def duration(self) -> timedelta | None:
        """Working time so far, or in total once it is over; None before it starts."""
        if self.started_at is None:
            return None
        return max((self.completed_at or timezone.now()) - self.started_at, timedelta(0))

    @property
    def late_by(self) -> timedelta | None:
        """How long after its planned moment a scheduled run began; None when it was on time (T-17)."""
        began = self.started_at or self.completed_at
        if self.planned_for is None or began is None:
            return None
        late = began - self.planned_for
        return late if late >= LATE_FROM else None

    @property
    def time_left(self) -> timedelta | None:
        """Guess from the pace of the current phase; None while a guess would be worthless."""
        if self.status != RunStatus.RUNNING or self.phase_started_at is None or not 0 < self.current < self.total:
            return None
        spent = timezone.now() - self.phase_started_at
        if spent < timedelta(seconds=3):
            return None
        return spent * ((self.total - self.current) / self.current)


class TaskRunLog(models.Model):
    """One log line of a run, written by a logging handler while the run works."""

    run = models.ForeignKey(TaskRun, on_delete=models.CASCADE, related_name="log_lines")
    at = models.DateTimeField(default=timezone.now)
    level = models.CharField(max_length=10)
    text = models.TextField()

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return self.text[:80]


class RunRequest(models.Model):
    """A wish for a run in a moment: many wishes for the same work become one row and so one run.

    The worker turns it into a :class:`TaskRun` once ``due_at`` has passed and no such run is active.
    """

    key = models.CharField(max_length=120, unique=True, help_text="Task id and parameters: what is being coalesced.")
    task_id = models.CharField(max_length=50)
    parameters = models.JSONField(default=dict, blank=True)
    first_requested_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key


class TickClaim(models.Model):
    """When something that only one worker may do was last taken. Taken by compare-and-swap."""

    name = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class WorkerBeat(models.Model):
    """Proof of life of a worker process, renewed every few seconds."""

    worker = models.CharField(max_length=120, unique=True)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.worker
