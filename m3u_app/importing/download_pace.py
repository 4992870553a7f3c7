"""Says how fast a download is and how long it will still take (20 §2.2)."""

import time

from tasks_app.progress import Progress

REPORT_EVERY = 0.5  # seconds


class DownloadPace:
    """Turns byte counts into progress: bytes so far, speed, time left."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._started = time.monotonic()
        self._reported = 0.0

    def received(self, count: int, total: int | None) -> None:
        """Take note of ``count`` bytes of ``total`` (None = unknown); tells the progress at most twice a second."""
        now = time.monotonic()
        if now - self._reported < REPORT_EVERY and count != total:
            return
        self._reported = now
        seconds = max(now - self._started, 0.001)
        self._progress.report(current=count, total=total or 0, item=pace_words(count, total or 0, seconds))


def pace_words(count: int, total: int, seconds: float) -> str:
    """Return e.g. "1,250 KB/s, 12 s left"; without a known total only the speed."""
    speed = count / seconds
    words = f"{speed / 1024:,.0f} KB/s"
    if not total or count >= total or not speed:
        return words
    left = round((total - count) / speed)
    return f"{words}, {left} s left" if left < 120 else f"{words}, {round(left / 60)} min left"
