"""Time as the fake server sees it: that of the machine, moved by tests."""

import time
from datetime import UTC, datetime


class Clock:
    """``skew`` is how wrong the server's clock is; ``advance`` lets time pass for everybody who asks this clock."""

    def __init__(self, skew: float = 0.0) -> None:
        self.skew = skew
        self._ahead = 0.0

    def advance(self, seconds: float) -> None:
        self._ahead += seconds

    def now(self) -> float:
        """Seconds for measuring: never skewed."""
        return time.time() + self._ahead

    def written(self, moment: float | None = None) -> str:
        """``moment`` as the server writes it into rows, with its skew."""
        value = datetime.fromtimestamp((self.now() if moment is None else moment) + self.skew, UTC)
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
