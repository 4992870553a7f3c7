"""What the lineup loses when a guide is deleted (30 §2.2): said beforehand, journalled when it happens."""

from channels_app.chunks import chunked
from channels_app.models import Channel
from channels_app.write_changes import ChannelChange, write_changes
from ecm_site.wording import counted
from m3u_app.account_users import Loss

SAMPLES = 5


class LineupOfGuide:
    """Registered with ``epg_app.source_users``."""

    def losses(self, source_id: int) -> list[Loss]:
        """Channels that show this guide; they keep their TVG-ID."""
        linked = Channel.objects.filter(guide_entry__source_id=source_id)
        count = linked.count()
        if not count:
            return []
        names = list(linked.order_by("number", "pk").values_list("name", flat=True)[:SAMPLES])
        return [Loss(f"{counted(count, 'channel')} left without guide", names, is_grave=True)]

    def before_removal(self, source_id: int, batch_id: str) -> int:
        """Unlink the channels, each with a journal entry."""
        linked = Channel.objects.filter(guide_entry__source_id=source_id).order_by("pk")
        lost = 0
        for portion in chunked(list(linked.values_list("pk", "guide_entry_id"))):
            changes = [ChannelChange(pk, {"guide_entry_id": entry}, {"guide_entry_id": None}) for pk, entry in portion]
            lost += len(write_changes(changes, batch_id=batch_id).changed)
        return lost
