"""Which channel groups auto-sync fills: their numbers are its business, not that of whoever renumbers everything (10 §8.9)."""

from channels_app.autosync.read_situation import targets_of_groups
from channels_app.autosync.settings import read_settings
from channels_app.models import AccountSync
from m3u_app.models import StreamGroup


def groups_filled_by_auto_sync() -> set[int]:
    """Ids of the channel groups that followed provider groups put their channels into. Four queries at most."""
    followed = list(StreamGroup.objects.filter(enabled=True, auto_channel_sync=True))
    if not followed:
        return set()
    remembered: dict[str, object] = {}
    for targets in AccountSync.objects.values_list("targets", flat=True):
        remembered |= targets if isinstance(targets, dict) else {}
    settings = {group.pk: read_settings(group) for group in followed}
    targets, _ = targets_of_groups(followed, settings, remembered)
    return {pk for pk in targets.values() if pk > 0}
