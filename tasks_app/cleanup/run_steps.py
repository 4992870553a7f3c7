"""Goes through the steps of the clean-up: each alone, a failing one recorded, the rest continue (50 C-1)."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError
from django.utils import timezone

from ecm_site.masking import mask_text
from ecm_site.wording import counted
from tasks_app.cleanup.steps import Cleared, Context, Step, StepFailed, all_steps
from tasks_app.progress import NoProgress, Progress

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StepResult:
    """What one step did. ``error`` is a sentence when it failed."""

    step: Step
    days: int | None
    cleared: Cleared
    seconds: float
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "key": self.step.key,
            "title": self.step.title,
            "days": self.days,
            "deleted": self.cleared.deleted,
            "emptied": self.cleared.emptied,
            "note": self.cleared.note,
            "error": self.error,
            "seconds": round(self.seconds, 3),
        }


@dataclass
class CleanupReport:
    """What the steps did; with ``dry_run`` what they would do."""

    dry_run: bool
    results: list[StepResult] = field(default_factory=list)

    @property
    def deleted(self) -> int:
        return sum(result.cleared.deleted for result in self.results)

    @property
    def emptied(self) -> int:
        return sum(result.cleared.emptied for result in self.results)

    @property
    def failed(self) -> list[StepResult]:
        return [result for result in self.results if result.error]

    def sentence(self) -> str:
        """Rows deleted and executions emptied, counted apart; then what failed."""
        verb = "Would delete" if self.dry_run else "Deleted"
        parts = [f"{verb} {counted(self.deleted, 'row')}"]
        if self.emptied:
            parts.append(f"{'empty' if self.dry_run else 'emptied'} {counted(self.emptied, 'execution')}")
        sentence = f"{' and '.join(parts)}."
        for result in self.failed:
            sentence += f" {result.step.title} failed: {result.error}"
        return sentence


def run_steps(parameters: Mapping[str, Any], *, dry_run: bool = False, progress: Progress | None = None) -> CleanupReport:
    """Do every step with its ``parameters`` (days, switches; missing ones count as their defaults).

    Raises ``Cancelled`` between steps and between the turns of a step; what was removed stays removed.
    """
    progress = progress or NoProgress()
    steps = [step for step in all_steps() if not step.switch or parameters.get(step.switch, True)]
    report = CleanupReport(dry_run)
    for number, step in enumerate(steps):
        progress.raise_if_cancelled()
        progress.report(
            phase="cleaning",
            current=number,
            total=len(steps),
            item=step.title,
            succeeded=number - len(report.failed),
            failed=len(report.failed),
        )
        report.results.append(_do(step, parameters, dry_run, progress))
    progress.report(current=len(steps), succeeded=len(steps) - len(report.failed), failed=len(report.failed))
    return report


def _do(step: Step, parameters: Mapping[str, Any], dry_run: bool, progress: Progress) -> StepResult:
    days = int(parameters.get(step.days_parameter, step.default_days)) if step.default_days is not None else None
    context = Context(timezone.now(), days, dry_run, _Quiet(progress))
    started = time.monotonic()
    cleared, error = Cleared(), ""
    try:
        cleared = step.do(context)
    except StepFailed as failure:
        error = str(failure)
    except (DatabaseError, OSError) as failure:
        logger.exception("[CLEANUP] Step %s failed", step.key)
        error = f"{mask_text(str(failure)) or type(failure).__name__}."
    if error:
        logger.warning("[CLEANUP] %s failed: %s", step.title, error)
    elif cleared.deleted or cleared.emptied:
        logger.info("[CLEANUP] %s: deleted %s, emptied %s", step.title, cleared.deleted, cleared.emptied)
    return StepResult(step, days, cleared, time.monotonic() - started, error)


class _Quiet:
    """A step may ask whether to stop; where the whole stands is told by :func:`run_steps` alone."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def report(self, **_: object) -> None:
        return None

    def raise_if_cancelled(self) -> None:
        self._progress.raise_if_cancelled()
