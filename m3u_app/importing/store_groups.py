"""Writes a group plan: new groups, renames, marks of coming and going (20 §2.2 step 4, §3.9)."""

from datetime import datetime

from m3u_app.importing.group_plan import GroupPlan, PlannedGroup
from m3u_app.raw_sql import db_time, execute_in, execute_many, read_rows
from m3u_app.write_turns import WriteTurns

CHUNK = 1000
_EMPTY = (
    "is_stale = %s AND last_seen <= %s AND NOT EXISTS"
    " (SELECT 1 FROM m3u_app_stream WHERE m3u_app_stream.group_id = m3u_app_streamgroup.id)"
)
_SELECT_EMPTY = f"SELECT id FROM m3u_app_streamgroup WHERE {_EMPTY} AND account_id = %s"  # noqa: S608
_DELETE_EMPTY = f"DELETE FROM m3u_app_streamgroup WHERE {_EMPTY} AND id IN ({{ids}})"  # noqa: S608


def store_groups(account_id: int, plan: GroupPlan, turns: WriteTurns, now: datetime) -> list[int]:
    """Make the groups that are missing, bring the met ones up to date, and return the row id of every planned group.

    Whoever is met again loses the stale mark; settings of the operator are never touched.
    """
    _rename(plan, turns)
    missing = [group for group in plan.own() if group.id is None]
    for start in range(0, len(missing), CHUNK):
        chunk = missing[start : start + CHUNK]
        with turns.turn(len(chunk)):
            execute_many(
                "INSERT INTO m3u_app_streamgroup (account_id, name, enabled, xc_id, stream_count, entry_count, is_new,"
                " is_stale, first_seen, last_seen) VALUES (%s, %s, %s, %s, 0, %s, %s, %s, %s, %s)"
                " ON CONFLICT (account_id, name) DO NOTHING",
                [
                    (
                        account_id,
                        group.name,
                        group.enabled,
                        group.xc_id,
                        group.entry_count,
                        True,
                        False,
                        db_time(now),
                        db_time(now),
                    )
                    for group in chunk
                ],
            )
    if missing:
        ids = {
            name: row_id
            for row_id, name in read_rows("SELECT id, name FROM m3u_app_streamgroup WHERE account_id = %s", [account_id])
        }
        for group in missing:
            group.id = ids[group.name]
    _update(plan, turns)
    return [group.id or 0 for group in plan.groups]


def mark_missing_groups(plan: GroupPlan, turns: WriteTurns, last_seen: datetime) -> int:
    """Mark groups that the source no longer has; ``last_seen`` is when it last had them. Returns how many are new to it."""
    gone = [group.id for group in plan.own() if not group.is_met and not group.was_stale and group.id is not None]
    for start in range(0, len(gone), CHUNK):
        chunk = gone[start : start + CHUNK]
        with turns.turn(len(chunk)):
            execute_in(
                "UPDATE m3u_app_streamgroup SET is_stale = %s, last_seen = %s, entry_count = 0 WHERE id IN ({ids})",
                [True, db_time(last_seen)],
                chunk,
            )
    return len(gone)


def remove_old_groups(account_id: int, turns: WriteTurns, before: datetime) -> int:
    """Delete groups that have been missing since ``before`` and hold no stream any more. Returns how many went."""
    empty = [True, db_time(before)]
    ids = [row_id for (row_id,) in read_rows(_SELECT_EMPTY, [*empty, account_id])]
    removed = 0
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        with turns.turn(len(chunk)):
            removed += execute_in(_DELETE_EMPTY, empty, chunk)
    return removed


def count_group_streams(account_id: int, turns: WriteTurns) -> int:
    """Bring ``stream_count`` of the account's groups up to date where it differs; returns the account's total."""
    counts = dict(
        read_rows(
            "SELECT group_id, COUNT(*) FROM m3u_app_stream WHERE group_id IN"
            " (SELECT id FROM m3u_app_streamgroup WHERE account_id = %s) GROUP BY group_id",
            [account_id],
        )
    )
    stored = dict(read_rows("SELECT id, stream_count FROM m3u_app_streamgroup WHERE account_id = %s", [account_id]))
    changes = [(counts.get(row_id, 0), row_id) for row_id, count in stored.items() if counts.get(row_id, 0) != count]
    for start in range(0, len(changes), CHUNK):
        chunk = changes[start : start + CHUNK]
        with turns.turn(len(chunk)):
            execute_many("UPDATE m3u_app_streamgroup SET stream_count = %s WHERE id = %s", chunk)
    return sum(counts.values())


def _rename(plan: GroupPlan, turns: WriteTurns) -> None:
    renamed = [group for group in plan.own() if group.id is not None and group.name != group.stored_name]
    if not renamed:
        return
    with turns.turn(len(renamed)):
        # Through names that nobody has: two categories may have swapped theirs.
        execute_many(
            "UPDATE m3u_app_streamgroup SET name = %s WHERE id = %s", [(f"\x00{group.id}", group.id) for group in renamed]
        )
        execute_many("UPDATE m3u_app_streamgroup SET name = %s WHERE id = %s", [(group.name, group.id) for group in renamed])


def _update(plan: GroupPlan, turns: WriteTurns) -> None:
    changed = [group for group in plan.own() if group.is_met and _differs(group)]
    for start in range(0, len(changed), CHUNK):
        chunk = changed[start : start + CHUNK]
        with turns.turn(len(chunk)):
            execute_many(
                "UPDATE m3u_app_streamgroup SET is_stale = %s, entry_count = %s, xc_id = %s WHERE id = %s",
                [(False, group.entry_count, group.xc_id, group.id) for group in chunk],
            )


def _differs(group: PlannedGroup) -> bool:
    return group.stored_name != "" and (
        group.was_stale or group.entry_count != group.stored_entry_count or group.xc_id != group.stored_xc_id
    )
