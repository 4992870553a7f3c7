"""What happens to channels when a provider's streams go away (20 §3.9): they lose them, and the journal says so."""

import logging
from collections.abc import Collection

from channels_app.journal_channels import streams_entry
from channels_app.lineup_changed import lineup_changed
from channels_app.models import Channel, ChannelStream
from ecm_site.masking import mask_text
from ecm_site.wording import counted, shortened
from m3u_app.models import Stream
from tasks_app import journal

logger = logging.getLogger(__name__)

_NAMED_STREAMS = 5


class ChannelStreams:
    """Registered with ``m3u_app.stream_users``: the lineup uses streams."""

    def used(self, stream_ids: Collection[int]) -> set[int]:
        """Those of ``stream_ids`` (at most 500) that sit on a channel."""
        return set(ChannelStream.objects.filter(stream_id__in=stream_ids).values_list("stream_id", flat=True))

    def before_removal(self, stream_ids: Collection[int], reason: str, batch_id: str) -> None:
        """Take the streams off their channels, one journal entry a channel; called inside the deleting transaction."""
        going = set(stream_ids)
        channel_ids = set(ChannelStream.objects.filter(stream_id__in=going).values_list("channel_id", flat=True))
        if not channel_ids:
            return
        before: dict[int, list[int]] = {}
        links = ChannelStream.objects.filter(channel_id__in=channel_ids).order_by("channel_id", "position", "id")
        for channel_id, stream_id in links.values_list("channel_id", "stream_id"):
            before.setdefault(channel_id, []).append(stream_id)
        names = dict(Channel.objects.filter(pk__in=channel_ids).values_list("pk", "name"))
        streams = dict(Stream.objects.filter(pk__in=going).values_list("pk", "name"))
        ChannelStream.objects.filter(stream_id__in=going).delete()
        entries = []
        for channel_id, current in before.items():
            lost = [streams.get(pk, str(pk)) for pk in current if pk in going]
            left = [pk for pk in current if pk not in going]
            name = names[channel_id]
            entries.append(
                streams_entry(
                    "stream_remove",
                    channel_id,
                    name,
                    current,
                    left,
                    batch_id=batch_id,
                    description=_describe(name, lost, len(left), reason),
                    undoable=False,  # the streams are gone with their provider's entry
                    labels=[shortened(mask_text(item), 200) for item in lost],
                )
            )
            if not left:
                logger.warning("[CHANNELS] Channel id=%s name=%s has no streams left: %s", channel_id, shortened(name), reason)
        journal.log_entries(entries)
        lineup_changed(guide=False)


def _describe(name: str, lost: list[str], left: int, reason: str) -> str:
    shown = ", ".join(f"“{shortened(mask_text(item), 40)}”" for item in lost[:_NAMED_STREAMS])
    more = f" and {len(lost) - _NAMED_STREAMS} more" if len(lost) > _NAMED_STREAMS else ""
    ending = "" if left else " It has no streams left and cannot be played."
    return f"“{shortened(name)}” lost {counted(len(lost), 'stream')} ({shown}{more}): {reason}.{ending}"
