"""How long work tells where it stands and learns that it should stop.

Use cases take a :class:`Progress` and know nothing of runs, queues or pages; a command passes :class:`NoProgress`.
"""

from typing import Protocol


class Cancelled(Exception):
    """The operator asked to stop. Raised at a safe point: what is done stays done, nothing is half written."""


class Progress(Protocol):
    def report(
        self,
        *,
        phase: str | None = None,
        current: int | None = None,
        total: int | None = None,
        item: str | None = None,
        succeeded: int | None = None,
        failed: int | None = None,
        skipped: int | None = None,
    ) -> None:
        """Say where the work stands. Cheap: stored at most twice a second, except when ``phase`` changes."""

    def raise_if_cancelled(self) -> None:
        """Raise :class:`Cancelled` when a stop was asked for. Call between items and between chunks."""


class NoProgress:
    """Progress for callers who do not watch."""

    def report(self, **_: object) -> None:
        return None

    def raise_if_cancelled(self) -> None:
        return None
