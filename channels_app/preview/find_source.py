"""What a preview plays: a stream's own address, or that of the stream which players of a channel would get."""

from collections.abc import Mapping
from dataclasses import dataclass

from channels_app.logos.fetch_picture import host_of, source_hosts
from channels_app.models import Channel, ChannelStream
from channels_app.preview.errors import PreviewRefused
from channels_app.publishing.lineup_rows import stream_rank
from ecm_site.http import FetchPolicy
from m3u_app.connection_limits import ConnectionLimit, connection_limits
from m3u_app.models import Account, Stream
from tasks_app.mirror.state import is_connected

CONNECT_SECONDS = 10
SILENCE_SECONDS = 15
"""A source that sends nothing for so long is given up: somebody sits in front of the player."""
_LARGEST_RATIO = 200


@dataclass(frozen=True, repr=False)
class PreviewSource:
    """Where the pictures come from. ``url`` and ``headers`` may hold the provider's login.

    ``private_hosts`` are the hosts inside the local network that may be asked, None = all of them.
    """

    name: str
    stream_id: int
    url: str
    headers: Mapping[str, str]
    user_agent: str
    private_hosts: frozenset[str] | None
    allow_private: bool
    limits: tuple[ConnectionLimit, ...] = ()
    """What the provider allows at once (20 §7)."""

    def __repr__(self) -> str:
        return f"PreviewSource(stream_id={self.stream_id})"  # never the address

    def policy(self) -> FetchPolicy:
        """How the source is asked: the rules of every fetch (DESIGN §7), without an end but not without an answer."""
        headers = dict(self.headers)
        return FetchPolicy(
            user_agent=self.user_agent if not any(name.lower() == "user-agent" for name in headers) else "",
            headers=headers,
            allow_private=self.allow_private,
            private_hosts=self.private_hosts,
            connect_timeout=CONNECT_SECONDS,
            read_timeout=SILENCE_SECONDS,
            max_bytes=1 << 62,  # a stream has no end; what is read is passed on at once
            max_ratio=_LARGEST_RATIO,
        )


def stream_source(stream_id: int) -> PreviewSource:
    """The source of a stream. Raises :class:`PreviewRefused` (404)."""
    stream = Stream.objects.select_related("account").filter(pk=stream_id).first()
    if stream is None:
        raise PreviewRefused(404, "There is no such stream. The list may be out of date: load the page again.")
    return _source(stream, stream.name)


def channel_source(channel_id: int) -> PreviewSource:
    """The source of a channel's best stream, as publishing chooses it; hidden channels can be looked at too.

    Raises :class:`PreviewRefused` (404). Two queries.
    """
    stream, name = best_stream(channel_id)
    return _source(stream, name)


def best_stream(channel_id: int) -> tuple[Stream, str]:
    """The stream that players get, and the channel's name. Raises :class:`PreviewRefused` (404)."""
    channel = Channel.objects.filter(pk=channel_id).only("name").first()
    if channel is None:
        raise PreviewRefused(404, "There is no such channel. The list may be out of date: load the page again.")
    links = list(ChannelStream.objects.filter(channel_id=channel_id).order_by().select_related("stream__account"))
    usable = [link for link in links if link.stream.url and (link.stream.account is None or link.stream.account.is_active)]
    if not usable:
        why = "All its streams belong to providers that are switched off." if links else "It has no stream."
        raise PreviewRefused(404, f"There is nothing to play on this channel. {why}")
    best = min(
        usable,
        key=lambda link: stream_rank(usable=True, stale=link.stream.is_stale, position=link.position, link_id=link.pk),
    )
    return best.stream, channel.name


def _private_hosts(account: Account | None) -> frozenset[str] | None:
    """A provider's playlist may not send us around in the local network; what an operator typed or uploaded may.

    While a server is mirrored everything but this account's switch comes from there, and may as little as a playlist.
    """
    if account is not None and account.allow_private_addresses:
        return None
    if is_connected():
        return source_hosts()
    if account is None or account.file_path:
        return None
    return source_hosts() | {host_of(account.server_url)}


def _source(stream: Stream, name: str) -> PreviewSource:
    if not stream.url:
        raise PreviewRefused(404, "This stream has no address.")
    if not stream.url.lower().startswith(("http://", "https://")):
        raise PreviewRefused(502, "The preview plays http and https addresses only. Open this stream in VLC instead.")
    account = stream.account
    hosts = _private_hosts(account)
    stored = (stream.extras or {}).get("headers")
    headers = {str(key): str(value) for key, value in stored.items()} if isinstance(stored, dict) else {}
    return PreviewSource(
        name=name,
        stream_id=stream.pk,
        url=stream.url,
        headers=headers,
        user_agent=account.user_agent if account else "",
        private_hosts=hosts,
        allow_private=bool(account and account.allow_private_addresses),
        limits=connection_limits(account, stream.url),
    )
