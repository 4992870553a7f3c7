"""The journal: what changed, when, by whom, and what it was before (50 §2)."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class JournalEntry(models.Model):
    """What changed, when, by whom, and what it was before (50 §2.1).

    ``entity_type`` finds the undo handler. ``undone_by`` is the entry that took this one back.
    """

    timestamp = models.DateTimeField(default=timezone.now)
    category = models.CharField(max_length=20)
    action_type = models.CharField(max_length=30)
    entity_type = models.CharField(max_length=30, blank=True)
    entity_id = models.BigIntegerField(null=True, blank=True)
    entity_name = models.CharField(max_length=255)
    description = models.TextField()
    before_value = models.JSONField(null=True, blank=True)
    after_value = models.JSONField(null=True, blank=True)
    user_initiated = models.BooleanField(default=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    user_name = models.CharField(max_length=150, blank=True, help_text="Copied, so that a deleted user stays readable.")
    batch_id = models.CharField(max_length=50, blank=True)
    leads = models.BooleanField(
        default=True, help_text="Off for all but the first entry of a category in a batch: the list folds those away."
    )
    undoable = models.BooleanField(default=False)
    # No plain index: all the entries that nobody took back would be in it, and SQLite would prefer it to better ones.
    undone_by = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="undoes", db_index=False
    )

    class Meta:
        ordering: ClassVar = ["-timestamp", "-id"]
        verbose_name_plural = "journal entries"
        indexes: ClassVar = [
            # The list is ordered by time and then id, so each filter that narrows much carries both.
            models.Index(fields=["-timestamp", "-id"], name="journal_time"),
            models.Index(fields=["-timestamp", "-id"], condition=Q(leads=True), name="journal_leading"),
            models.Index(fields=["category", "-timestamp", "-id"], name="journal_category"),
            models.Index(fields=["action_type", "-timestamp", "-id"], name="journal_action"),
            models.Index(fields=["batch_id", "category", "-timestamp", "-id"], name="journal_batch"),
            models.Index(fields=["category", "entity_id", "-timestamp", "-id"], name="journal_entity"),
            models.Index(fields=["batch_id", "-id"], condition=Q(undoable=True, undone_by=None), name="journal_to_undo"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["undone_by"], condition=Q(undone_by__isnull=False), name="journal_undone_once"),
        ]

    def __str__(self) -> str:
        return self.description[:80]


class JournalTally(models.Model):
    """How many entries an hour holds, per category, action and origin; with no hour: how many there are in all.

    Triggers keep it (:mod:`tasks_app.journal_triggers`).

    Counting, paging to any depth and the figures in the header read these few rows instead of a million entries.
    """

    pk = models.CompositePrimaryKey("hour", "category", "action_type", "user_initiated")
    hour = models.CharField(max_length=13, help_text="UTC, as the timestamp is stored: 2026-03-08 14")
    category = models.CharField(max_length=20)
    action_type = models.CharField(max_length=30)
    user_initiated = models.BooleanField()
    entries = models.BigIntegerField(default=0)
    lines = models.BigIntegerField(default=0, help_text="Entries that lead: lines of the list with bulk changes folded.")

    def __str__(self) -> str:
        return f"{self.hour}h {self.category} {self.action_type}: {self.entries}"


class JournalBatch(models.Model):
    """How many entries of a category a bulk operation wrote. Triggers keep it, too."""

    pk = models.CompositePrimaryKey("batch_id", "category")
    batch_id = models.CharField(max_length=50)
    category = models.CharField(max_length=20)
    entries = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.batch_id} {self.category}: {self.entries}"
