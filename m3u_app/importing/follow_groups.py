"""Recognises a group that the provider renamed by the streams in it, so that the operator's settings stay with it (20 §4).

Providers with category ids say it themselves; a plain playlist only shows a group that has lost its streams and a new one
that has them.
"""

from collections import Counter

from m3u_app.importing.scan_source import Scan

_MOST = 0.5
"""At least this share of the old group's streams must be in the new one, and make up this share of it."""


def follow_groups(scan: Scan) -> int:
    """Let groups that lost their streams to a new one take its name; returns how many. Call before the merge."""
    plan, known = scan.groups, scan.known
    if all(plan.groups[index].id is not None for _, index in scan.moves):  # no group came up that could be an old one
        return 0
    had = known.groups_before()
    stayed = known.groups_met_by_mark()
    index_of = {group.id: index for index, group in enumerate(plan.groups) if group.id is not None}
    arrived = Counter[int]()
    for (_, index), count in scan.moves.items():
        arrived[index] += count
    followed = 0
    for (old_id, index), count in scan.moves.most_common():
        old_index = index_of.get(old_id)
        new = plan.groups[index]
        if old_index is None or new.id is not None or stayed[old_id]:
            continue
        old = plan.groups[old_index]
        if old.was_stale or count < had[old_id] * _MOST or count < new.entry_count * _MOST:
            continue
        if old.enabled and not new.enabled:  # it was taken for a new group, and those start switched off here
            scan.touched += arrived[index]
            scan.disabled -= arrived[index]
        plan.rename_into(index, old_index)
        del index_of[old_id]
        followed += 1
    return followed
