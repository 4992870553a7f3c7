"""What the bell shows: results, problems and what runs right now (50 §3)."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from tasks_app.models.runs import TaskRun


class NotificationKind(models.TextChoices):
    INFO = "info", "Information"
    SUCCESS = "success", "Success"
    WARNING = "warning", "Warning"
    ERROR = "error", "Error"


class Notification(models.Model):
    """One message for everybody who uses this install (50 §3.1).

    ``run`` is set when this is *the* notification of that run (N-1): while ``live``, where it stands is read from the run
    itself. ``last_at`` moves when the same thing happens again (N-4, ``count``). ``revision`` grows with every change of
    any notification, so that a page can ask cheaply whether something is new; ``news`` is the revision at which this one
    began to deserve a word of its own (an error, or a wish to pop up), 0 when it never did.
    """

    kind = models.CharField(max_length=7, choices=NotificationKind, default=NotificationKind.INFO)
    title = models.CharField(max_length=255, blank=True)
    message = models.TextField()
    read = models.BooleanField(default=False)
    read_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=50, blank=True)
    source_id = models.CharField(max_length=100, blank=True)
    action_label = models.CharField(max_length=50, blank=True)
    action_url = models.CharField(max_length=500, blank=True, help_text="A path of this site.")
    metadata = models.JSONField(default=dict, blank=True)
    run = models.OneToOneField(
        TaskRun,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="notification",
        db_constraint=False,  # old runs may be deleted in bulk, past Django
    )
    live = models.BooleanField(default=False, help_text="Its run works right now: pinned on top, neither read nor deleted.")
    count = models.PositiveIntegerField(default=1, help_text="How often the same thing happened.")
    created_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revision = models.BigIntegerField(default=0)
    news = models.BigIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["-last_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["-last_at", "-id"], name="notification_time"),
            models.Index(fields=["-last_at", "-id"], condition=Q(read=False), name="notification_unread"),
            models.Index(fields=["id"], condition=Q(live=True), name="notification_live"),
            models.Index(fields=["revision"], name="notification_revision"),
            models.Index(fields=["news"], condition=Q(news__gt=0), name="notification_news"),
            models.Index(fields=["source", "source_id", "-last_at"], name="notification_source"),
            models.Index(fields=["expires_at"], condition=Q(expires_at__isnull=False), name="notification_expiry"),
        ]

    def __str__(self) -> str:
        return (self.title or self.message)[:80]


class ToldOnce(models.Model):
    """A fact that was told and is not told again, even when the notification about it was deleted meanwhile."""

    key = models.CharField(max_length=150, unique=True, help_text="What was told: source, thing and moment.")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "told once"

    def __str__(self) -> str:
        return self.key
