"""The way from an empty install to a lineup that plays, and how far along it is."""

from dataclasses import dataclass

from channels_app.models import Channel
from epg_app.models import GuideSource
from m3u_app.models import Account


@dataclass(frozen=True)
class Step:
    title: str
    text: str
    url: str
    is_done: bool = False


@dataclass(frozen=True)
class Progress:
    has_account: bool
    has_streams: bool
    has_guide: bool
    has_channels: bool

    @property
    def steps(self) -> list[Step]:
        streams = "Pick streams or whole groups; doubles become one channel."
        waiting = "Once a provider's streams are here: pick what you want to watch."
        return [
            Step("Add a provider", "A playlist, an Xtream login or a tuner.", "/m3u/", self.has_account),
            Step("Add a guide", "What is on, from an XMLTV file.", "/guide/", self.has_guide),
            Step("Make channels", streams if self.has_streams else waiting, "/channels/", self.has_channels),
            Step("Point a player at it", "Plex, Jellyfin, VLC and others.", "/publishing/"),
        ]


def progress() -> Progress:
    """Four existence queries, whatever the size of the install."""
    return Progress(
        has_account=Account.objects.exists(),
        has_streams=Account.objects.filter(stream_count__gt=0).exists(),
        has_guide=GuideSource.objects.exists(),
        has_channels=Channel.objects.exists(),
    )
