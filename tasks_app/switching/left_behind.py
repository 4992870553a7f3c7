"""Sentences about rows that a server will not have, some of them by name."""

from collections import defaultdict
from collections.abc import Iterable

from ecm_site.wording import counted, shortened
from tasks_app.switching.rooms import SAMPLES


def told_by_reason(noun: str, left_out: Iterable[tuple[str, str]]) -> list[str]:
    """One sentence for each reason, of (name, why it stays behind)."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for name, reason in left_out:
        by_reason[reason].append(name)
    return [
        f"{counted(len(names), noun)} will not be there ({first_names(names)}): {reason}."
        for reason, names in by_reason.items()
    ]


def first_names(names: Iterable[str]) -> str:
    """Some names for a sentence."""
    known = list(names)
    return ", ".join(shortened(name) for name in known[:SAMPLES]) + (", …" if len(known) > SAMPLES else "")
