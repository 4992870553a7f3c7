"""Everything to know about a draft before it is applied: net changes, conflicts, problems, and what would be applied."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from channels_app.drafts.conflicts import Conflict, accepted_of, find_conflicts
from channels_app.drafts.entity_changes import EntityChange, net_changes
from channels_app.drafts.sides import STREAM_IDS, Entity, Reader, reading
from channels_app.drafts.validate import Issue, validate
from channels_app.models import Draft
from ecm_site.wording import shortened
from m3u_app.models import Stream

Key = tuple[str, int]


@dataclass
class Review:
    """``entities`` holds the three sides of everything touched; ``mark`` tells whether the lineup has moved on since.

    ``excluded`` changes stay in the draft; ``problems`` say, by thing, why it cannot be applied.
    """

    entities: dict[Key, Entity]
    changes: list[EntityChange]
    conflicts: list[Conflict]
    issues: list[Issue]
    excluded: frozenset[Key] = frozenset()
    problems: dict[Key, list[str]] = field(default_factory=dict)
    known_streams: frozenset[int] = frozenset()
    mark: int = 0

    @property
    def errors(self) -> list[Issue]:
        return [issue for issue in self.issues if issue.is_error]

    @property
    def warnings(self) -> list[Issue]:
        return [issue for issue in self.issues if not issue.is_error]

    @property
    def included(self) -> list[EntityChange]:
        """What is to be applied, problems or not."""
        return [change for change in self.changes if change.key not in self.excluded]

    @property
    def sound(self) -> list[EntityChange]:
        """What can be applied."""
        return [change for change in self.included if change.key not in self.problems]

    @property
    def unreadable(self) -> bool:
        return any(issue.type == "unreadable" for issue in self.issues)


def review(draft: Draft, *, excluded: Collection[Key] = ()) -> Review:
    """Look at a draft as it would be applied now. Raises ``DraftUnusable``.

    What depends on something that is excluded or cannot be applied has a problem, too.
    """
    with reading(draft) as look:
        return review_of(look, accepted=accepted_of(draft), excluded=excluded)


def review_of(look: Reader, *, accepted: Mapping[str, str], excluded: Collection[Key] = ()) -> Review:
    entities = look.entities()
    known = look.existing(Stream, _streams_in_question(entities))
    known_streams = frozenset(known)
    entities = [_settled(entity, accepted) for entity in entities]
    changes = net_changes(entities)
    conflicts = find_conflicts(entities, accepted, known_streams)
    left_out = frozenset(excluded)
    found = Review(
        entities={(entity.kind, entity.id): entity for entity in entities},
        changes=changes,
        conflicts=conflicts,
        issues=[],
        excluded=left_out,
        known_streams=known_streams,
        mark=look.newest_touch(),
    )
    for conflict in conflicts:
        if (conflict.kind, conflict.id) not in left_out:
            found.problems.setdefault((conflict.kind, conflict.id), []).append(conflict_sentence(conflict))
    _judge(look, found)
    return found


def conflict_sentence(conflict: Conflict) -> str:
    shown = shortened(conflict.name)
    if conflict.deleted_on_server:
        return f"“{shown}” was deleted on the server meanwhile."
    if conflict.deleted_here:
        return f"“{shown}” was changed on the server meanwhile; the draft deletes it."
    return f"The {conflict.label} of “{shown}” was changed on the server meanwhile, too."


def _judge(look: Reader, found: Review) -> None:
    """Check what is to be applied; while something falls out, check the rest again, which may have needed it."""
    found.issues = validate(look, found.included)
    _note(found, found.issues)
    judged = 0
    while len(found.problems) > judged:
        judged = len(found.problems)
        more = [issue for issue in validate(look, found.sound) if issue.is_error]
        found.issues += [issue for issue in more if issue not in found.issues]
        _note(found, more)


def _note(found: Review, issues: Iterable[Issue]) -> None:
    for issue in issues:
        if issue.is_error and issue.kind:
            messages = found.problems.setdefault(issue.key, [])
            if issue.message not in messages:
                messages.append(issue.message)


def _settled(entity: Entity, accepted: Mapping[str, str]) -> Entity:
    """A thing deleted on the server that shall be made again: it begins anew, under its old id."""
    if entity.theirs is None and entity.base is not None and entity.mine is not None:
        whole = find_conflicts([entity], {})
        if whole and accepted.get(whole[0].key) == whole[0].seen:
            return replace(entity, base=None)
    return entity


def _streams_in_question(entities: Iterable[Entity]) -> set[int]:
    """Streams of lists that the draft or the server changed."""
    found: set[int] = set()
    for entity in entities:
        if entity.kind != "channel":
            continue
        sides = [side[STREAM_IDS] for side in (entity.base, entity.mine, entity.theirs) if side is not None]
        if any(side != sides[0] for side in sides) or len(sides) < 3:
            found.update(pk for side in sides for pk in side)
    return found
