"""How one source wants its guide to be read."""

from dataclasses import dataclass
from datetime import UTC, timezone
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class ReadingChoices:
    """``language``: preferred language of texts, e.g. "fr"; empty = the first text. ``assume``: zone of times without
    an offset. ``shift_minutes`` is added to every time."""

    language: str = ""
    assume: ZoneInfo | timezone = UTC
    shift_minutes: int = 0


def language_rank(language: str, preferred: str) -> int:
    """2 = the preferred language, 1 = a dialect of it (``en-GB`` for ``en``, and the other way round), 0 = another."""
    found, wanted = language.strip().lower().replace("_", "-"), preferred.strip().lower().replace("_", "-")
    if found == wanted:
        return 2
    return int(bool(found) and found.partition("-")[0] == wanted.partition("-")[0])
