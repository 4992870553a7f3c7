"""Notices when the computer's clock is moved, or stood still while the machine slept."""

import logging
import time
from datetime import datetime, timedelta

from django.utils import timezone

logger = logging.getLogger(__name__)

TOLERANCE = timedelta(seconds=10)


class ClockWatch:
    """Compares the clock on the wall with one that nobody can move."""

    def __init__(self) -> None:
        self._wall = timezone.now()
        self._steady = time.monotonic()

    def jump(self) -> timedelta:
        """How far the clock was moved since the last look; zero for what lies within the tolerance."""
        wall, steady = timezone.now(), time.monotonic()
        moved = (wall - self._wall) - timedelta(seconds=steady - self._steady)
        self._wall, self._steady = wall, steady
        if abs(moved) < TOLERANCE:
            return timedelta(0)
        logger.warning("[TASKS] The clock was moved by %s; it is %s UTC now", _signed(moved), _shown(wall))
        return moved


def _signed(moved: timedelta) -> str:
    return f"-{-moved}" if moved < timedelta(0) else f"+{moved}"


def _shown(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")
