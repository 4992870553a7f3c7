"""Brings the streams of one account in line with the server: the ordinary import, with the server's rules about what goes.

Stale there is stale here, gone there is gone here; nothing is kept or dropped for days of our own, and which groups are
switched on is the server's affair: what it has is here.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from m3u_app.changes.record import ChangeRecorder
from m3u_app.entries import Entry
from m3u_app.importing.group_plan import GroupPlan, PlannedGroup
from m3u_app.importing.import_report import RefreshReport
from m3u_app.importing.judge import judge
from m3u_app.importing.known_streams import ABSENT, KnownStreams
from m3u_app.importing.merge_streams import id_chunks, insert_streams, mark_returned, update_streams
from m3u_app.importing.reconnect import reconnect
from m3u_app.importing.scan_source import Scan, count_present_before, make_record, scan_source
from m3u_app.importing.spool import Spool
from m3u_app.importing.store_groups import count_group_streams, mark_missing_groups, store_groups
from m3u_app.mirror.changed_groups import GroupsBefore
from m3u_app.mirror.quiet_turns import QuietTurns
from m3u_app.mirror.recorders import NotANews, RekeyRecorder
from m3u_app.mirror.stream_identity import mirror_identity
from m3u_app.mirror.stream_source import StreamSource
from m3u_app.models import Account, Stream
from m3u_app.providers.loose_values import moment_of
from m3u_app.raw_sql import bulk_writing, db_time, execute, execute_many
from m3u_app.search_index import newest_row
from m3u_app.stream_users import announce_removal, used_streams
from tasks_app.journal import new_batch_id
from tasks_app.progress import Progress

REASON = "gone on the Dispatcharr server"
_SALT = b"dispatcharr"
_MARK_STALE = "UPDATE m3u_app_stream SET is_stale = 1, last_seen = %s WHERE id = %s"
_LOOKED_UP = 500


@dataclass
class StaleThere:
    """Streams that the server keeps though the provider lost them: slots of those we know, with when they were last seen."""

    slots: "array[int]" = field(default_factory=lambda: array("q"))
    seen_at: list[str] = field(default_factory=list)
    known: Spool = field(default_factory=Spool)
    """What they say: they may have changed before they were lost."""
    new: Spool = field(default_factory=Spool)
    moments: list[str] = field(default_factory=list)
    """When the new ones were last seen, in the order of their spool."""

    def __enter__(self) -> "StaleThere":
        return self

    def __exit__(self, *exc: object) -> None:
        self.known.__exit__(*exc)
        self.new.__exit__(*exc)


def import_streams(
    source: StreamSource,
    account: Account,
    *,
    previous: datetime | None,
    from_before: bool,
    progress: Progress,
    accept_shrunken: bool = False,
) -> tuple[RefreshReport, int]:
    """Read everything, judge it, and write what differs in short quiet transactions.

    ``previous``: the refresh there that was pulled last. ``from_before``: the account has streams that this house knew before
    it was connected; they are recognised by address, id and name. Returns the report and how many streams the account has.
    Raises ``HeldBack``, ``SpoolFull``, ``Cancelled`` and any ``DispatcharrError``; nothing was written then, except by a
    ``Cancelled`` that came while new streams were stored.
    """
    report = RefreshReport(account.pk)
    with Spool() as new, Spool() as changed, Spool() as still_new, StaleThere() as stale, bulk_writing():
        known = _KnownByServer(account.pk)
        plan = GroupPlan(account.pk, enable_new=True, hints=source.groups)
        scan = Scan(known, plan, new, changed)
        scan.present_before = count_present_before(known, plan)
        with _all_switched_on(plan):
            scan_source(source, scan, _identity, _SALT, progress)
            _meet_stale(source, scan, stale)
        known.forget_identities()
        if from_before:
            report.reconnected = reconnect(scan, account.pk, still_new)
        report.take_drops(source.report)
        judge(scan, account, source, accept_shrunken=accept_shrunken, may_be_empty=True)
        merge = _Merge(scan, account, report, progress, stale)
        total = merge.run(previous, from_before=from_before)
    return report, total


def _identity(entry: Entry) -> bytes:
    return mirror_identity(int(entry.identity_key))


class _KnownByServer(KnownStreams):
    """The server names each stream once: those that are new need not be remembered, half a million take 60 MB."""

    def claim(self, identity: bytes, *, keep: bool) -> int:
        return super().claim(identity, keep=False)


class _all_switched_on:  # noqa: N801 - used like a function
    """While reading, every group takes streams."""

    def __init__(self, plan: GroupPlan) -> None:
        self._off: list[PlannedGroup] = [group for group in plan.groups if not group.enabled]

    def __enter__(self) -> None:
        for group in self._off:
            group.enabled = True

    def __exit__(self, *exc: object) -> None:
        for group in self._off:
            group.enabled = False


def _meet_stale(source: StreamSource, scan: Scan, found: StaleThere) -> None:
    """Find the stale streams among those we know; what we do not know is spooled, for channels there may use it."""
    for records in source.stale.chunks():
        for start in range(0, len(records), _LOOKED_UP):
            part = records[start : start + _LOOKED_UP]
            identities = [mirror_identity(record[0]) for record in part]
            scan.known.look_up(identities)
            known, fresh = [], []
            for (_, seen_at, *values), identity in zip(part, identities, strict=True):
                entry = Entry._make(values)
                slot = scan.known.claim(identity, keep=True)
                if slot >= 0:
                    found.slots.append(slot)
                    found.seen_at.append(seen_at)
                    known.append(make_record(_group_of(entry, scan), entry, identity, 0, scan.known.ids[slot]))
                elif slot == ABSENT:
                    fresh.append(make_record(_group_of(entry, scan), entry, identity, 0, 0))
                    found.moments.append(seen_at)
            if known:
                found.known.extend(known)
            if fresh:
                found.new.extend(fresh)


def _group_of(entry: Entry, scan: Scan) -> int:
    """The place of its group in the plan; one that is not stored yet will be."""
    index = scan.groups.index_of(entry.group)
    group = scan.groups.groups[index]
    group.is_met = group.is_met or group.id is None
    return index


class _Merge:
    def __init__(
        self,
        scan: Scan,
        account: Account,
        report: RefreshReport,
        progress: Progress,
        stale: StaleThere,
    ) -> None:
        self._scan = scan
        self._account = account
        self._report = report
        self._progress = progress
        self._stale = stale
        self._turns = QuietTurns()
        self._now = timezone.now()

    def run(self, previous: datetime | None, *, from_before: bool) -> int:
        scan, report, turns, progress, now = self._scan, self._report, self._turns, self._progress, self._now
        account_id = self._account.pk
        before = GroupsBefore(account_id)
        recorder = self._recorder(previous, from_before=from_before)
        recorder.count_only(before.switched_on_since(scan.groups))
        progress.report(phase="Saving", current=0, total=scan.new.count)
        group_ids = store_groups(account_id, scan.groups, turns, now)
        report.created = insert_streams(
            account_id, scan.new, group_ids, turns=turns, progress=progress, now=now, recorder=recorder
        )
        returned = scan.known.returned()
        differing = update_streams(
            scan.changed, group_ids, turns=turns, progress=progress, now=now, recorder=recorder, returning=set(returned)
        )
        stale_differing = update_streams(
            self._stale.known, group_ids, turns=turns, progress=progress, now=now, recorder=recorder, only_differing=True
        )
        progress.raise_if_cancelled()
        progress.report(phase="Tidying up")
        differing = min(differing, scan.touched)
        report.updated = differing + stale_differing
        report.unchanged = scan.unchanged + scan.touched - differing
        report.duplicate = scan.duplicates
        mark_returned(returned, turns, recorder)
        report.returned = len(returned)
        report.stale = self._mark_stale(recorder)
        self._insert_stale(group_ids)
        self._remove_gone(recorder)
        mark_missing_groups(scan.groups, turns, previous or now)
        total = count_group_streams(account_id, turns)
        groups = before.changes(scan.groups)
        recorder.finish(groups, total_streams=report.streams_total)
        report.groups = sum(group.is_met for group in scan.groups.own())
        report.groups_new = sum(group.is_added for group in groups)
        return total

    def _recorder(self, previous: datetime | None, *, from_before: bool) -> ChangeRecorder:
        account = Account(pk=self._account.pk, name=self._account.name, updated_at=previous)
        kind = RekeyRecorder if from_before else ChangeRecorder
        return kind(account, at=self._now, has_streams=len(self._scan.known) > 0, turns=self._turns)

    def _mark_stale(self, recorder: ChangeRecorder) -> int:
        """Streams that went missing there since; those that were stale before stay as they are."""
        known = self._scan.known
        newly = [
            (moment_of(seen_at) or self._now, known.ids[slot])
            for slot, seen_at in zip(self._stale.slots, self._stale.seen_at, strict=True)
            if not known.was_stale[slot]
        ]
        for start in range(0, len(newly), _LOOKED_UP):
            part = newly[start : start + _LOOKED_UP]
            with self._turns.turn(len(part)):
                execute_many(_MARK_STALE, [(db_time(moment), row_id) for moment, row_id in part])
                recorder.removed([row_id for _, row_id in part])
        return len(newly)

    def _insert_stale(self, group_ids: Sequence[int]) -> None:
        if not self._stale.new.count:
            return
        newest = newest_row()
        insert_streams(
            self._account.pk,
            self._stale.new,
            group_ids,
            turns=self._turns,
            progress=self._progress,
            now=self._now,
            recorder=NotANews(),
        )
        seen_at = max((moment for text in self._stale.moments if (moment := moment_of(text))), default=self._now)
        with self._turns.turn(self._stale.new.count):
            execute(
                "UPDATE m3u_app_stream SET is_stale = 1, last_seen = %s WHERE id > %s AND account_id = %s",
                [db_time(seen_at), newest, self._account.pk],
            )

    def _remove_gone(self, recorder: ChangeRecorder) -> None:
        """What the server no longer has. Channels lose it as they did there, and say so in the journal."""
        known = self._scan.known
        stale = set(self._stale.slots)
        gone = [slot for slot in known.unmet() if slot not in stale]
        news = {known.ids[slot] for slot in gone if not known.was_stale[slot]}
        batch_id = new_batch_id()
        for chunk in id_chunks([known.ids[slot] for slot in gone]):
            with self._turns.turn(len(chunk)):
                fresh = [row_id for row_id in chunk if row_id in news]
                if fresh:
                    recorder.removed(fresh)
                self._report.removed_in_use += len(used_streams(chunk))
                announce_removal(chunk, REASON, batch_id)
                Stream.objects.filter(pk__in=chunk).delete()
        self._report.removed = len(gone)
