"""The lineup: channels, their groups and their ordered streams (10 §1.1), and what auto-sync keeps about accounts."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from channels_app.models.profiles import StreamProfile
from epg_app.models import GuideEntry
from m3u_app.models import Account, Stream


class ChannelGroup(models.Model):
    name = models.CharField(max_length=255)
    position = models.PositiveIntegerField(null=True, blank=True, help_text="Empty = ordered by lowest channel number.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(Lower("name"), name="channel_group_name_unique")]

    def __str__(self) -> str:
        return self.name


class Channel(models.Model):
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=512)
    number = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    group = models.ForeignKey(ChannelGroup, null=True, blank=True, on_delete=models.SET_NULL, related_name="channels")
    tvg_id = models.CharField(max_length=255, blank=True)
    gracenote_id = models.CharField(max_length=64, blank=True)
    logo_url = models.TextField(blank=True)
    guide_entry = models.ForeignKey(GuideEntry, null=True, blank=True, on_delete=models.SET_NULL, related_name="channels")
    stream_profile = models.ForeignKey(
        StreamProfile, null=True, blank=True, on_delete=models.SET_NULL, related_name="channels", help_text="Empty = default."
    )
    epg_locked = models.BooleanField(default=False, help_text="Automatic matching must not touch it.")
    no_epg = models.BooleanField(default=False, help_text="The operator wants no guide here.")
    is_hidden = models.BooleanField(default=False)
    auto_created = models.BooleanField(default=False)
    auto_created_by = models.ForeignKey(Account, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    # Auto-sync (20 §4.3). Plain ids, no foreign keys: providers' rows come and go in bulk, and only the sync looks at these.
    synced_stream = models.BigIntegerField(null=True, blank=True, help_text="The stream that this channel was made for.")
    synced_group = models.BigIntegerField(null=True, blank=True, help_text="The provider's group that it came with.")
    pinned_fields = models.JSONField(
        default=list, blank=True, db_default=[], help_text="Fields set by hand: auto-sync leaves them alone."
    )
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)
    streams = models.ManyToManyField(Stream, through="ChannelStream", related_name="channels")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["group", "number", "name"], name="channel_group_number"),
            models.Index(fields=["number"], name="channel_number"),
            models.Index(fields=["tvg_id"], name="channel_tvg_id"),
        ]

    def __str__(self) -> str:
        return self.name


class ChannelStream(models.Model):
    """A stream on a channel; position 1 is tried first."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="channel_streams", db_index=False)
    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="channel_streams")
    position = models.PositiveIntegerField()

    class Meta:
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["channel", "stream"], name="stream_once_per_channel")]
        indexes: ClassVar = [models.Index(fields=["channel", "position"], name="channelstream_position")]

    def __str__(self) -> str:
        return f"{self.position}: {self.stream_id}"


class HiddenGroup(models.Model):
    """A group that the operator took off the lists but that auto-sync goes on filling (10 §7.4).

    Counts only while the group of that id still has the stored name. No foreign key: it outlives its group unnoticed.
    """

    group_id = models.BigIntegerField(unique=True)
    name = models.CharField(max_length=255)
    hidden_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class LeftoverChoice(models.TextChoices):
    """What becomes of auto-created channels whose streams are gone (20 §4.4)."""

    ALWAYS = "always", "Remove them"
    PRESERVE_CUSTOMIZED = "preserve_customized", "Keep those that were changed by hand"
    NEVER = "never", "Keep all of them"


class AccountSync(models.Model):
    """What auto-sync keeps about an account: a choice, where its groups' channels go, and how the last run ended."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="+", primary_key=True)
    leftovers = models.CharField(max_length=20, choices=LeftoverChoice, default=LeftoverChoice.ALWAYS)
    targets = models.JSONField(
        default=dict, blank=True, help_text="Channel group by provider's group: a renamed one keeps its channels."
    )
    last_result = models.JSONField(default=dict, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Auto-sync of account {self.account_id}"
