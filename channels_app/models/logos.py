"""The library of channel logos (10 §16). A channel names its logo by address; the library knows it under the same one."""

from django.db import models
from django.utils import timezone


class Logo(models.Model):
    """A picture under an address: somewhere on the network, or an uploaded file that we serve ourselves."""

    name = models.CharField(max_length=255)
    url = models.TextField(unique=True)
    stored_name = models.CharField(max_length=100, blank=True, help_text="File in the data folder; empty for remote pictures.")
    checked_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=255, blank=True, help_text="What the last check found wrong, in words.")
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name
