"""Removes groups that this house knew before it was connected and the server has not: nothing is in them any more."""

from m3u_app.mirror.group_kind import GroupKind
from m3u_app.mirror.quiet_turns import QuietTurns
from m3u_app.models import Stream, StreamGroup
from tasks_app.models import MirrorLink


def remove_leftover_groups(account_id: int) -> int:
    """Delete empty groups of the account that are linked to none there; returns how many."""
    ids = set(StreamGroup.objects.filter(account_id=account_id).values_list("pk", flat=True))
    linked = MirrorLink.objects.filter(kind=GroupKind.name, local_id__in=ids).values_list("local_id", flat=True)
    ids.difference_update(linked)
    if not ids:
        return 0
    ids.difference_update(Stream.objects.filter(group_id__in=ids).order_by().values_list("group_id", flat=True).distinct())
    with QuietTurns().turn(len(ids)):
        StreamGroup.objects.filter(pk__in=ids).delete()
    return len(ids)
