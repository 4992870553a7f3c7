"""Of which kind a channel group is, for the badges and filters of the left pane (10 §4)."""

from collections.abc import Collection
from enum import StrEnum

from channels_app.autosync.filled_groups import groups_filled_by_auto_sync
from channels_app.models import AccountSync, ChannelGroup


class GroupKind(StrEnum):
    """``AUTO``: auto-sync fills it. ``PROVIDER``: it did so once, and the link is kept. ``MANUAL``: linked to nothing."""

    AUTO = "auto"
    PROVIDER = "provider"
    MANUAL = "manual"


def group_kinds() -> dict[int, GroupKind]:
    """Kinds of all groups that are not made by hand. A handful of queries, however many groups."""
    kinds = {}
    for targets in AccountSync.objects.values_list("targets", flat=True):
        linked = targets.values() if isinstance(targets, dict) else ()
        kinds.update({pk: GroupKind.PROVIDER for pk in linked if isinstance(pk, int)})
    kinds.update(dict.fromkeys(groups_filled_by_auto_sync(), GroupKind.AUTO))
    return kinds


def groups_of_kinds(wanted: Collection[str]) -> set[int]:
    """Ids of the groups of these kinds."""
    kinds = group_kinds()
    found = {pk for pk, kind in kinds.items() if kind in wanted}
    if GroupKind.MANUAL in wanted:
        found |= set(ChannelGroup.objects.exclude(pk__in=kinds).values_list("pk", flat=True))
    return found
