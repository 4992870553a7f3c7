"""The steps of the clean-up, in order. An app registers its own from a module ``cleanup`` that is found at start."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tasks_app.progress import Progress

SHORTEST_DAYS, LONGEST_DAYS = 1, 365


@dataclass(frozen=True)
class Context:
    """What a step is given. ``days`` is None for steps without a setting. With ``dry_run`` it counts and removes nothing."""

    now: datetime
    days: int | None
    dry_run: bool
    progress: Progress

    @property
    def cutoff(self) -> datetime:
        """What is older may go. Only for steps with days."""
        if self.days is None:
            raise ValueError("this step has no number of days")
        return self.now - timedelta(days=self.days)


@dataclass(frozen=True)
class Cleared:
    """What a step did, or in a dry run would do: rows (or files) deleted, rows emptied of what is large, a word about it."""

    deleted: int = 0
    emptied: int = 0
    note: str = ""


class StepFailed(Exception):
    """The step could not do its work; the message is a sentence for the operator. The other steps go on."""


StepFunction = Callable[[Context], Cleared]


@dataclass(frozen=True)
class Step:
    """``default_days`` None: always done, no setting. ``switch`` names a yes-or-no parameter that turns it off."""

    key: str
    title: str
    do: StepFunction
    default_days: int | None
    order: int
    switch: str = ""

    @property
    def days_parameter(self) -> str:
        """The parameter with the number of days, or "" for steps without one."""
        return f"{self.key}_days" if self.default_days is not None else ""


default_parameters: dict[str, Any] = {}
"""Parameters of the task with their defaults; grows as steps are registered."""

_steps: dict[str, Step] = {}


def register_step(
    key: str, title: str, do: StepFunction, default_days: int | None = None, order: int = 50, *, switch: str = ""
) -> Step:
    """Add a step. With ``default_days`` it gets a parameter ``<key>_days`` (1-365), with ``switch`` a parameter of that name.

    Lower ``order`` comes first; compaction is last. Registering the same key again replaces it.
    """
    step = Step(key, title, do, default_days, order, switch)
    _steps[key] = step
    if step.days_parameter:
        default_parameters[step.days_parameter] = default_days
    if switch:
        default_parameters[switch] = True
    return step


def all_steps() -> list[Step]:
    return sorted(_steps.values(), key=lambda step: (step.order, step.key))
