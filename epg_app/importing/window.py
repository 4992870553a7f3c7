"""Which programmes are kept (30 §6), and times in the form the database wants."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

DAY: Final = 86_400
MAX_REMEMBERED: Final = 200_000


@dataclass(frozen=True)
class Window:
    """Programmes that end after ``start`` and begin before ``stop`` are kept. Seconds since 1970."""

    start: int
    stop: int

    @classmethod
    def around(cls, now: datetime, *, past_hours: int, future_days: int) -> "Window":
        moment = int(now.timestamp())
        return cls(moment - past_hours * 3600, moment + future_days * DAY)


class TimeTexts(dict[int, str]):
    """``texts[seconds since 1970]`` is the text SQLite keeps. Remembers what it worked out: the same times come again."""

    def __missing__(self, moment: int) -> str:
        if len(self) >= MAX_REMEMBERED:
            self.clear()
        text = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S").rjust(19, "0")
        self[moment] = text
        return text
