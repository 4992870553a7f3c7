"""What the operator does not want to read about: groups and streams whose names match a pattern (20 §11)."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from ecm_site.regex import Pattern, PatternRefused, PatternSet, compile_pattern
from m3u_app.changes.models import ChangeType
from m3u_app.digest.values import DigestSettings

logger = logging.getLogger(__name__)

# In these the names of Change.names come in pairs: the name of now, then what was before (see changes.sum_up).
RENAMED, MOVED = ChangeType.STREAMS_RENAMED.value, ChangeType.STREAMS_MOVED.value
PAIRED = (RENAMED, MOVED)


@dataclass(frozen=True)
class Excludes:
    groups: PatternSet
    streams: PatternSet | None
    """None when no pattern is about streams: then nobody has to look at their names."""

    def has_group(self, name: str) -> bool:
        return self.groups.first(name) is not None

    def keep(self, names: list[str]) -> list[str]:
        """The names that no pattern matches."""
        patterns = self.streams
        return names if patterns is None else [name for name in names if patterns.first(name) is None]


def excludes_of(settings: DigestSettings) -> Excludes:
    """The patterns of the settings; one that cannot be used any more is skipped."""
    streams = _patterns(settings.exclude_stream_patterns)
    return Excludes(PatternSet(_patterns(settings.exclude_group_patterns)), PatternSet(streams) if streams else None)


def stream_names(change_type: str, listed: str) -> list[str]:
    """The streams in a change as they are shown: "old → new" for renamed ones, "name (from group)" for moved ones."""
    lines = listed.split("\n") if listed else []
    if change_type not in PAIRED:
        return lines
    pairs = zip(lines[::2], lines[1::2], strict=False)
    if change_type == RENAMED:
        return [f"{before} → {name}" for name, before in pairs]
    return [f"{name} (from {before})" if before else name for name, before in pairs]


def _patterns(texts: Iterable[str]) -> list[Pattern]:
    found = []
    for text in texts:
        try:
            found.append(compile_pattern(text, ignore_case=True))
        except PatternRefused as problem:
            logger.warning("[M3U-DIGEST] A stored pattern is skipped: %s", problem)
    return found
