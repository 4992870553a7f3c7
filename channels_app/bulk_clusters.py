"""Tells which selected streams are one channel (10 §10.3 step 3)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from channels_app.bulk_existing import Likeness
from channels_app.bulk_streams import StreamRow
from channels_app.naming import CleanName


class Member(NamedTuple):
    """A stream with what its name says; ``group`` is the name of its provider group."""

    row: StreamRow
    names: CleanName
    group: str


@dataclass(slots=True)
class Cluster:
    """Streams that become one channel. ``section`` is the place of the section it stands in."""

    section: int
    key: str
    bare_key: str
    members: list[Member] = field(default_factory=list)

    def ids(self) -> list[int]:
        return [member.row.id for member in self.members]

    @property
    def best(self) -> CleanName:
        """What the name of the best-quality stream says; the first of several (10 §10.3 step 3)."""
        return min(self.members, key=lambda member: member.names.priority).names

    def likeness(self) -> Likeness:
        found = Likeness()
        for row, names, group in self.members:
            found.add(names, row.tvg_id, group)
            if row.account_id is not None:
                found.accounts.add(row.account_id)
        return found

    def absorb(self, other: "Cluster") -> None:
        self.members += other.members
        self.section = min(self.section, other.section)


def build_clusters(sections: Iterable[tuple[int, str, Sequence[Member]]], *, across_groups: bool) -> list[Cluster]:
    """Merge streams. ``sections`` are (place, channel group they go to, streams).

    In one channel group, equal keys are one channel. A name without a country joins the same name with one, when its
    guide id or its provider group hints at that country. ``across_groups`` also merges channels of different groups,
    when nothing speaks against it.
    """
    clusters: dict[tuple[str, str], Cluster] = {}
    for place, group_name, members in sections:
        scope = group_name.casefold()
        for member in members:
            key = member.names.key or f"#{member.row.id}"  # names without a letter are all different channels
            cluster = clusters.get((scope, key))
            if cluster is None:
                cluster = clusters[scope, key] = Cluster(place, key, member.names.bare_key or key)
            cluster.members.append(member)
    found = _joined_by_hint(clusters)
    return _merged_across(found) if across_groups else found


def _joined_by_hint(clusters: dict[tuple[str, str], Cluster]) -> list[Cluster]:
    named: dict[tuple[str, str], list[Cluster]] = {}
    for (scope, key), cluster in clusters.items():
        if key != cluster.bare_key:
            named.setdefault((scope, cluster.bare_key), []).append(cluster)
    kept = []
    for (scope, key), cluster in clusters.items():
        candidates = named.get((scope, key), []) if key == cluster.bare_key else []
        if candidates:
            likeness = cluster.likeness()
            fitting = [other for other in candidates if other.likeness().fits(likeness)]
            if len(fitting) == 1:
                fitting[0].absorb(cluster)
                continue
        kept.append(cluster)
    return kept


def _merged_across(clusters: list[Cluster]) -> list[Cluster]:
    counts: dict[str, int] = {}
    for cluster in clusters:
        counts[cluster.bare_key] = counts.get(cluster.bare_key, 0) + 1
    by_key: dict[str, list[tuple[Cluster, Likeness]]] = {}
    kept = []
    for cluster in clusters:
        if counts[cluster.bare_key] > 1:
            likeness = cluster.likeness()
            earlier = by_key.setdefault(cluster.bare_key, [])
            same = next((pair for pair in earlier if pair[1].is_same_as(likeness)), None)
            if same is not None:
                same[0].absorb(cluster)
                same[1].absorb(likeness)
                continue
            earlier.append((cluster, likeness))
        kept.append(cluster)
    return kept
