"""The addresses to type into players, with what to do there."""

from dataclasses import dataclass
from urllib.parse import quote

TOKEN_PLACEHOLDER = "YOUR-TOKEN"  # noqa: S105 - a word for the page


@dataclass(frozen=True)
class Address:
    label: str
    url: str


@dataclass(frozen=True)
class Player:
    key: str
    name: str
    addresses: list[Address]
    steps: list[str]


def profile_addresses(base: str, name: str) -> list[Address]:
    """Playlist, guide and tuner of a channel profile; ``base`` as below."""
    part = quote(name, safe="")
    return [
        Address("Playlist (M3U)", f"{base}/output/m3u/{part}"),
        Address("Guide (XMLTV)", f"{base}/output/epg/{part}"),
        Address("Tuner", f"{base}/hdhr/{part}"),
        Address("Guide for the tuner", f"{base}/output/epg/{part}?tvg_id_source=channel_number"),
    ]


def player_addresses(base: str) -> list[Player]:
    """``base``: address of this server, with the token's path where one is needed."""
    playlist = Address("Playlist (M3U)", f"{base}/output/m3u")
    guide = Address("Guide (XMLTV)", f"{base}/output/epg.xml")
    packed = Address("Guide (XMLTV, packed)", f"{base}/output/epg.xml.gz")
    tuner = Address("Tuner", f"{base}/hdhr")
    tuner_guide = Address("Guide for the tuner", f"{base}/output/epg.xml?tvg_id_source=channel_number")
    return [
        Player(
            "plex",
            "Plex",
            [tuner, tuner_guide],
            [
                "Settings → Live TV & DVR → Set up Plex Tuner. Plex does not find the tuner by itself: choose the "
                "link that asks for its network address and enter the first address.",
                "When Plex asks for the guide, choose XMLTV and enter the second address. Channels then join by number.",
                "Plex takes at most 480 channels from a tuner.",
            ],
        ),
        Player(
            "jellyfin",
            "Jellyfin",
            [playlist, guide],
            [
                "Dashboard → Live TV → Tuner Devices → add “M3U Tuner” with the first address.",
                "TV Guide Data Providers → add “XMLTV” with the second address. Channels join by their guide id.",
                "The HDHomeRun tuner type works as well: use the two addresses of Plex.",
            ],
        ),
        Player(
            "emby",
            "Emby",
            [playlist, guide],
            [
                "Settings → Live TV → add a TV source of type “M3U” with the first address.",
                "Add a guide source of type “XMLTV” with the second address.",
            ],
        ),
        Player(
            "kodi",
            "Kodi",
            [playlist, packed],
            [
                "Add-ons → PVR IPTV Simple Client → Configure.",
                "General: location “Remote path”, playlist URL = the first address. EPG: the second address.",
            ],
        ),
        Player(
            "vlc",
            "VLC and others",
            [playlist, guide],
            [
                "VLC: Media → Open Network Stream → the first address.",
                "Apps such as TiviMate or IPTV Smarters ask for a playlist and take the guide from it; else enter "
                "the second address.",
            ],
        ),
    ]
