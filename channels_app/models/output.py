"""Keys in published addresses (30 §16.4)."""

from django.db import models
from django.utils import timezone


class OutputToken(models.Model):
    """A key in a published address; only its hash is kept."""

    label = models.CharField(max_length=100)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.label
