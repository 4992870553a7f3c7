"""Recognises a group that the provider renamed by the streams in it, so that the operator's settings stay with it (20 §4).

Providers with category ids say it themselves; a plain playlist only shows a group that is gone, a new one, and the same
streams in both.
"""

from collections import Counter
from itertools import compress

from m3u_app.importing.scan_source import Scan

_MOST = 0.5
"""At least this share of the old group's streams must be in the new one, and make up this share of it."""


def follow_groups(scan: Scan) -> int:
    """Let vanished groups take the names of new ones that hold their streams; returns how many. Call before the merge."""
    plan, known = scan.groups, scan.known
    vanished = {group.id: group for group in plan.own() if group.id is not None and not group.is_met and not group.was_stale}
    if not vanished or not scan.moves:
        return 0
    had = Counter(compress(known.groups, (not stale for stale in known.was_stale)))
    arrived = Counter[int]()
    for (_, index), count in scan.moves.items():
        arrived[index] += count
    followed = 0
    for (old_id, index), count in scan.moves.most_common():
        old, new = vanished.get(old_id), plan.groups[index]
        if old is None or new.id is not None or new.same_as is not None:
            continue
        if count < had[old_id] * _MOST or count < new.entry_count * _MOST:
            continue
        if old.enabled and not new.enabled:  # it was taken for a new group, and those start switched off here
            scan.touched += arrived[index]
            scan.disabled -= arrived[index]
        plan.rename_into(index, old)
        del vanished[old_id]
        followed += 1
    return followed
