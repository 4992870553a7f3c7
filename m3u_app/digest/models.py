"""The digest's own record, and how far each way out has been told (20 §11, 50 §5.8)."""

from typing import ClassVar

from django.db import models


class Frequency(models.TextChoices):
    IMMEDIATE = "immediate", "Right after a refresh"
    HOURLY = "hourly", "Every hour"
    DAILY = "daily", "Every day"
    WEEKLY = "weekly", "Every week"


class Target(models.TextChoices):
    """The ways out of a digest; each has marks of its own."""

    EMAIL = "email", "E-mail"
    DISCORD = "discord", "Discord"
    TELEGRAM = "telegram", "Telegram"
    ALERTS = "alerts", "Alert methods"


class DigestRecord(models.Model):
    """What the operator decided; there is one row, with the key 1, or none while everything is as it came.

    ``schedule`` is the one that the frequency made; the operator may change it like any other.
    """

    enabled = models.BooleanField(default=False)
    frequency = models.CharField(max_length=9, choices=Frequency, default=Frequency.DAILY)
    send_time = models.CharField(max_length=5, default="08:00", help_text="HH:MM, for daily and weekly.")
    send_weekday = models.PositiveSmallIntegerField(default=1, help_text="0 = Sunday … 6 = Saturday, for weekly.")
    email_recipients = models.JSONField(default=list, blank=True)
    include_group_changes = models.BooleanField(default=True)
    include_stream_changes = models.BooleanField(default=True)
    show_detailed_list = models.BooleanField(default=True)
    min_changes_threshold = models.PositiveSmallIntegerField(default=1)
    send_to_discord = models.BooleanField(default=False)
    send_to_telegram = models.BooleanField(default=False)
    send_to_alert_methods = models.BooleanField(default=False)
    exclude_group_patterns = models.JSONField(default=list, blank=True)
    exclude_stream_patterns = models.JSONField(default=list, blank=True)
    schedule = models.ForeignKey(
        "tasks_app.Schedule", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    last_digest_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "M3U digest settings"
        verbose_name_plural = "M3U digest settings"

    def __str__(self) -> str:
        return "M3U digest"


class DigestTarget(models.Model):
    """The state of one way out.

    Nothing of before ``opened_at`` is told: it was set when the way was switched on. ``unsent`` are the last messages of a
    digest of which only the first ones got through; they go out before anything new does.
    """

    target = models.CharField(max_length=10, choices=Target, unique=True)
    opened_at = models.DateTimeField()
    unsent = models.JSONField(default=list, blank=True)
    last_sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["target"]

    def __str__(self) -> str:
        return self.get_target_display()


class DigestMark(models.Model):
    """The newest refresh of an account that a way out has told about. An id and no time: a refresh that began before a
    digest and ended after it would fall between two times, and a digest for one account would swallow another's."""

    target = models.CharField(max_length=10, choices=Target)
    account = models.ForeignKey("m3u_app.Account", on_delete=models.CASCADE, related_name="digest_marks")
    batch_id = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["target", "account"], name="one_digest_mark_per_target_and_account")
        ]

    def __str__(self) -> str:
        return f"{self.target}: account {self.account_id} up to {self.batch_id}"
