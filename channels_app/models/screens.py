"""What people keep about their screens (10 §1.2): how they left one, and views with a name."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone


class ViewPreference(models.Model):
    """What one person left a screen like: pane width, filters, opened groups (10 §1.2)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="view_preferences")
    screen = models.CharField(max_length=40)
    values = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "screen"], name="one_preference_per_screen")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.screen}"


class SavedView(models.Model):
    """A named filter, sort and set of columns of one person."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    screen = models.CharField(max_length=40, default="channels")
    name = models.CharField(max_length=100)
    values = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("user", "screen", Lower("name"), name="saved_view_name_unique")]

    def __str__(self) -> str:
        return self.name
