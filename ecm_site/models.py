"""Sign-in attempts (50 U-10), who users are elsewhere (50 U-18), what they may do (50 U-5) and prefer (50 P-1)."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from ecm_site.roles import Role


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


class ExternalIdentity(models.Model):
    """Who vouches for a user besides the local password: one row per user and provider."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="external_identities")
    provider = models.CharField(max_length=20)
    external_id = models.CharField(max_length=200, help_text="The provider's own id; stays when the name changes.")
    name = models.CharField(max_length=150, help_text="The name there at the last sign-in.")
    server = models.CharField(max_length=300, help_text="Host and port that vouched for it last.")
    linked_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "external identities"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["provider", "external_id"], name="identity_once"),
            models.UniqueConstraint(fields=["user", "provider"], name="identity_per_provider"),
        ]

    def __str__(self) -> str:
        return f"{self.name} at {self.provider}"


class UserPreferences(models.Model):
    """What a user has chosen for himself (50 P-1). Loaded together with the user, so asking for it costs nothing."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="ecm_preferences")
    theme = models.CharField(max_length=20, blank=True, help_text="Empty: as the install's appearance settings say.")

    class Meta:
        verbose_name_plural = "user preferences"

    def __str__(self) -> str:
        return f"Preferences of {self.user}"


class DecidedBy(models.TextChoices):
    ADMINISTRATOR = "administrator", "An administrator here: stays"
    SERVER = "server", "The Dispatcharr server: follows the level there at each sign-in"


class UserRole(models.Model):
    """What a user may do who is no administrator. Loaded together with the user; without a row: an editor."""

    ROLES: ClassVar = [(Role.VIEWER.value, "Viewer: looks, changes nothing"), (Role.EDITOR.value, "Editor: changes the lineup")]

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="ecm_role")
    role = models.CharField(max_length=10, choices=ROLES, default=Role.VIEWER.value)
    decided_by = models.CharField(max_length=13, choices=DecidedBy, default=DecidedBy.ADMINISTRATOR)

    def __str__(self) -> str:
        return self.role
