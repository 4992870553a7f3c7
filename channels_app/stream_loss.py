"""What happens to channels when a provider's streams go away (20 §3.9): they lose them, and the journal says so."""

import logging
from collections.abc import Collection

from django.db.models import Count
from django.urls import reverse

from channels_app.journal_channels import streams_entry
from channels_app.lineup_changed import lineup_changed
from channels_app.models import Channel, ChannelStream
from ecm_site.masking import mask_text
from ecm_site.wording import counted, shortened
from m3u_app.models import Stream
from m3u_app.stream_users import StreamUse
from tasks_app import journal

logger = logging.getLogger(__name__)

_NAMED_STREAMS = 5


class ChannelStreams:
    """Registered with ``m3u_app.stream_users``: the lineup uses streams."""

    def used(self, stream_ids: Collection[int]) -> set[int]:
        """Those of ``stream_ids`` (at most 500) that sit on a channel."""
        return set(ChannelStream.objects.filter(stream_id__in=stream_ids).values_list("stream_id", flat=True))

    def uses(self, stream_ids: Collection[int]) -> dict[int, list[StreamUse]]:
        """The channels that use each of the streams, in the order of the lineup."""
        links = ChannelStream.objects.filter(stream_id__in=stream_ids).order_by("channel__number", "channel_id")
        found = list(links.values_list("stream_id", "channel_id", "channel__name", "position"))
        sizes = _sizes({channel_id for _, channel_id, _, _ in found})
        uses: dict[int, list[StreamUse]] = {}
        for stream_id, channel_id, name, position in found:
            use = _use(channel_id, name, position, sizes.get(channel_id, 1) - 1)
            uses.setdefault(stream_id, []).append(use)
        return uses

    def known(self, keys: Collection[int]) -> dict[int, StreamUse]:
        """The channels with these ids that still exist."""
        names = dict(Channel.objects.filter(pk__in=keys).values_list("pk", "name"))
        sizes = _sizes(names)
        return {pk: _use(pk, name, 0, sizes.get(pk, 0)) for pk, name in names.items()}

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


def _sizes(channel_ids: Collection[int]) -> dict[int, int]:
    links = ChannelStream.objects.filter(channel_id__in=channel_ids).order_by()
    return dict(links.values_list("channel_id").annotate(count=Count("id")))


def _use(channel_id: int, name: str, position: int, left: int) -> StreamUse:
    return StreamUse(
        channel_id,
        name,
        position,
        left,
        url=reverse("channels:edit", args=[channel_id]),
        replace_url=reverse("channels:replace_stream", args=[channel_id]),
    )


def _describe(name: str, lost: list[str], left: int, reason: str) -> str:
    shown = ", ".join(f"“{shortened(mask_text(item), 40)}”" for item in lost[:_NAMED_STREAMS])
    more = f" and {len(lost) - _NAMED_STREAMS} more" if len(lost) > _NAMED_STREAMS else ""
    ending = "" if left else " It has no streams left and cannot be played."
    return f"“{shortened(name)}” lost {counted(len(lost), 'stream')} ({shown}{more}): {reason}.{ending}"
