"""Writes the playlist (30 §16.2). What came in with a stream goes out again: catch-up, headers, player options."""

import json
import re
from collections.abc import Iterable, Iterator

from channels_app.logos.addresses import stored_name_of
from channels_app.publishing.archive_links import archive_query
from channels_app.publishing.lineup_rows import LineupChannel
from channels_app.publishing.output_text import m3u_value, one_line, output_id
from ecm_site.masking import mask_text

BASE = "\0"
"""Stands in stored files where the address of this server goes; cleaned text never contains it."""
DEFAULT_GROUP = "Default"
_KEY = re.compile(r"[A-Za-z0-9_.-]+")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_MULTICAST = re.compile(r"(?i)^(udp|rtp)://(?=2(?:2[4-9]|3\d)\.|\[ff)")  # 224.0.0.0 to 239.255.255.255, ff00::/8
_VLC_HEADERS = {
    "user-agent": "http-user-agent",
    "referer": "http-referrer",
    "referrer": "http-referrer",
    "origin": "http-origin",
    "cookie": "http-cookie",
}


def playlist_lines(channels: Iterable[LineupChannel], source: str, *, direct: bool) -> Iterator[str]:
    """Yield the lines of each channel as one text. Everything but the first line of the file."""
    for channel in channels:
        lines = [f"#EXTINF:-1 {_attributes(channel, source, direct)},{one_line(channel.name)}"]
        lines += _player_options(channel)
        lines.append(_address(channel, direct))
        yield "\n".join(lines) + "\n"


def header_line(guide_address: str) -> str:
    """The first line, naming the guide that fits."""
    return f'#EXTM3U url-tvg="{guide_address}" x-tvg-url="{guide_address}"\n'


def _attributes(channel: LineupChannel, source: str, direct: bool) -> str:
    pairs = [("tvg-id", output_id(channel, source)), ("tvg-name", m3u_value(channel.name))]
    optional = (
        ("tvg-logo", channel.logo_url),
        ("tvg-chno", channel.number),
        ("tvc-guide-stationid", channel.station_id),
    )
    pairs += [(key, m3u_value(value)) for key, value in optional if value]
    if stored_name_of(channel.logo_url):  # an uploaded picture: we serve it ourselves
        pairs = [(key, f"{BASE}{value}" if key == "tvg-logo" else value) for key, value in pairs]
    pairs.append(("group-title", m3u_value(channel.group) or DEFAULT_GROUP))
    pairs += _passed_through(channel, direct)
    return " ".join(f'{key}="{value}"' for key, value in pairs)


def _passed_through(channel: LineupChannel, direct: bool) -> Iterator[tuple[str, str]]:
    if channel.is_radio:
        yield "radio", "true"
    for key, value in channel.attributes.items():
        if not _KEY.fullmatch(key):
            continue
        clean = m3u_value(value)
        if direct or mask_text(clean) == clean:
            yield key, clean
        elif key == "catchup-source" and "://" in clean:
            yield key, f"{BASE}/stream/{channel.uuid}/archive?{archive_query(clean)}"
    has_days = {"catchup-days", "tvg-rec", "timeshift", "tv_archive_duration"} & channel.attributes.keys()
    if channel.catchup_days and not has_days:
        yield "catchup-days", str(channel.catchup_days)


def _player_options(channel: LineupChannel) -> Iterator[str]:
    told = set()
    for option in channel.kodi_props:
        yield f"#KODIPROP:{one_line(option)}"
    for option in channel.vlc_opts:
        clean = one_line(option)
        told.add(clean.partition("=")[0].strip().lower())
        yield f"#EXTVLCOPT:{clean}"
    untold = {}
    for name, value in channel.headers.items():
        option = _VLC_HEADERS.get(name.lower(), "")
        if option in told or not _HEADER_NAME.fullmatch(name):
            continue
        untold[name] = one_line(value)
        if option:
            yield f"#EXTVLCOPT:{option}={untold[name]}"
    if untold:  # players know one spelling or the other
        yield f"#EXTHTTP:{json.dumps(untold, ensure_ascii=False)}"


def _address(channel: LineupChannel, direct: bool) -> str:
    if direct and channel.stream_url:
        return _MULTICAST.sub(r"\1://@", one_line(channel.stream_url))
    return f"{BASE}/stream/{channel.uuid}"
