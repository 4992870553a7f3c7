"""Sign-in attempts (50 U-10) and what users prefer (50 P-1)."""

from typing import ClassVar

from django.conf import settings
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


class UserPreferences(models.Model):
    """What a user has chosen for himself (50 P-1). Loaded together with the user, so asking for it costs nothing."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="ecm_preferences")
    theme = models.CharField(max_length=20, blank=True, help_text="Empty: as the install's appearance settings say.")

    class Meta:
        verbose_name_plural = "user preferences"

    def __str__(self) -> str:
        return f"Preferences of {self.user}"
