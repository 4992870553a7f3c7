"""Decides entry by entry what is imported (20 §5). Pure: knows rules and texts, no database.

The first rule whose pattern is found anywhere in its target decides; when none is, the entry is kept.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ecm_site.regex import Pattern, PatternRefused, PatternSet, compile_pattern
from ecm_site.wording import counted
from m3u_app.entries import GroupHint
from m3u_app.models import FilterTarget, StreamFilter

GROUPS_REMEMBERED = 50_000
"""Decisions kept by group name; a source with a group for every stream must not fill the memory."""


class Rule(NamedTuple):
    """One switched-on filter. ``target`` is a value of :class:`FilterTarget`."""

    target: str
    pattern: str
    exclude: bool = True
    case_sensitive: bool = True
    id: int | None = None


class FilterChain:
    """The rules of one account in order, ready for half a million entries: one pass over each text, groups only once."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = list(rules)
        self.broken: list[int] = []
        """Numbers (from 0) of rules whose stored pattern cannot be compiled; they match nothing."""
        self._patterns: dict[int, Pattern] = {}
        for number, rule in enumerate(self.rules):
            try:
                self._patterns[number] = compile_pattern(
                    rule.pattern, ignore_case=not rule.case_sensitive, max_length=StreamFilter.PATTERN_LIMIT
                )
            except PatternRefused:
                self.broken.append(number)
        self._groups, self._group_set = self._of(FilterTarget.GROUP)
        self._names, self._name_set = self._of(FilterTarget.NAME)
        self._urls, self._url_set = self._of(FilterTarget.URL)
        self._by_group: dict[str, int] = {}
        self._nobody = len(self.rules)

    def decide(self, group: str, name: str, url: str) -> int | None:
        """Number (from 0) of the rule that decides about an entry, None when no rule matches. Never raises."""
        first = self._nobody
        if self._groups:
            known = self._by_group.get(group)
            first = self._look_at_group(group) if known is None else known
        if self._names and self._names[0] < first:
            found = self._name_set.first(name)
            if found is not None:
                first = min(first, self._names[found])
        if self._urls and self._urls[0] < first:
            found = self._url_set.first(url)
            if found is not None:
                first = min(first, self._urls[found])
        return None if first == self._nobody else first

    def drops(self, group: str, name: str, url: str) -> bool:
        """Whether the entry is not imported."""
        decided = self.decide(group, name, url)
        return decided is not None and self.rules[decided].exclude

    @property
    def has_slow_rules(self) -> bool:
        """Whether a pattern is not one that RE2 runs in linear time."""
        return not all(pattern.is_linear for pattern in self._patterns.values())

    def notes(self) -> list[str]:
        """Sentences for the operator about rules that could not do their work."""
        told = [f"Filter {number + 1} holds an invalid pattern and was left out. Edit or delete it." for number in self.broken]
        for number, pattern in self._patterns.items():
            if pattern.has_given_up:
                told.append(f"Filter {number + 1} takes too long and was given up; what it should match passed it by.")
            elif pattern.timeouts:
                told.append(f"Filter {number + 1} took too long for {counted(pattern.timeouts, 'entry', 'entries')}.")
        return told

    def fingerprint(self, hints: Iterable[GroupHint] = ()) -> bytes:
        """Changes whenever another decision is possible for an entry whose own text did not change.

        ``hints`` are the provider's categories: their names are no part of the entries, yet group rules look at them.
        """
        rules = [list(rule[:4]) for rule in self.rules]
        names = sorted((hint.key, hint.name) for hint in hints) if self._groups else []
        return hashlib.blake2b(json.dumps([rules, names]).encode(), digest_size=16).digest()

    def _look_at_group(self, group: str) -> int:
        found = self._group_set.first(group)
        first = self._nobody if found is None else self._groups[found]
        if len(self._by_group) < GROUPS_REMEMBERED:
            self._by_group[group] = first
        return first

    def _of(self, target: str) -> tuple[list[int], PatternSet]:
        numbers = [number for number in self._patterns if self.rules[number].target == target]
        return numbers, PatternSet([self._patterns[number] for number in numbers])


def chain_of(account_id: int) -> FilterChain | None:
    """The switched-on filters of an account in order; None when there are none. One query."""
    rows = StreamFilter.objects.filter(account_id=account_id, enabled=True).order_by("position", "pk")
    rules = [Rule(*row) for row in rows.values_list("filter_type", "regex_pattern", "exclude", "case_sensitive", "pk")]
    return FilterChain(rules) if rules else None
