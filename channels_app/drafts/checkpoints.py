"""Named places in a draft that one can go back to (10 §13.6). All functions work on the draft that the thread is in."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from channels_app.drafts.steps import refuse_unless_open
from channels_app.errors import EditRefused
from channels_app.models import DraftStep

CONFIRM_ABOVE = 5
"""Going back further than this many steps is asked for first."""
NAME_LENGTH = 100


@dataclass(frozen=True)
class Checkpoint:
    """``behind`` steps were taken after it and stand; ``ahead`` steps must be redone to reach it, when it was undone."""

    step_id: int
    name: str
    at: datetime
    behind: int
    ahead: int

    @property
    def needs_consent(self) -> bool:
        return self.behind > CONFIRM_ABOVE


def checkpoints() -> list[Checkpoint]:
    """Newest first. Three queries."""
    standing = list(DraftStep.objects.filter(undone=False).order_by("-pk").values_list("pk", flat=True))
    undone = list(DraftStep.objects.filter(undone=True).order_by("pk").values_list("pk", flat=True))
    behind = {pk: place for place, pk in enumerate(standing)}
    ahead = {pk: place for place, pk in enumerate(undone, 1)}
    steps = DraftStep.objects.exclude(checkpoint="").order_by("-pk")
    return [
        Checkpoint(step.pk, step.checkpoint, step.checkpoint_at or step.at, behind.get(step.pk, 0), ahead.get(step.pk, 0))
        for step in steps
    ]


def set_checkpoint(name: str = "") -> DraftStep:
    """Name the place where the draft is; without a name it is "Checkpoint N". Raises :class:`EditRefused`."""
    name = " ".join(name.split())
    if len(name) > NAME_LENGTH:
        raise EditRefused({"name": f"A name can have {NAME_LENGTH} characters at most."})
    with transaction.atomic():
        refuse_unless_open()
        step = DraftStep.objects.filter(undone=False).order_by("-pk").first()
        if step is None:
            raise EditRefused("Nothing has been changed yet. To go back to the start, undo everything or discard the draft.")
        if step.checkpoint and not name:
            raise EditRefused(f"There already is a checkpoint here: “{step.checkpoint}”.")
        step.checkpoint = name or _next_name()
        step.checkpoint_at = timezone.now()
        step.save(update_fields=["checkpoint", "checkpoint_at"])
    return step


def delete_checkpoint(step_id: int) -> bool:
    """Forget the name of a place; its steps stay. False when there was none."""
    with transaction.atomic():
        refuse_unless_open()
        return bool(DraftStep.objects.filter(pk=step_id).exclude(checkpoint="").update(checkpoint="", checkpoint_at=None))


def find_checkpoint(step_id: int) -> Checkpoint | None:
    return next((found for found in checkpoints() if found.step_id == step_id), None)


def _next_name() -> str:
    names = set(DraftStep.objects.exclude(checkpoint="").values_list("checkpoint", flat=True))
    number = len(names) + 1
    while f"Checkpoint {number}" in names:
        number += 1
    return f"Checkpoint {number}"
