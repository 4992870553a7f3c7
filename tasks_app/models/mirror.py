"""What ECM remembers about the Dispatcharr server that it mirrors (``docs/architecture.md``, "Connected")."""

from typing import ClassVar

from django.db import models
from django.utils import timezone


class MirrorState(models.Model):
    """One row (id 1), made when it is first asked for: whether this house mirrors a server, and how that goes.

    ``quiet`` is on only inside the transaction that writes the server's own values here: triggers then note no change.
    """

    connected = models.BooleanField(default=False)
    quiet = models.BooleanField(default=False)
    address = models.CharField(max_length=500, blank=True, help_text="Root of the mirrored server; holds no credentials.")
    connected_at = models.DateTimeField(null=True, blank=True)
    reached_at = models.DateTimeField(null=True, blank=True, help_text="When the server last answered.")
    trouble = models.TextField(blank=True, help_text="Why it does not answer, or refuses us; empty = all is well.")
    trouble_since = models.DateTimeField(null=True, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True, help_text="No delivery before; set by outages.")
    backup_file = models.CharField(max_length=100, blank=True, help_text="Taken before the last switch.")
    connecting = models.CharField(
        max_length=8, blank=True, default="", db_default="", help_text="Way of connecting that was begun and is not finished."
    )
    marks = models.JSONField(
        default=dict, blank=True, help_text="By what the installation is known again: what it made, and when."
    )
    doubt = models.JSONField(
        default=dict,
        blank=True,
        help_text="Another installation answers: since when, where, and its marks. Empty = none.",
    )

    def __str__(self) -> str:
        return self.address or "standalone"


class MirrorLink(models.Model):
    """A row here and its row on the server, with the values that both sides last agreed on (the base of conflicts).

    Values are in local terms (ids of other rows are our ids); secrets are there as digests only. A link whose local row is
    gone is a deletion that waits for delivery.
    """

    kind = models.CharField(max_length=20)
    local_id = models.BigIntegerField()
    remote_id = models.BigIntegerField()
    agreed = models.JSONField(default=dict)
    sent = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        help_text="What was sent last, while it is not certain that it arrived: changed fields, or that it is to be deleted.",
    )
    stand_in = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        help_text="What it may be called there for a moment, so that another one can have its name; nobody chose it.",
    )
    pulled_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "local_id"], name="mirror_link_local"),
            models.UniqueConstraint(fields=["kind", "remote_id"], name="mirror_link_remote"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.local_id} = {self.remote_id}"


class OutboxState(models.TextChoices):
    WAITING = "waiting", "Waits"
    PARKED = "parked", "Cannot be delivered"
    CONFLICT = "conflict", "Changed on both sides"


class OutboxEntry(models.Model):
    """A row here that may differ from the server's. Written by triggers in the transaction of the change itself.

    What has to be sent is worked out when it is delivered: the row as it is now against :attr:`MirrorLink.agreed`. So any
    number of changes to a row is one delivery, and a change that was taken back is none.
    """

    kind = models.CharField(max_length=20)
    local_id = models.BigIntegerField()
    name = models.CharField(max_length=512, blank=True, help_text="What it was called at its last change.")
    queued_at = models.DateTimeField(default=timezone.now, help_text="First change that is not delivered.")
    version = models.PositiveIntegerField(
        default=1, db_default=1, help_text="Grows with every change: one made during a delivery stays queued."
    )
    state = models.CharField(
        max_length=8, choices=OutboxState, default=OutboxState.WAITING, db_default=OutboxState.WAITING.value
    )
    attempts = models.PositiveIntegerField(default=0, db_default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True, db_default="", help_text="Why it is parked, or what it waits for.")
    conflict = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        help_text='Fields by name with "base", "mine" and "theirs"; '
        '"deleted": "here" or "there" when one side deleted the row.',
    )
    wishes = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        help_text='Answers that need a look at the server: "fields" (names, or "*") to take over, "user_id", "user_name".',
    )

    class Meta:
        verbose_name_plural = "outbox entries"
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "local_id"], name="outbox_once")]
        indexes: ClassVar = [models.Index(fields=["state", "kind"], name="outbox_state")]

    def __str__(self) -> str:
        return f"{self.kind} {self.local_id} ({self.state})"


class CreationAttempt(models.Model):
    """Creations that were begun on the server and not yet seen through, so that a lost answer creates nothing twice."""

    kind = models.CharField(max_length=20)
    details = models.JSONField(default=dict, help_text="What the kind needs to find again what it asked for.")
    begun_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.kind} since {self.begun_at:%Y-%m-%d %H:%M}"


class MirrorPull(models.Model):
    """The last pull of each kind."""

    kind = models.CharField(max_length=20, unique=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField(default=0)
    counts = models.JSONField(default=dict, blank=True, help_text="seen, created, updated, deleted, conflicts.")
    problem = models.TextField(blank=True)
    left_out = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        help_text="Rows of the server that could not be understood: id → why, in words.",
    )
    held_back = models.JSONField(
        default=dict, blank=True, help_text="Rows that vanished in such numbers that somebody has to say yes."
    )
    accepted = models.JSONField(
        default=dict, blank=True, help_text="What was held back and may now be deleted here: the next pull does it."
    )
    mark = models.JSONField(default=dict, blank=True, help_text="What lets the next pull skip what did not change.")

    def __str__(self) -> str:
        return self.kind
