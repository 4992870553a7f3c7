"""Notes which streams a held-back refresh would take away and bring, for the page where the operator decides (20 §23)."""

from collections.abc import Iterator
from itertools import compress, islice
from typing import Any

from m3u_app.changes.models import HeldStream
from m3u_app.importing.merge_streams import id_chunks
from m3u_app.importing.scan_source import PROVIDER_COLUMNS, Scan
from m3u_app.raw_sql import execute, execute_many, placeholders
from m3u_app.stream_users import stream_uses
from m3u_app.write_turns import WriteTurns

MOST_NOTED = 20_000
"""Streams of each side that are noted by name; the groups are counted whole, and what channels use is noted always."""
CHUNK = 2000
CHANNELS_NAMED = 50
_NAME = 1 + PROVIDER_COLUMNS.index("name")
_VANISHING = (
    "INSERT INTO m3u_app_heldstream (account_id, arrives, stream_id, name, group_name, in_use)"
    " SELECT s.account_id, 0, s.id, s.name, COALESCE(g.name, ''), %s FROM m3u_app_stream s"
    " LEFT JOIN m3u_app_streamgroup g ON g.id = s.group_id WHERE s.id IN ({ids}) ORDER BY s.id"
)
_ARRIVING = (
    "INSERT INTO m3u_app_heldstream (account_id, arrives, stream_id, name, group_name, in_use) VALUES (%s, 1, 0, %s, %s, 0)"
)


def hold_streams(scan: Scan, account_id: int) -> dict[str, Any]:
    """Write the lists in short transactions; returns ``in_use`` (streams that channels would lose) and ``channels`` (names)."""
    turns = WriteTurns()
    forget_held(account_id, turns)
    gone = _vanishing(scan)
    used: dict[int, list[str]] = {}
    for chunk in id_chunks(gone):
        used.update({row_id: [use.name for use in uses] for row_id, uses in stream_uses(chunk).items()})
    noted = sorted(used) + [row_id for row_id in islice(gone, MOST_NOTED) if row_id not in used]
    for chunk in id_chunks(noted):
        with turns.turn(len(chunk)):
            for in_use in (True, False):
                ids = [row_id for row_id in chunk if (row_id in used) is in_use]
                if ids:
                    execute(_VANISHING.replace("{ids}", placeholders(ids)), [in_use, *ids])
    arriving = list(islice(_arriving(scan, account_id), MOST_NOTED))
    for start in range(0, len(arriving), CHUNK):
        with turns.turn(CHUNK):
            execute_many(_ARRIVING, arriving[start : start + CHUNK])
    names = sorted({name for found in used.values() for name in found})
    return {"in_use": len(used), "channels": len(names), "channel_names": names[:CHANNELS_NAMED]}


def forget_held(account_id: int, turns: WriteTurns | None = None) -> None:
    """Delete the lists of an account: the question was answered, or is asked anew."""
    turns = turns or WriteTurns()
    held = HeldStream.objects.filter(account_id=account_id).order_by("pk")
    while ids := list(held.values_list("pk", flat=True)[:CHUNK]):
        with turns.turn(len(ids)):
            HeldStream.objects.filter(pk__in=ids).delete()


def _vanishing(scan: Scan) -> list[int]:
    """Row ids of streams that are there now and would be missing; those that filters drop are not the provider's doing."""
    known, disabled, filtered = scan.known, scan.groups.disabled_ids(), scan.newly_filtered or ()
    gone = (
        not stale and not met and group not in disabled and slot not in filtered
        for slot, (stale, met, group) in enumerate(zip(known.was_stale, known.seen, known.groups, strict=True))
    )
    return list(compress(known.ids, gone))


def _arriving(scan: Scan, account_id: int) -> Iterator[tuple[int, str, str]]:
    for records in scan.new.chunks():
        for record in records:
            yield account_id, record[_NAME], scan.groups.groups[record[0]].name
