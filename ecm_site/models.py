"""Sign-in attempts (50 U-10)."""

from typing import ClassVar

from django.db import models
from django.utils import timezone


class SignInFailure(models.Model):
    """One failed sign-in, kept for the throttling window only."""

    at = models.DateTimeField(default=timezone.now)
    name = models.CharField(max_length=150, blank=True)
    address = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["name", "at"]), models.Index(fields=["address", "at"])]

    def __str__(self) -> str:
        return f"{self.name} from {self.address}"
