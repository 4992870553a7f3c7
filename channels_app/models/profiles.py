"""Channel profiles: playlists for different people; stream profiles: how a channel is played (10 §17)."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone


class ChannelProfile(models.Model):
    """A playlist for some audience. A channel without a membership is disabled in it."""

    name = models.CharField(max_length=100)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(Lower("name"), name="channel_profile_name_unique")]

    def __str__(self) -> str:
        return self.name


class ProfileMembership(models.Model):
    """This channel is enabled in this profile."""

    profile = models.ForeignKey(ChannelProfile, on_delete=models.CASCADE, related_name="memberships", db_index=False)
    channel = models.ForeignKey("channels_app.Channel", on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["profile", "channel"], name="channel_once_per_profile")]

    def __str__(self) -> str:
        return f"{self.profile_id}: {self.channel_id}"


class StreamProfile(models.Model):
    """A way of playing channels. Only active ones are offered; locked ones cannot be changed."""

    name = models.CharField(max_length=100)
    command = models.CharField(max_length=255, blank=True)
    parameters = models.TextField(blank=True)
    is_active = models.BooleanField(default=True)
    locked = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(Lower("name"), name="stream_profile_name_unique")]

    def __str__(self) -> str:
        return self.name
