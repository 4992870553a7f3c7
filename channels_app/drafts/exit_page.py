"""What the exit dialog shows about a draft (10 §13.7), read once per page."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from channels_app.drafts.conflicts import Conflict
from channels_app.drafts.entity_changes import Action, EntityChange
from channels_app.drafts.resolve import left_out
from channels_app.drafts.review import Review, review
from channels_app.drafts.sides import KINDS, PROFILE_IDS, STREAM_IDS
from channels_app.drafts.summary import ChangeLine, CountLine, NamesInWords, change_lines, summarise
from channels_app.drafts.switching import working_in
from channels_app.drafts.validate import Issue
from channels_app.models import Draft, DraftProblem, DraftStep
from ecm_site.wording import counted, shortened

PAGE = 50
MOST_CONFLICTS = 100
MOST_ISSUES = 50
MOST_STEPS = 100


@dataclass(frozen=True)
class ConflictLine:
    """A conflict for people; ``mine`` and ``theirs`` say what choosing them means."""

    conflict: Conflict
    what: str
    base: str
    mine: str
    theirs: str


@dataclass(frozen=True)
class Failure:
    """Things that the last commit could not apply for the same reason."""

    message: str
    count: int
    example: str


@dataclass
class ExitPage:
    draft: Draft
    found: Review
    counts: list[CountLine]
    conflicts: list[ConflictLine]
    more_conflicts: int
    errors: list[Issue]
    warnings: list[Issue]
    more_issues: int
    steps: list[DraftStep]
    step_count: int
    failures: list[Failure] = field(default_factory=list)

    @property
    def total(self) -> int:
        return len(self.found.changes)

    @property
    def kept_out(self) -> int:
        return sum(change.key in self.found.excluded for change in self.found.changes)

    @property
    def applicable(self) -> int:
        return len(self.found.included)

    @property
    def troubled(self) -> int:
        """Things among those to be applied that cannot be."""
        return len(self.found.included) - len(self.found.sound)

    @property
    def rest(self) -> int:
        """What can be applied without them."""
        return len(self.found.sound)


@dataclass
class ChangesPage:
    """One page of the changes old → new. ``kinds``: (value, label, count) for the filter."""

    lines: list[ChangeLine]
    kinds: list[tuple[str, str, int]]
    kind: str
    number: int
    pages: int
    first: int
    count: int
    left_out: frozenset[tuple[str, int]]
    troubled: dict[tuple[str, int], str]


def look(draft: Draft) -> Review:
    """The draft as it would be applied now, without what is left out. Raises ``DraftUnusable``."""
    return review(draft, excluded=left_out(draft))


def exit_page(draft: Draft, found: Review) -> ExitPage:
    """The exit dialog about a draft. Raises ``DraftUnusable``."""
    with working_in(draft):
        standing = DraftStep.objects.filter(undone=False)
        step_count = standing.count()
        steps = list(standing.order_by("pk")[:MOST_STEPS])
        problems = list(DraftProblem.objects.values_list("message", "kind", "entity_id"))
    shown_errors, shown_warnings = found.errors, found.warnings
    return ExitPage(
        draft=draft,
        found=found,
        counts=summarise(found.changes),
        conflicts=_conflict_lines(found.conflicts[:MOST_CONFLICTS], found.changes),
        more_conflicts=max(0, len(found.conflicts) - MOST_CONFLICTS),
        errors=shown_errors[:MOST_ISSUES],
        warnings=shown_warnings[:MOST_ISSUES],
        more_issues=max(0, len(shown_errors) - MOST_ISSUES) + max(0, len(shown_warnings) - MOST_ISSUES),
        steps=steps,
        step_count=step_count,
        failures=_failures(problems, found),
    )


def changes_page(found: Review, *, kind: str = "", number: int = 1) -> ChangesPage:
    """One page of the row-level diff."""
    tally = Counter(filter_value(change) for change in found.changes)
    kinds = [(value, label, tally[value]) for value, label in _FILTERS if tally[value]]
    chosen = [change for change in found.changes if kind in ("", filter_value(change))]
    chosen.sort(key=lambda change: change.key not in found.problems)  # what needs a look comes first
    pages = max(1, -(-len(chosen) // PAGE))
    number = min(max(number, 1), pages)
    portion = chosen[(number - 1) * PAGE : number * PAGE]
    return ChangesPage(
        lines=change_lines(portion, found.changes),
        kinds=kinds,
        kind=kind,
        number=number,
        pages=pages,
        first=(number - 1) * PAGE + 1,
        count=len(chosen),
        left_out=found.excluded,
        troubled={key: " ".join(messages) for key, messages in found.problems.items()},
    )


def filter_value(change: EntityChange) -> str:
    return f"{change.kind}.{change.action}" if change.kind in ("channel", "group") else change.kind


_FILTERS = [
    *((f"{kind}.{action}", f"{word} {kind}s") for kind in ("channel", "group") for action, word in (
        (Action.UPDATE, "Changed"), (Action.CREATE, "New"), (Action.DELETE, "Deleted"))),
    *((kind, f"{spec.label.capitalize()}s") for kind, spec in KINDS.items() if kind not in ("channel", "group")),
]  # fmt: skip


def _conflict_lines(conflicts: Sequence[Conflict], drafted: Sequence[EntityChange]) -> list[ConflictLine]:
    sides = [{conflict.field: value} for conflict in conflicts for value in (conflict.base, conflict.mine, conflict.theirs)]
    words = NamesInWords(sides, drafted)
    lines = []
    for conflict in conflicts:
        if conflict.deleted_on_server:
            gone = ("was there", "Create it again", "Drop my edits: it stays deleted")
            lines.append(ConflictLine(conflict, "deleted on the server", *gone))
        elif conflict.deleted_here:
            back = ("was there", "Delete it nevertheless", "Keep it as it is on the server")
            lines.append(ConflictLine(conflict, "changed on the server, deleted here", *back))
        else:
            empty = "no streams" if conflict.field == STREAM_IDS else "none" if conflict.field == PROFILE_IDS else "empty"
            texts = [words.shown(conflict.field, value) or empty for value in (conflict.base, conflict.mine, conflict.theirs)]
            lines.append(ConflictLine(conflict, conflict.label, *texts))
    return lines


def _failures(problems: Sequence[tuple[str, str, int]], found: Review) -> list[Failure]:
    grouped: dict[str, list[str]] = {}
    standing = {change.key for change in found.changes}
    for message, kind, pk in problems:
        if (kind, pk) in standing:
            grouped.setdefault(message, []).append(found.entities[kind, pk].name)
    return [Failure(message, len(names), shortened(names[0])) for message, names in grouped.items()]


def failed_keys(draft: Draft) -> list[tuple[str, int]]:
    """What the last commit could not apply."""
    with working_in(draft):
        return list(DraftProblem.objects.values_list("kind", "entity_id"))


def in_short(page: ExitPage) -> str:
    """The dialog's first sentence."""
    if not page.total:
        return "Nothing has changed."
    told = f"{counted(page.total, 'change')} in {counted(page.step_count, 'step')}"
    return f"{told}; {counted(page.kept_out, 'change')} of them will stay in the draft." if page.kept_out else f"{told}."
