"""Drafts: staged edits of one person (10 §13). How they work: ``docs/architecture.md``, "Drafts".

:class:`Draft` and :class:`LineupTouch` live in the main database. The others live in the draft's own file, which holds a
copy of the lineup beside them; in the main database their tables stay empty.
"""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class DraftState(models.TextChoices):
    OPEN = "open", "Open"
    COMMITTING = "committing", "Being applied"
    COMMITTED = "committed", "Applied"
    DISCARDED = "discarded", "Discarded"


class Draft(models.Model):
    """Edits that wait to be applied together. One open draft per person."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="drafts")
    state = models.CharField(max_length=12, choices=DraftState, default=DraftState.OPEN)
    is_active = models.BooleanField(default=True, help_text="Off = put aside: the pages show the lineup as it is.")
    file_name = models.CharField(max_length=80, help_text="In the folder of drafts.")
    opened_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    run_id = models.BigIntegerField(null=True, blank=True, help_text="The run that applies it.")
    result = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner"], condition=models.Q(state__in=["open", "committing"]), name="one_open_draft_per_person"
            )
        ]

    def __str__(self) -> str:
        return f"Draft {self.pk} of {self.owner_id}"


class LineupTouch(models.Model):
    """A row of the lineup that was written while drafts were open; written by triggers, read by drafts to catch up."""

    table = models.CharField(max_length=64)
    row_id = models.BigIntegerField()
    parent_id = models.BigIntegerField(null=True, help_text="The channel, for rows that belong to one.")

    def __str__(self) -> str:
        return f"{self.table} {self.row_id}"


class DraftStep(models.Model):
    """One action of the operator: what undo takes back at once (10 §13.4). Steps beyond the newest not undone are redo."""

    at = models.DateTimeField(default=timezone.now)
    description = models.TextField()
    details = models.JSONField(default=list, blank=True, help_text="What it did, sentence by sentence.")
    undone = models.BooleanField(default=False)
    checkpoint = models.CharField(max_length=100, blank=True, help_text="Name of the checkpoint set after this step.")
    checkpoint_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.description


class DraftChange(models.Model):
    """A row before and after, in the order of writing; made by triggers. None = it did not or does not exist."""

    step_id = models.BigIntegerField(db_index=True)
    table = models.CharField(max_length=64)
    row_id = models.BigIntegerField()
    parent_id = models.BigIntegerField(null=True, help_text="The channel, for rows that belong to one.")
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["table", "row_id"], name="draft_change_row"),
            models.Index(fields=["table", "parent_id"], name="draft_change_parent"),
        ]

    def __str__(self) -> str:
        return f"{self.table} {self.row_id}"


class DraftProblem(models.Model):
    """Why an entity could not be applied; stays with the draft until its next commit (10 §13.7)."""

    kind = models.CharField(max_length=20)
    entity_id = models.BigIntegerField()
    message = models.TextField()

    def __str__(self) -> str:
        return self.message
