"""What providers added, took away and changed (20 §10).

A *batch* is one refresh. It has a *change* per kind and group ("12 streams removed from Sports"), and every one of those
streams is a *stream change*. Totals per batch and kind answer the summary cards without looking at the changes.
"""

from typing import ClassVar

from django.db import models


class ChangeType(models.TextChoices):
    """The codes are those of 20 §10.3; moved, new address and new id go beyond them."""

    GROUP_ADDED = "group_added", "Group added"
    GROUP_REMOVED = "group_removed", "Group removed"
    GROUP_RENAMED = "group_renamed", "Group renamed"
    STREAMS_ADDED = "streams_added", "Streams added"
    STREAMS_REMOVED = "streams_removed", "Streams removed"
    STREAMS_RENAMED = "streams_renamed", "Streams renamed"
    STREAMS_MOVED = "streams_moved", "Streams moved"
    STREAMS_NEW_URL = "streams_new_url", "New address"
    STREAMS_NEW_ID = "streams_new_id", "New id"


GROUP_TYPES = (ChangeType.GROUP_ADDED, ChangeType.GROUP_REMOVED, ChangeType.GROUP_RENAMED)


class StreamChangeKind(models.IntegerChoices):
    ADDED = 1, "added"
    REMOVED = 2, "removed"
    RENAMED = 3, "renamed"
    MOVED = 4, "moved"
    NEW_URL = 5, "new address"
    NEW_ID = 6, "new id"
    RETURNED = 7, "came back"


class ChangeBatch(models.Model):
    """One refresh of one account, written also when nothing changed (20 §10.2)."""

    account = models.ForeignKey("m3u_app.Account", on_delete=models.CASCADE, related_name="change_batches", db_index=False)
    at = models.DateTimeField()
    source_updated_at = models.DateTimeField(
        null=True, blank=True, help_text="When the account had been refreshed before: changes happened since then."
    )
    baseline = models.BooleanField(default=False, help_text="The first look at the account: everything is new.")
    summarised = models.BooleanField(default=False, help_text="Off while the refresh runs, and after one that was killed.")
    total_streams = models.PositiveIntegerField(default=0)
    total_groups = models.PositiveIntegerField(default=0)
    snapshot = models.BinaryField(
        default=b"", editable=False, help_text="Groups at that moment, packed; empty for all but the newest few."
    )

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["account", "at"], name="changebatch_account_at"),
            models.Index(fields=["at"], name="changebatch_at"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.at:%Y-%m-%d %H:%M}"


class Change(models.Model):
    """One kind of change in one group of one batch: a line of the page."""

    batch = models.ForeignKey(ChangeBatch, on_delete=models.CASCADE, related_name="changes")
    # Account and time stand in the batch too; here they let the list filter and sort in one index.
    account = models.ForeignKey("m3u_app.Account", on_delete=models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField()
    change_type = models.CharField(max_length=16, choices=ChangeType)
    group_id = models.BigIntegerField(default=0, help_text="The group at that time; 0 = none.")
    group_name = models.CharField(max_length=255)
    former_name = models.CharField(max_length=255, blank=True, help_text="Of a group that was renamed.")
    enabled = models.BooleanField(default=True, help_text="Whether the group was switched on then.")
    baseline = models.BooleanField(default=False)
    count = models.PositiveIntegerField(default=0)
    in_use = models.PositiveIntegerField(default=0, help_text="Of the removed streams, those that channels used.")
    names = models.TextField(blank=True, help_text="The names in it, one a line, as the search index knows them.")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["at", "id"], name="change_at"),
            models.Index(fields=["account", "at", "id"], name="change_account_at"),
            models.Index(fields=["change_type", "at", "id"], name="change_type_at"),
            models.Index(fields=["enabled", "at", "id"], name="change_enabled_at"),
            models.Index(fields=["group_name", "at", "id"], name="change_group_at"),
            models.Index(fields=["count", "id"], name="change_count"),
            models.Index(fields=["at", "id"], condition=models.Q(in_use__gt=0), name="change_in_use"),
        ]

    def __str__(self) -> str:
        return f"{self.group_name}: {self.get_change_type_display()} {self.count}"


class StreamChange(models.Model):
    """What happened to one stream. ``stream_id`` is its row, which may be gone by now."""

    batch = models.ForeignKey(ChangeBatch, on_delete=models.CASCADE, related_name="stream_changes", db_index=False)
    kind = models.PositiveSmallIntegerField(choices=StreamChangeKind)
    group_id = models.BigIntegerField(default=0)
    stream_id = models.BigIntegerField()
    name = models.CharField(max_length=512)
    before = models.TextField(blank=True, help_text="Former name, group, address (masked) or id, by kind.")
    after = models.TextField(blank=True, help_text="The same as it is now; names stand in name.")
    used_by = models.JSONField(
        default=list, blank=True, help_text="Removed streams: [[id, name, position]] of the channels that used it then."
    )

    class Meta:
        indexes: ClassVar = [models.Index(fields=["batch", "kind", "group_id", "id"], name="streamchange_batch")]

    def __str__(self) -> str:
        return f"{self.name}: {self.get_kind_display()}"


class ChangeTotal(models.Model):
    """How many changes and streams a batch has of each type: what cards and charts add up."""

    batch = models.ForeignKey(ChangeBatch, on_delete=models.CASCADE, related_name="totals")
    account = models.ForeignKey("m3u_app.Account", on_delete=models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField()
    change_type = models.CharField(max_length=16, choices=ChangeType)
    enabled = models.BooleanField(default=True)
    baseline = models.BooleanField(default=False)
    rows = models.PositiveIntegerField(default=0)
    streams = models.PositiveIntegerField(default=0)
    in_use = models.PositiveIntegerField(default=0)
    rows_in_use = models.PositiveIntegerField(default=0)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["at"], name="changetotal_at"),
            models.Index(fields=["account", "at"], name="changetotal_account_at"),
        ]

    def __str__(self) -> str:
        return f"{self.change_type}: {self.rows}"


class HeldStream(models.Model):
    """A stream that a held-back refresh would take away or bring: what the quarantine page lists (20 §23)."""

    account = models.ForeignKey("m3u_app.Account", on_delete=models.CASCADE, related_name="held_streams", db_index=False)
    arrives = models.BooleanField(default=False, help_text="On: it is new. Off: it would vanish.")
    stream_id = models.BigIntegerField(default=0)
    name = models.CharField(max_length=512)
    group_name = models.CharField(max_length=255)
    in_use = models.BooleanField(default=False)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["account", "arrives", "in_use", "id"], name="heldstream_account")]

    def __str__(self) -> str:
        return self.name
