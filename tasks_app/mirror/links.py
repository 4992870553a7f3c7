"""Which row here is which row on the server: the one address book that all kinds share during a run."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field

from django.db import transaction

from tasks_app.mirror.bulk_mirrors import BulkMirror, all_bulk_mirrors
from tasks_app.mirror.identity import IDENTITY, set_aside
from tasks_app.mirror.kinds import LinkBook
from tasks_app.models import MirrorLink

_BULK_CHUNK = 5_000  # ids that a bulk mirror is asked for at once


@dataclass
class LeftOut:
    """Rows of the server that were not understood: id → why; None stands for those whose ids are none."""

    rows: dict[int | None, str] = field(default_factory=dict)
    nameless: int = 0

    def __len__(self) -> int:
        return len(self.rows) + max(0, self.nameless - 1)

    def may_be(self, remote_id: int) -> bool:
        """Whether this row is one of them, as far as anybody can tell."""
        return self.nameless > 0 or remote_id in self.rows


class StoredLinks(LinkBook):
    """The links of the database, read once per kind and kept true by :meth:`note` and :meth:`forget`.

    One belongs to one run: only one run at a time changes links (``lock_key`` "mirror"), so memory does not age. Ids of bulk
    mirrors (streams, guide entries) are too many for that and are asked for each time.
    """

    def __init__(self) -> None:
        self._local: dict[str, dict[int, int]] = {}
        self._remote: dict[str, dict[int, int]] = {}
        self._left_out: dict[str, LeftOut] = {}
        self._bulk = {mirror.name: mirror for mirror in all_bulk_mirrors()}

    def local(self, kind: str, remote_id: int) -> int | None:
        """Our id of a row of the server; also of one that was deleted here and waits for its deletion there."""
        return self.locals_of(kind, (remote_id,)).get(remote_id)

    def remote(self, kind: str, local_id: int) -> int | None:
        return self.remotes_of(kind, (local_id,)).get(local_id)

    def locals_of(self, kind: str, remote_ids: Collection[int]) -> dict[int, int]:
        mirror = self._bulk.get(kind)
        if mirror is not None:
            return _asked(mirror.locals_of, mirror, remote_ids)
        known = self._read(kind)[0]
        return {remote_id: known[remote_id] for remote_id in remote_ids if remote_id in known}

    def remotes_of(self, kind: str, local_ids: Collection[int]) -> dict[int, int]:
        mirror = self._bulk.get(kind)
        if mirror is not None:
            return _asked(mirror.remotes_of, mirror, local_ids)
        known = self._read(kind)[1]
        return {local_id: known[local_id] for local_id in local_ids if local_id in known}

    def linked_above(self, kind: str, remote_id: int) -> list[int]:
        return sorted(pk for pk in self._read(kind)[0] if pk > remote_id)

    def let_go(self, kind: str, remote_ids: Collection[int]) -> None:
        """Only what would be recognised, should it be there after all."""
        links = MirrorLink.objects.filter(kind=kind, remote_id__in=list(remote_ids), agreed__has_key=IDENTITY)
        with transaction.atomic():
            aside = list(links)
            set_aside(kind, aside)
        self.forget(kind, [link.local_id for link in aside])
        for link in aside:
            self.note(kind, link.local_id, link.remote_id)

    def leave_out(self, kind: str, remote_id: int | None, why: str) -> None:
        left_out = self.left_out(kind)
        if remote_id is None:
            left_out.nameless += 1
        left_out.rows[remote_id] = why

    def left_out(self, kind: str, *, afresh: bool = False) -> LeftOut:
        """Rows that were passed over since the last time that somebody began ``afresh``."""
        if afresh:
            self._left_out.pop(kind, None)
        return self._left_out.setdefault(kind, LeftOut())

    def note(self, kind: str, local_id: int, remote_id: int) -> None:
        """A link was made."""
        by_remote, by_local = self._read(kind)
        before = by_local.get(local_id)
        if before is not None and by_remote.get(before) == local_id:
            del by_remote[before]
        by_remote[remote_id] = local_id
        by_local[local_id] = remote_id

    def forget(self, kind: str, local_ids: Iterable[int]) -> None:
        """Links were dropped."""
        by_remote, by_local = self._read(kind)
        for local_id in local_ids:
            remote_id = by_local.pop(local_id, None)
            if remote_id is not None:
                by_remote.pop(remote_id, None)

    def count(self, kind: str) -> int:
        return len(self._read(kind)[0])

    def remote_ids(self, kind: str) -> Collection[int]:
        """All ids on the server that are linked."""
        return self._read(kind)[0].keys()

    def _read(self, kind: str) -> tuple[dict[int, int], dict[int, int]]:
        """(remote id → local id, local id → remote id)"""
        if kind not in self._local:
            pairs = list(MirrorLink.objects.filter(kind=kind).values_list("remote_id", "local_id"))
            self._local[kind] = dict(pairs)
            self._remote[kind] = {local_id: remote_id for remote_id, local_id in pairs}
        return self._local[kind], self._remote[kind]


def _asked(
    translate: Callable[[Collection[int]], dict[int, int]] | None, mirror: BulkMirror, ids: Collection[int]
) -> dict[int, int]:
    if translate is None:
        raise LookupError(f"The bulk mirror {mirror.name!r} translates no ids.")
    found: dict[int, int] = {}
    for part in _parts(ids):
        found |= translate(part)
    return found


def _parts(ids: Collection[int]) -> Iterator[list[int]]:
    together = list(ids)
    for start in range(0, len(together), _BULK_CHUNK):
        yield together[start : start + _BULK_CHUNK]
