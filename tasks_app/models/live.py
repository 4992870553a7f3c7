"""What is being watched on the mirrored server, as far as somebody looks (20 §16)."""

from django.db import models


class LiveStatus(models.Model):
    """One row (id 1): the last answer. Kept so that pages never wait for the server, and many lookers ask it once."""

    asked_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True, help_text="Also when the answer was none.")
    problem = models.TextField(blank=True, help_text="Why nothing is known; empty = all is well.")
    channels = models.JSONField(
        default=list, blank=True, help_text='"uuid", "name" and "clients" of each channel that is being watched.'
    )

    class Meta:
        verbose_name_plural = "live status"

    def __str__(self) -> str:
        return f"Answered {self.answered_at}"
