"""Writes down what a refresh changed, in the same short transactions that change it (20 §10).

Streams are noted set-wise while they are written; when the refresh is through, :meth:`ChangeRecorder.finish` sums them up
per kind and group. A refresh that is killed in between leaves its notes, and the next one sums those up.
"""

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ecm_site.masking import mask_text
from m3u_app.changes.models import ChangeBatch, StreamChangeKind
from m3u_app.changes.sum_up import Group, Sums, sum_up
from m3u_app.models import Account, StreamGroup
from m3u_app.raw_sql import execute, execute_many, insert_many, placeholders, read_rows
from m3u_app.stream_users import stream_uses
from m3u_app.write_turns import WriteTurns

MOST_LISTED = 50_000
"""Streams of one kind that a batch names one by one; further ones are only counted."""
MOST_ADDRESSES = 2_000
"""The same for new addresses: a new login changes them all, and the list of them tells nobody anything."""
SNAPSHOTS_KEPT = 30
BEFORE_LENGTH = 512

Note = tuple[StreamChangeKind, int, int, str, str, str]
"""Kind, group id, stream id, name, before, after; addresses still with their logins."""

INSERT_NOTE = 'INSERT INTO m3u_app_streamchange (batch_id, kind, group_id, stream_id, name, "before", "after", used_by)'
_USED_BY = (
    "UPDATE m3u_app_streamchange SET used_by = %s"  # noqa: S608
    f" WHERE batch_id = %s AND kind = {StreamChangeKind.REMOVED.value} AND stream_id = %s"
)
_FROM_STREAMS = f"{INSERT_NOTE} SELECT %s, %s, COALESCE(group_id, 0), id, name, '', '', '[]' FROM m3u_app_stream WHERE "  # noqa: S608


class ChangeRecorder:
    """Notes the changes of one refresh. Methods that write are called inside the transaction that makes the change."""

    def __init__(self, account: Account, *, at: datetime, has_streams: bool, turns: WriteTurns) -> None:
        """Open a batch. ``has_streams`` tells whether the account has any from before."""
        self._account = account
        self._turns = turns
        self.first = not self._finish_leftovers() and not has_streams
        self._sums = Sums()
        self._listed: Counter[int] = Counter()
        self._first_imports: set[int] = set()
        with turns.turn():
            self.batch = ChangeBatch.objects.create(
                account_id=account.pk, at=at, source_updated_at=account.updated_at, baseline=self.first
            )

    def count_only(self, group_ids: Iterable[int]) -> None:
        """Streams of these groups come because the operator wants them now; they are counted, not listed."""
        self._first_imports |= set(group_ids)

    def added(self, newest_before: int, counts: Mapping[int, int]) -> None:
        """Streams with ids above ``newest_before`` were just inserted, so many per group id."""
        self._sums.count(StreamChangeKind.ADDED, counts)
        if self.first:
            return
        room = self._room(StreamChangeKind.ADDED, sum(counts.values()))
        if not room:
            return
        passed_over = sorted(self._first_imports & counts.keys())
        others = f" AND group_id NOT IN ({placeholders(passed_over)})" if passed_over else ""
        execute(
            f"{_FROM_STREAMS} id > %s AND account_id = %s{others} ORDER BY id LIMIT %s",
            [self.batch.pk, StreamChangeKind.ADDED.value, newest_before, self._account.pk, *passed_over, room],
        )

    def returned(self, row_ids: Sequence[int]) -> None:
        """Streams that had been missing are back; at most 500 at a time."""
        self._from_streams(StreamChangeKind.RETURNED, row_ids)

    def removed(self, row_ids: Sequence[int]) -> None:
        """Streams that the provider does not have any more; who uses them is remembered, as their rows go some day."""
        self._from_streams(StreamChangeKind.REMOVED, row_ids)
        uses = stream_uses(row_ids)
        if not uses:
            return
        self._sums.in_use.update(self._groups_of(uses))
        rows = [
            (json.dumps([[use.key, use.name, use.position] for use in found]), self.batch.pk, stream_id)
            for stream_id, found in uses.items()
        ]
        execute_many(
            _USED_BY,
            rows,
        )

    def changed(self, notes: Sequence[Note]) -> None:
        """Streams that are the same and differ: renamed, moved, with another address or id."""
        rows = []
        for kind, group_id, stream_id, name, old, new in notes:
            self._sums.streams[kind, group_id] += 1
            if self._room(kind, 1):
                # Masking is slow: only what is kept.
                before, after = (mask_text(old), mask_text(new)) if kind == StreamChangeKind.NEW_URL else (old, new)
                rows.append(
                    (self.batch.pk, kind.value, group_id, stream_id, name, before[:BEFORE_LENGTH], after[:BEFORE_LENGTH], "[]")
                )
        insert_many(INSERT_NOTE, rows)

    def finish(self, groups: Sequence[Group], *, total_streams: int) -> None:
        """Sum the batch up and close it; ``groups`` are all groups of the account as they are now."""
        if self.first:
            counts = read_rows(
                "SELECT COALESCE(group_id, 0), COUNT(*) FROM m3u_app_stream WHERE account_id = %s GROUP BY 1",
                [self._account.pk],
            )
            self._sums.streams = Counter({(StreamChangeKind.ADDED, group_id): count for group_id, count in counts})
        self._sums.baseline_groups = self._first_imports
        sum_up(self.batch, groups, self._sums, self._turns)
        alive = [group for group in groups if not group.is_gone]
        shown = [[group.name, group.enabled, group.size if group.enabled else 0] for group in alive]
        with self._turns.turn():
            ChangeBatch.objects.filter(pk=self.batch.pk).update(
                summarised=True,
                total_streams=total_streams,
                total_groups=len(alive),
                snapshot=zlib.compress(json.dumps(shown).encode()),
            )
            older = ChangeBatch.objects.filter(account_id=self._account.pk).order_by("-at", "-pk")[SNAPSHOTS_KEPT:]
            ChangeBatch.objects.filter(pk__in=older.values("pk")).exclude(snapshot=b"").update(snapshot=b"")

    def _from_streams(self, kind: StreamChangeKind, row_ids: Sequence[int]) -> None:
        self._sums.count(kind, self._groups_of(row_ids))
        room = self._room(kind, len(row_ids))
        if room:
            listed = row_ids[:room]
            execute(f"{_FROM_STREAMS} id IN ({placeholders(listed)}) ORDER BY id", [self.batch.pk, kind.value, *listed])

    def _groups_of(self, uses: Iterable[int]) -> "Counter[int]":
        ids = list(uses)
        rows = read_rows(f"SELECT COALESCE(group_id, 0) FROM m3u_app_stream WHERE id IN ({placeholders(ids)})", ids)  # noqa: S608
        return Counter(group_id for (group_id,) in rows)

    def _room(self, kind: StreamChangeKind, wanted: int) -> int:
        """How many of ``wanted`` more streams may be listed; they count as listed then."""
        most = MOST_ADDRESSES if kind == StreamChangeKind.NEW_URL else MOST_LISTED
        room = max(0, min(wanted, most - self._listed[kind]))
        self._listed[kind] += room
        return room

    def _finish_leftovers(self) -> bool:
        """Sum up what a killed refresh noted. Returns whether the account has a finished batch from before."""
        for batch in ChangeBatch.objects.filter(account_id=self._account.pk, summarised=False).order_by("pk"):
            if batch.baseline:
                batch.delete()  # the first look begins anew
                continue
            groups = [Group(pk, name, enabled=enabled) for pk, name, enabled in _stored_groups(self._account.pk)]
            sum_up(batch, groups, _sums_of(batch), self._turns)
            ChangeBatch.objects.filter(pk=batch.pk).update(summarised=True)
        return ChangeBatch.objects.filter(account_id=self._account.pk).exists()


def _stored_groups(account_id: int) -> Iterable[tuple[int, str, bool]]:
    return StreamGroup.objects.filter(account_id=account_id).values_list("pk", "name", "enabled").iterator()


def _sums_of(batch: ChangeBatch) -> Sums:
    sums = Sums()
    rows = read_rows(
        "SELECT kind, group_id, COUNT(*), SUM(used_by <> '[]') FROM m3u_app_streamchange WHERE batch_id = %s GROUP BY 1, 2",
        [batch.pk],
    )
    for kind, group_id, count, in_use in rows:
        sums.streams[StreamChangeKind(kind), group_id] = count
        if in_use:
            sums.in_use[group_id] += in_use
    return sums


def read_snapshot(batch: ChangeBatch) -> list[tuple[str, bool, int]]:
    """(name, switched on, streams) of the groups at that moment; empty for batches older than the newest SNAPSHOTS_KEPT."""
    packed = bytes(batch.snapshot)
    return [(name, enabled, count) for name, enabled, count in json.loads(zlib.decompress(packed))] if packed else []
