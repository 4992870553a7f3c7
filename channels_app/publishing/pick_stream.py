"""Which address plays a channel right now."""

from dataclasses import dataclass
from uuid import UUID

from channels_app.models import Channel, ChannelStream
from channels_app.publishing.archive_links import fill_in
from channels_app.publishing.lineup_rows import stream_rank


class NothingToPlay(LookupError):
    """The channel cannot be played; ``status`` is 404 for an unknown or hidden channel, 503 for one without a stream."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class PlayableStream:
    """``url`` may hold the provider's login."""

    url: str
    is_catchup: bool
    catchup_source: str


def pick_stream(channel_uuid: UUID) -> PlayableStream:
    """The stream to play: by position, those of active accounts that are still in their playlist before all others.

    A stale stream of an active account is better than none. Raises :class:`NothingToPlay`. Two queries at most.
    """
    links = ChannelStream.objects.filter(channel__uuid=channel_uuid, channel__is_hidden=False).order_by()
    rows = links.values_list(
        "stream__url",
        "stream__is_catchup",
        "stream__extras",
        "stream__is_stale",
        "position",
        "id",
        "stream__account_id",
        "stream__account__is_active",
    )
    usable = []
    seen = 0
    for url, is_catchup, extras, stale, position, link_id, account_id, active in rows:
        seen += 1
        if url and (account_id is None or active):
            rank = stream_rank(usable=True, stale=stale, position=position, link_id=link_id)
            source = str(((extras or {}).get("attributes") or {}).get("catchup-source", ""))
            usable.append((rank, PlayableStream(url, is_catchup, source)))
    if usable:
        return min(usable, key=lambda item: item[0])[1]
    if seen:
        raise NothingToPlay(503, "All streams of this channel belong to providers that are switched off.")
    if Channel.objects.filter(uuid=channel_uuid, is_hidden=False).exists():
        raise NothingToPlay(503, "This channel has no stream.")
    raise NothingToPlay(404, "There is no such channel. The playlist may be out of date: load it again.")


def stream_location(stream: PlayableStream, query: str = "") -> str:
    """Where to send the player. ``query`` is what a catch-up player appended to our address; it goes along."""
    if not query or not stream.is_catchup:
        return stream.url
    return f"{stream.url}{'&' if '?' in stream.url else '?'}{query}"


def archive_location(stream: PlayableStream, values: list[str]) -> str:
    """The provider's catch-up address with the player's values. Raises :class:`NothingToPlay`."""
    location = fill_in(stream.catchup_source, values) if "://" in stream.catchup_source else None
    if location is None:
        raise NothingToPlay(
            404, "This channel has no catch-up under this address. The playlist may be out of date: load it again."
        )
    return location
