"""Alert methods, the alerts that wait for them, and the log of what was sent (50 §4)."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Severity(models.TextChoices):
    INFO = "info", "Info"
    SUCCESS = "success", "Success"
    WARNING = "warning", "Warning"
    ERROR = "error", "Error"


class AlertMethod(models.Model):
    """A named destination of alerts (50 §4.1).

    ``config`` holds what may be shown, ``secrets`` the encrypted JSON of what may not (A-2), read by
    :mod:`tasks_app.alerts.method_values` so that an exchanged key file costs the secrets and not the row.
    ``alert_sources`` is the source filter as versioned JSON (A-4), kept as text: whatever is in it must never stop an
    alert. ``not_before`` is when the next attempt may be made (after a refusal or a rate limit of the service).
    """

    name = models.CharField(max_length=100)
    method_type = models.CharField(max_length=20)
    enabled = models.BooleanField(default=True)
    config = models.JSONField(default=dict, blank=True)
    secrets = models.TextField(blank=True, default="", help_text="Encrypted JSON.")
    is_recipient_list = models.BooleanField(
        default=False, help_text="The e-mail recipients of the notification settings; there is one such method at most."
    )

    notify_info = models.BooleanField(default=False)
    notify_success = models.BooleanField(default=True)
    notify_warning = models.BooleanField(default=True)
    notify_error = models.BooleanField(default=True)
    alert_sources = models.TextField(blank=True, help_text="Versioned JSON; empty = everything.")

    errors_skip_window = models.BooleanField(default=False)
    quiet_from = models.TimeField(null=True, blank=True, help_text="In the operator's time zone.")
    quiet_until = models.TimeField(null=True, blank=True)
    errors_pass_quiet = models.BooleanField(default=True)

    not_before = models.DateTimeField(null=True, blank=True)
    failures_in_a_row = models.PositiveIntegerField(default=0)
    last_sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["is_recipient_list"], condition=Q(is_recipient_list=True), name="one_recipient_list"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.method_type})"


class DeliveryStatus(models.TextChoices):
    WAITING = "waiting", "Trying again"
    SENDING = "sending", "Sending"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"


OPEN_DELIVERIES = (DeliveryStatus.WAITING, DeliveryStatus.SENDING)


class AlertDelivery(models.Model):
    """One message to one method: what was in it, how often it was tried, what became of it.

    While it is open its alerts (:class:`PendingAlert`) are kept, so that a worker that dies loses nothing. ``sender`` is the
    process that is sending it. ``method_name`` is a copy, so that the log stays readable when the method is gone.
    """

    method = models.ForeignKey(AlertMethod, null=True, on_delete=models.SET_NULL, related_name="deliveries")
    method_name = models.CharField(max_length=100)
    method_type = models.CharField(max_length=20)
    status = models.CharField(max_length=8, choices=DeliveryStatus, default=DeliveryStatus.SENDING)
    severity = models.CharField(max_length=8, choices=Severity)
    title = models.CharField(max_length=255)
    event_count = models.PositiveIntegerField(default=1)
    is_test = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    sender = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    attempted_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True, help_text="What went wrong, or what the service remarked; never a secret.")

    class Meta:
        ordering: ClassVar = ["-id"]
        verbose_name_plural = "alert deliveries"
        indexes: ClassVar = [
            models.Index(fields=["method", "-attempted_at"], name="delivery_pace"),
            models.Index(fields=["status", "-id"], name="delivery_status"),
            models.Index(fields=["created_at"], name="delivery_age"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["method"], condition=Q(status__in=OPEN_DELIVERIES), name="one_open_delivery_per_method"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} → {self.method_name}"


class PendingAlert(models.Model):
    """One event that waits to reach one method; deleted once it is sent or given up."""

    method = models.ForeignKey(AlertMethod, on_delete=models.CASCADE, related_name="pending")
    delivery = models.ForeignKey(AlertDelivery, null=True, blank=True, on_delete=models.SET_NULL, related_name="alerts")
    severity = models.CharField(max_length=8, choices=Severity)
    title = models.CharField(max_length=255)
    message = models.TextField(blank=True)
    source = models.CharField(max_length=100, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    failed_items = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [models.Index(fields=["method", "id"], name="pending_of_method")]

    def __str__(self) -> str:
        return self.title
