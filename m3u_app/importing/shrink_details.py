"""What a refresh that was held back would take away: counted per group, with a few names (20 §23 shrink guard)."""

from collections import Counter
from itertools import compress
from typing import Any

from m3u_app.importing.group_plan import GroupPlan
from m3u_app.importing.known_streams import KnownStreams
from m3u_app.models import Stream

GROUPS_LISTED = 200
SAMPLES = 10


def shrink_details(known: KnownStreams, groups: GroupPlan) -> dict[str, Any]:
    """Return ``lost`` (streams that would go missing), ``groups`` [{name, before, after}] and ``samples`` (names).

    Groups are those that lose streams, most first, at most GROUPS_LISTED. One query.
    """
    names = {group.id: group.stored_name for group in groups.groups if group.id is not None}
    disabled = groups.disabled_ids()
    present = [not stale and group not in disabled for stale, group in zip(known.was_stale, known.groups, strict=True)]
    gone = [was_there and not met for was_there, met in zip(present, known.seen, strict=True)]
    before = Counter(compress(known.groups, present))
    lost = Counter(compress(known.groups, gone))
    sample_ids = [row_id for row_id, _ in zip(compress(known.ids, gone), range(SAMPLES), strict=False)]
    samples = Stream.objects.filter(pk__in=sample_ids).order_by("pk").values_list("name", flat=True)
    return {
        "lost": sum(lost.values()),
        "groups": [
            {"name": names.get(group_id, ""), "before": before[group_id], "after": before[group_id] - count}
            for group_id, count in lost.most_common(GROUPS_LISTED)
        ],
        "samples": list(samples),
    }
