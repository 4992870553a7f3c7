"""What was noticed while reading a guide: how often, and the first few places (30 §3.1, §4)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

SAMPLES_KEPT: Final = 5
SAMPLE_CHARACTERS: Final = 160


class Effect(Enum):
    """What a finding cost."""

    SKIPPED = "skipped"  # this item is not in the guide
    REPAIRED = "repaired"  # nothing lost
    NOTED = "noted"  # imported as it is
    DAMAGE = "damage"  # the file itself is broken here; something may be missing


@dataclass(frozen=True)
class Kind:
    key: str
    effect: Effect
    words: str


def _kinds(*kinds: Kind) -> dict[str, Kind]:
    return {kind.key: kind for kind in kinds}


KINDS: Final = _kinds(
    Kind("start_unreadable", Effect.SKIPPED, "Programmes whose start cannot be read"),
    Kind("no_channel", Effect.SKIPPED, "Programmes that name no channel"),
    Kind("stop_is_start", Effect.SKIPPED, "Programmes that end when they start"),
    Kind("same_start", Effect.SKIPPED, "Programmes that start with another one of the same channel"),
    Kind("too_many_programmes", Effect.SKIPPED, "Programmes beyond what one channel may have"),
    Kind("empty_id", Effect.SKIPPED, "Channels without an id"),
    Kind("long_id", Effect.SKIPPED, "Channels and programmes with an id of more than 255 characters"),
    Kind("too_many_channels", Effect.SKIPPED, "Channels beyond what one guide may have"),
    Kind("duplicate_channel", Effect.NOTED, "Channels declared more than once; the first name and icon count"),
    Kind("undeclared_channel", Effect.NOTED, "Channels that have programmes but no channel element; named like their id"),
    Kind("stop_derived", Effect.NOTED, "Programmes without a usable end; it was worked out"),
    Kind("overlap", Effect.REPAIRED, "Programmes that ran into the next one; cut where that starts"),
    Kind("very_long", Effect.NOTED, "Programmes of more than 48 hours"),
    Kind("unknown_zone", Effect.NOTED, "Time zones that are not known; the time zone of the source was assumed"),
    Kind("bare_ampersand", Effect.REPAIRED, "Texts with a bare & sign"),
    Kind("unknown_entity", Effect.REPAIRED, "Texts with an entity that no one defines; kept as written"),
    Kind("own_entities", Effect.NOTED, "The file defines entities of its own; they are never expanded"),
    Kind("control_character", Effect.REPAIRED, "Control characters that XML forbids; removed"),
    Kind("bad_bytes", Effect.REPAIRED, "Bytes that are not text in the encoding of the file; read as Windows-1252"),
    Kind("unknown_encoding", Effect.NOTED, "The declared encoding is not known; read as UTF-8"),
    Kind("markup", Effect.REPAIRED, "Elements with damaged markup that could be mended"),
    Kind("unreadable_tag", Effect.DAMAGE, "Start tags that cannot be read; these items are missing"),
    Kind("unclosed", Effect.DAMAGE, "Programmes or channels that never end"),
    Kind("open_section", Effect.DAMAGE, "A comment or CDATA section that never ends; its start was ignored"),
    Kind("oversized", Effect.DAMAGE, "Elements too large to be a programme; skipped"),
    Kind("cut", Effect.DAMAGE, "The file ends in the middle"),
    Kind("archive", Effect.DAMAGE, "The packed file is damaged from here on"),
)


@dataclass
class Finding:
    count: int = 0
    samples: list[tuple[int, str]] = field(default_factory=list)
    """Line (0 = unknown) and text."""


class Findings:
    """Counts what happens; keeps the first places of each kind."""

    def __init__(self) -> None:
        self._found: dict[str, Finding] = {}

    def note(self, kind: str, *, line: int | Callable[[], int] = 0, sample: str = "", count: int = 1) -> None:
        """Count something. ``line`` may be a function: it is only asked while samples are still wanted."""
        found = self._found.get(kind)
        if found is None:
            found = self._found[kind] = Finding()
        found.count += count
        if len(found.samples) < SAMPLES_KEPT:
            place = line() if callable(line) else line
            found.samples.append((place, " ".join(sample[: SAMPLE_CHARACTERS * 2].split())[:SAMPLE_CHARACTERS]))

    def count(self, kind: str) -> int:
        found = self._found.get(kind)
        return found.count if found else 0

    def total(self, effect: Effect) -> int:
        return sum(found.count for key, found in self._found.items() if KINDS[key].effect is effect)

    @property
    def damaged_line(self) -> int | None:
        """Line of the first place where the file is broken; None when it is not, 0 when the line is unknown."""
        lines = [
            line for key, found in self._found.items() if KINDS[key].effect is Effect.DAMAGE for line, _ in found.samples[:1]
        ]
        return min(lines) if lines else None

    def as_rows(self) -> list[dict[str, Any]]:
        """For the report page and the database: worst first."""
        order = {Effect.DAMAGE: 0, Effect.SKIPPED: 1, Effect.REPAIRED: 2, Effect.NOTED: 3}
        rows = [
            {
                "key": key,
                "effect": KINDS[key].effect.value,
                "words": KINDS[key].words,
                "count": found.count,
                "samples": [list(sample) for sample in found.samples],
            }
            for key, found in self._found.items()
        ]
        return sorted(rows, key=lambda row: (order[Effect(row["effect"])], -int(row["count"])))
