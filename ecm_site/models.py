"""Sign-in attempts (50 U-10)."""

from typing import ClassVar

from django.db import models
from django.utils import timezone


class Outcome(models.TextChoices):
    FAILED = "failed", "Failed"
    PASSED = "passed", "Passed"
    REFUSED = "refused", "Refused unseen, the name was waiting"


class SignInAttempt(models.Model):
    """One attempt, kept for the throttling window only. Written as failed before the password is looked at."""

    at = models.DateTimeField(default=timezone.now)
    name = models.CharField(max_length=150, blank=True, help_text="As typed, in lower case; need not exist.")
    address = models.CharField(max_length=64, blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.FAILED)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["name", "at"]), models.Index(fields=["address", "at"])]

    def __str__(self) -> str:
        return f"{self.name} from {self.address}"
