"""One whole import: read, judge, merge, clean up. Knows no downloads and no account status."""

from datetime import datetime, timedelta

from django.utils import timezone

from m3u_app.changes.record import ChangeRecorder
from m3u_app.changes.sum_up import Group
from m3u_app.entries import EntrySource, GroupHint
from m3u_app.importing.clean_up import clean_up
from m3u_app.importing.filtering import FilterChain, chain_of
from m3u_app.importing.follow_groups import follow_groups
from m3u_app.importing.group_plan import MAX_GROUPS, GroupPlan
from m3u_app.importing.identity import identity_fields, identity_maker
from m3u_app.importing.import_report import RefreshReport
from m3u_app.importing.judge import judge
from m3u_app.importing.known_streams import KnownStreams
from m3u_app.importing.merge_streams import insert_streams, mark_missing, mark_returned, update_streams
from m3u_app.importing.reconnect import reconnect
from m3u_app.importing.scan_source import Scan, count_present_before, expected_losses, scan_source
from m3u_app.importing.spool import Spool
from m3u_app.importing.store_groups import (
    count_group_streams,
    mark_missing_groups,
    remove_old_groups,
    store_groups,
)
from m3u_app.models import Account
from m3u_app.raw_sql import bulk_writing
from m3u_app.write_turns import WriteTurns
from tasks_app.journal import new_batch_id
from tasks_app.progress import Progress


def import_source(
    source: EntrySource, account: Account, *, started: datetime, progress: Progress, accept_shrunken: bool = False
) -> tuple[RefreshReport, int]:
    """Bring the streams and groups of ``account`` in line with ``source``.

    Nothing is written before the whole source was read and found good. Returns the report and how many streams the
    account has now, missing ones included. Raises ``ProviderError`` (nothing usable), ``HeldBack``, ``SpoolFull``,
    ``IdentityRefused`` and ``Cancelled``; then no stream was marked as missing or deleted.
    """
    report = RefreshReport(account.pk)
    fields = identity_fields(account)
    with Spool() as new, Spool() as changed, Spool() as still_new, bulk_writing():
        known = KnownStreams(account.pk)
        groups = GroupPlan(account.pk, enable_new=account.auto_enable_new_groups, hints=source.groups)
        scan = Scan(known, groups, new, changed, filters=chain_of(account.pk))
        scan.newly_filtered = set() if scan.filters is not None and account.filters_changed_at else None
        scan.present_before = count_present_before(known, groups)
        progress.report(phase="Reading", current=0, total=source.size)
        salt = _salt(account.pk, fields, scan.filters, source.groups)
        scan_source(source, scan, identity_maker(account.pk, fields), salt, progress)
        scan.present_before -= expected_losses(scan)
        known.forget_identities()
        report.reconnected = reconnect(scan, account.pk, still_new)
        follow_groups(scan)
        report.take_drops(source.report)
        report.notes += scan.filters.notes() if scan.filters is not None else []
        judge(scan, account, source, accept_shrunken=accept_shrunken)
        source.accept()
        total = _merge(scan, account, report, started, progress)
    if groups.overflow:
        report.notes.append(
            f"The provider names more than {MAX_GROUPS:,} groups; {groups.overflow:,} streams of the others are in"
            " the default group."
        )
    return report, total


def _merge(scan: Scan, account: Account, report: RefreshReport, started: datetime, progress: Progress) -> int:
    turns = WriteTurns()
    now = timezone.now()
    seen_before = account.updated_at or started
    known, plan = scan.known, scan.groups
    recorder = ChangeRecorder(account, at=now, has_streams=len(known) > 0, turns=turns)
    recorder.count_only(_wanted_now(scan, account))
    progress.report(phase="Saving", current=0, total=scan.new.count)
    group_ids = store_groups(account.pk, plan, turns, now)
    report.created = insert_streams(account.pk, scan.new, group_ids, turns=turns, progress=progress, now=now, recorder=recorder)
    returned, missing = known.returned(), known.newly_missing()
    if scan.changed.count:
        progress.report(phase="Updating", current=0, total=scan.changed.count)
    differing = update_streams(
        scan.changed, group_ids, turns=turns, progress=progress, now=now, recorder=recorder, returning=set(returned)
    )
    progress.raise_if_cancelled()
    progress.report(phase="Tidying up")  # from here on it is carried through: half a clean-up helps nobody
    report.updated = min(differing, scan.touched)
    report.unchanged = scan.unchanged + scan.touched - report.updated
    report.duplicate, report.disabled, report.filtered = scan.duplicates, scan.disabled, scan.filtered
    mark_returned(returned, turns, recorder)
    mark_missing(missing, turns, seen_before, recorder, unwanted={known.ids[slot] for slot in scan.newly_filtered or ()})
    mark_missing_groups(plan, turns, seen_before)
    keep_since = started - timedelta(days=account.stale_stream_days)
    done = clean_up(account.pk, days=account.stale_stream_days, before=keep_since, turns=turns, batch_id=new_batch_id())
    progress.report(phase="Summing up")
    report.groups_removed = remove_old_groups(account.pk, turns, keep_since)
    total = count_group_streams(account.pk, turns)
    recorder.finish(_groups_now(plan), total_streams=report.streams_total)
    report.returned = len(returned)
    report.stale = 0 if seen_before <= keep_since else len(missing)
    report.removed, report.removed_in_use, report.kept_disabled = done.removed, done.removed_in_use, done.kept_disabled
    report.groups = sum(group.is_met for group in plan.own())
    report.groups_new = sum(not group.stored_name for group in plan.own())
    report.groups_renamed = plan.renamed()
    return total


def _wanted_now(scan: Scan, account: Account) -> list[int]:
    """Groups whose new streams come because the operator wants them now, not because the provider has them now.

    The provider listed them before, and none was stored; after filters changed, that may be so in every group.
    """
    has_streams = set(scan.known.groups)
    return [
        group.id
        for group in scan.groups.own()
        if group.id is not None
        and (account.filters_changed_at or (group.enabled and group.stored_entry_count and group.id not in has_streams))
    ]


def _groups_now(plan: GroupPlan) -> list[Group]:
    """The groups for the record of changes; call when every group has its row."""
    return [
        Group(
            group.id or 0,
            group.name,
            enabled=group.enabled,
            size=group.entry_count,
            is_added=group.is_met and (group.was_stale or not group.stored_name),
            is_gone=not group.is_met,
            is_removed=not group.is_met and not group.was_stale,
            former_name=group.stored_name if group.stored_name != group.name else "",
        )
        for group in plan.own()
    ]


def _salt(account_id: int, fields: tuple[str, ...], filters: FilterChain | None, groups: list[GroupHint]) -> bytes:
    """What every mark depends on besides the source's own text: other filters make every entry be looked at again."""
    salt = f"{account_id} {' '.join(fields)}".encode()
    return salt if filters is None else salt + b" " + filters.fingerprint(groups)
