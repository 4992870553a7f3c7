"""Every kind of background work, found by its stable id (50 §1.1)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.forms import Field

from tasks_app.progress import Progress


@dataclass
class TaskResult:
    """Outcome of a run (50 §1.8). ``success`` with ``failed_count`` > 0 is shown as a warning (T-22)."""

    success: bool
    message: str
    success_count: int = 0
    failed_count: int = 0
    skipped_count: int = 0
    error: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class WhatNext:
    """For the page of a run: a sentence about what to do, and words for buttons with the paths they lead to."""

    words: str = ""
    links: tuple[tuple[str, str], ...] = ()


class TaskScheduler(ABC):
    """Base class of all tasks. One instance serves one run."""

    do_not_call_in_templates: ClassVar[bool] = True  # templates show the class itself; they would otherwise make an instance

    task_id: ClassVar[str]
    name: ClassVar[str]
    description: ClassVar[str] = ""
    by_hand: ClassVar[bool] = True
    """Whether the Tasks page offers "Run now". Off for work that makes no sense without what triggers it."""
    admin_only: ClassVar[bool] = False
    """On for work that only administrators may start, schedule or change, such as deleting the journal (50 U-5)."""
    quiet: ClassVar[bool] = False
    """On for watching and tidying that nobody asks about: of scheduled runs the bell hears only failures (50 trap 25)."""
    one_notification: ClassVar[bool] = False
    """On for work of which only the newest run matters under the bell (N-2): it replaces older ones, and leaves nothing
    behind when it was cancelled."""
    default_parameters: ClassVar[dict[str, Any] | None] = None
    """All parameters with their defaults (50 §1.3). Unknown ones are then refused; None accepts anything."""

    internal_parameters: ClassVar[frozenset[str]] = frozenset()
    """Those of ``default_parameters`` that only ECM itself gives for one run: no schedule, no configuration holds them."""

    # What its row in the catalogue begins with; the tasks of 50 §1.1 are listed in tasks_app.scheduling.catalogue instead.
    enabled_by_default: ClassVar[bool] = True
    default_schedule: ClassVar[dict[str, Any] | None] = None
    """Fields of :class:`tasks_app.models.Schedule` for the schedule it begins with; None = it is started by hand."""
    suggested_time: ClassVar[str] = ""
    item_word: ClassVar[str] = "item"
    """What one of the things it counts is called, e.g. "account"."""

    def __init__(self, progress: Progress, parameters: dict[str, Any], *, user_initiated: bool = True) -> None:
        self.progress = progress
        self.parameters = parameters
        self.user_initiated = user_initiated

    @classmethod
    def lock_key(cls, parameters: dict[str, Any]) -> str:
        """Name what a run works on; two runs with the same key never overlap. Default: the task itself."""
        return cls.task_id

    @classmethod
    def title(cls, parameters: dict[str, Any]) -> str:
        """What the run is called on screen, e.g. "M3U refresh – Acme"."""
        return cls.name

    @classmethod
    def parameter_fields(cls) -> dict[str, Field]:
        """Form fields of the "Run now" dialog by parameter name; their cleaned values must be plain JSON values."""
        return {}

    @classmethod
    def result_link(cls, parameters: dict[str, Any], *, succeeded: bool) -> tuple[str, str] | None:
        """Where an operator looks after a run: words for a button and a path of this site. None = the run's own page."""
        return None

    @classmethod
    def described(cls, parameters: dict[str, Any]) -> list[tuple[str, str]] | None:
        """What a run was told to do, as label and words for its page; None = every parameter under its label."""
        return None

    @classmethod
    def what_next(cls, parameters: dict[str, Any], *, active: bool, succeeded: bool) -> WhatNext:
        """Where an operator looks from the page of a run: while it is ``active``, and once it is not."""
        link = None if active else cls.result_link(parameters, succeeded=succeeded)
        return WhatNext(links=(link,) if link else ())

    @classmethod
    def rests(cls) -> bool:
        """Whether there is nothing for it to do as this install stands, so that its schedules pass without a run."""
        return False

    @abstractmethod
    def execute(self) -> TaskResult:
        """Do the work. Raise for a failure; the message of the exception is shown to the operator, masked."""

    @classmethod
    def on_interrupted(cls, parameters: dict[str, Any]) -> None:
        """Mend rows that a killed run left behind (e.g. an account still "fetching"). Called once, at healing."""
        return


_tasks: dict[str, type[TaskScheduler]] = {}


class UnknownTask(LookupError):
    """No task has this id."""


def register_task(task: type[TaskScheduler]) -> type[TaskScheduler]:
    """Class decorator: make a task known. Apps do this by importing their ``tasks`` module in ``ready()``."""
    other = _tasks.get(task.task_id)
    if other is not None and other is not task:
        raise ValueError(f"task id {task.task_id!r} is taken by {other.__qualname__}")
    _tasks[task.task_id] = task
    return task


def get_task(task_id: str) -> type[TaskScheduler]:
    try:
        return _tasks[task_id]
    except KeyError:
        raise UnknownTask(f"There is no task {task_id!r}. Known: {', '.join(sorted(_tasks))}.") from None


def all_tasks() -> list[type[TaskScheduler]]:
    return sorted(_tasks.values(), key=lambda task: task.name)
