"""Which programmes are kept (30 §6), and times in the form the database wants."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

DAY: Final = 86_400


@dataclass(frozen=True)
class Window:
    """Programmes that end after ``start`` and begin before ``stop`` are kept. Seconds since 1970."""

    start: int
    stop: int

    @classmethod
    def around(cls, now: datetime, *, past_hours: int, future_days: int) -> "Window":
        moment = int(now.timestamp())
        return cls(moment - past_hours * 3600, moment + future_days * DAY)


class TimeTexts:
    """Turns seconds since 1970 into the text SQLite keeps; remembers days and times of day."""

    def __init__(self) -> None:
        self._days: dict[int, str] = {}
        self._clocks: dict[int, str] = {}

    def __call__(self, moment: int) -> str:
        day, second = divmod(moment, DAY)
        days, clocks = self._days, self._clocks
        if day not in days:
            days[day] = datetime.fromtimestamp(day * DAY, UTC).strftime("%Y-%m-%d ").rjust(11, "0")
        if second not in clocks:
            clocks[second] = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
        return days[day] + clocks[second]
