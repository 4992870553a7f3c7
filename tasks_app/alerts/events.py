"""What can be alerted about (50 §4.2)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tasks_app.models import Severity

RANK = {Severity.INFO: 0, Severity.SUCCESS: 1, Severity.WARNING: 2, Severity.ERROR: 3}
FAILED_NAMES_SHOWN = 10


@dataclass(frozen=True)
class AlertEvent:
    """Something that happened, as it is offered to every alert method.

    ``category`` and ``entity_id`` are what source filters look at (A-4): ``m3u_refresh`` with the account's id,
    ``epg_refresh`` with the source's, ``probe_failures`` with the number of failures in ``counts["failed"]``. ``counts`` are
    short facts shown beside the message (numbers or short texts), ``failed_items`` names of what failed, as many as there are.
    """

    severity: str
    title: str
    message: str
    source: str
    task_id: str = ""
    category: str = ""
    entity_id: int | None = None
    counts: Mapping[str, Any] = field(default_factory=dict)
    failed_items: Sequence[str] = ()

    @property
    def failures(self) -> int:
        """How many items failed, as far as the event says."""
        value = self.counts.get("failed", len(self.failed_items))
        return value if isinstance(value, int) else 0


def worst(severities: Iterable[str]) -> Severity:
    """The gravest of ``severities``; info when there are none."""
    return max((Severity(severity) for severity in severities), key=lambda severity: RANK[severity], default=Severity.INFO)


def failed_lines(names: Sequence[str]) -> list[str]:
    """The first ten names, and how many more there are (50 §4.4)."""
    shown = list(names[:FAILED_NAMES_SHOWN])
    left = len(names) - len(shown)
    return [*shown, f"… and {left:,} more"] if left > 0 else shown
