"""Which of some channels would be called otherwise, and how (10 §11.1, §11.2)."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from channels_app.chunks import chunked
from channels_app.models import Channel
from channels_app.naming.normalizing import NormalizeRules, Transformation, normalize, transformations
from channels_app.normalize_rules import current_rules
from channels_app.numbering import natural_key

MOST_PREVIEWED = 100
"""Rows one preview by API may ask for (10 §11.2)."""


@dataclass(frozen=True)
class Proposal:
    """A channel whose name changes."""

    channel_id: int
    current: str
    proposed: str


@dataclass(frozen=True)
class NamePreview:
    """A name looked at: also when nothing changes. ``channel_id`` None: a name without a channel."""

    channel_id: int | None
    current: str
    proposed: str
    steps: tuple[Transformation, ...]

    @property
    def would_change(self) -> bool:
        return self.current != self.proposed


def proposals_for(channel_ids: Sequence[int]) -> list[Proposal]:
    """The channels whose name changes, in natural order; those that are gone are left out."""
    rules = current_rules()
    found = []
    for portion in chunked(channel_ids):
        for pk, name in Channel.objects.filter(pk__in=portion).values_list("pk", "name"):
            proposed = normalize(name, rules)
            if proposed != name:
                found.append(Proposal(pk, name, proposed))
    return in_natural_order(found)


def in_natural_order(proposals: Iterable[Proposal]) -> list[Proposal]:
    return sorted(proposals, key=lambda item: (natural_key(item.current), item.current, item.channel_id))


def preview_names(pairs: Sequence[tuple[int | None, str]]) -> list[NamePreview]:
    """Each name with what becomes of it, in the given order."""
    rules = current_rules()
    return [NamePreview(pk, name, normalize(name, rules), tuple(transformations(name, rules))) for pk, name in pairs]


def preview_channels(channel_ids: Sequence[int]) -> list[NamePreview]:
    """Like :func:`preview_names` for channels by id; ids that no longer exist are skipped (10 §11.2)."""
    names = dict(Channel.objects.filter(pk__in=channel_ids).values_list("pk", "name"))
    return preview_names([(pk, names[pk]) for pk in dict.fromkeys(channel_ids) if pk in names])


def mark_of(proposals: Iterable[Proposal]) -> str:
    """A fingerprint of what was shown: a confirmation of something else is not carried out."""
    digest = hashlib.sha256()
    for item in proposals:
        digest.update(repr((item.channel_id, item.current, item.proposed)).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]


def hinted_name(name: str, rules: NormalizeRules | None = None) -> str:
    """The name that the wand icon of a row proposes, or "" when the row needs none."""
    proposed = normalize(name, rules or current_rules())
    return proposed if proposed != name else ""
