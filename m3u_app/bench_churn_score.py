"""Compares the changes that were written down with the changes that were made: precision and recall per kind."""

from collections.abc import Collection, Hashable
from dataclasses import dataclass

from m3u_app.bench_churn_playlist import Truth
from m3u_app.changes.models import Change, ChangeBatch, ChangeType, StreamChange, StreamChangeKind
from m3u_app.importing.addresses import split_address
from m3u_app.models import Stream


@dataclass(frozen=True)
class Score:
    """``found`` were reported, ``real`` happened, ``right`` are both."""

    found: int
    real: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.real if self.real else 1.0

    def __add__(self, other: "Score") -> "Score":
        return Score(self.found + other.found, self.real + other.real, self.right + other.right)


def score_newest(account_id: int, truth: Truth) -> dict[str, Score]:
    """Score the newest batch of an account. Streams are told apart by the number in their address."""
    batch = ChangeBatch.objects.filter(account_id=account_id).latest("pk")
    numbers = _numbers(batch)
    return {
        "added": _score(numbers[StreamChangeKind.ADDED] | numbers[StreamChangeKind.RETURNED], truth.added),
        "removed": _score(numbers[StreamChangeKind.REMOVED], truth.removed),
        "renamed": _score(numbers[StreamChangeKind.RENAMED], truth.renamed),
        "moved": _score(numbers[StreamChangeKind.MOVED], truth.moved),
        "new id": _score(_new_ids(batch), truth.new_id),
        "groups added": _score(_groups(batch, ChangeType.GROUP_ADDED), truth.groups_added),
        "groups removed": _score(_groups(batch, ChangeType.GROUP_REMOVED), truth.groups_removed),
        "groups renamed": _score(_renamed_groups(batch), truth.groups_renamed),
    }


def _score(found: Collection[Hashable], real: Collection[Hashable]) -> Score:
    return Score(len(found), len(real), len(set(found) & set(real)))


def _numbers(batch: ChangeBatch) -> dict[StreamChangeKind, set[int]]:
    rows = list(StreamChange.objects.filter(batch=batch).values_list("kind", "stream_id"))
    urls: dict[int, str] = {}
    ids = sorted({stream_id for _, stream_id in rows})
    for start in range(0, len(ids), 500):
        urls.update(Stream.objects.filter(pk__in=ids[start : start + 500]).values_list("pk", "url"))
    found: dict[StreamChangeKind, set[int]] = {kind: set() for kind in StreamChangeKind}
    for kind, stream_id in rows:
        number = split_address(urls.get(stream_id, "")).number
        found[StreamChangeKind(kind)].add(int(number) if number else -stream_id)
    return found


def _new_ids(batch: ChangeBatch) -> set[tuple[int, int]]:
    rows = StreamChange.objects.filter(batch=batch, kind=StreamChangeKind.NEW_ID).values_list("before", "after")
    return {(int(before), int(after)) for before, after in rows}


def _groups(batch: ChangeBatch, change_type: ChangeType) -> set[str]:
    return set(Change.objects.filter(batch=batch, change_type=change_type).values_list("group_name", flat=True))


def _renamed_groups(batch: ChangeBatch) -> set[tuple[str, str]]:
    rows = Change.objects.filter(batch=batch, change_type=ChangeType.GROUP_RENAMED)
    return set(rows.values_list("former_name", "group_name"))
