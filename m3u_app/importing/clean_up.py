"""Deletes what has been missing for too long, and streams of switched-off groups (20 §3.9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from m3u_app.importing.merge_streams import id_chunks
from m3u_app.models import Stream
from m3u_app.raw_sql import db_time, read_rows
from m3u_app.stream_users import announce_removal, used_streams
from m3u_app.write_turns import WriteTurns


@dataclass
class CleanUp:
    removed: int = 0
    removed_in_use: int = 0
    """Of those, how many something used; each user has journalled its loss."""
    kept_disabled: int = 0
    """Streams of switched-off groups that stay because something uses them."""


def clean_up(account_id: int, *, days: int, before: datetime, turns: WriteTurns, batch_id: str) -> CleanUp:
    """Remove streams that went missing before ``before`` and those of switched-off groups that nothing uses.

    The reason given to users of a stream names ``days``.
    """
    result = CleanUp()
    gone = _ids(
        "SELECT id FROM m3u_app_stream WHERE account_id = %s AND is_stale AND last_seen <= %s AND is_custom = 0 ORDER BY id",
        account_id,
        db_time(before),
    )
    reason = f"missing from the provider for {days} days" if days else "missing from the provider"
    for chunk in id_chunks(gone):
        with turns.turn(len(chunk)):
            result.removed_in_use += len(used_streams(chunk))
            announce_removal(chunk, reason, batch_id)
            result.removed += _delete(chunk)
    disabled = _ids(
        "SELECT s.id FROM m3u_app_streamgroup g JOIN m3u_app_stream s ON s.group_id = g.id"
        " WHERE g.account_id = %s AND g.enabled = %s AND s.is_custom = 0 ORDER BY s.id",
        account_id,
        False,
    )
    for chunk in id_chunks(disabled):
        with turns.turn(len(chunk)):
            used = used_streams(chunk)
            result.removed += _delete([row_id for row_id in chunk if row_id not in used])
            result.kept_disabled += len(used)
    return result


def _ids(sql: str, *parameters: object) -> list[int]:
    return [row_id for (row_id,) in read_rows(sql, parameters)]


def _delete(row_ids: Sequence[int]) -> int:
    """Through the ORM, for it knows what else hangs on a stream."""
    if not row_ids:
        return 0
    Stream.objects.filter(pk__in=row_ids).delete()
    return len(row_ids)
