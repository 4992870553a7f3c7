"""Makes text safe for playlists and XML, and the one id that joins a channel of the playlist with its guide (30 §16.2)."""

import re

from channels_app.publishing.lineup_rows import LineupChannel

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_LINE_BREAKS = re.compile(r"[\t\n\x85\u2028\u2029]+")
_ILLEGAL_XML = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def one_line(text: str) -> str:
    """``text`` on one line: line breaks become blanks, other control characters go."""
    if text.isprintable():
        return text.strip()
    return _CONTROL.sub("", _LINE_BREAKS.sub(" ", text)).strip()


def m3u_value(text: str) -> str:
    """``text`` for between the quotes of a playlist attribute."""
    return one_line(text).replace('"', "'")


def legal_xml(text: str) -> str:
    """``text`` without the characters that XML 1.0 does not allow, carriage returns included."""
    return text if text.isprintable() else _ILLEGAL_XML.sub("", text)


def xml_text(text: str) -> str:
    """``text`` escaped for between tags."""
    text = legal_xml(text)
    if "&" in text or "<" in text or ">" in text:
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text


def xml_attribute(text: str) -> str:
    """``text`` escaped for between double quotes."""
    return xml_text(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")


def output_id(channel: LineupChannel, source: str) -> str:
    """The channel's id in playlist and guide alike: what ``source`` names, else tvg-id, else number, else our own id."""
    if source == "channel_number":
        wanted = channel.number
    elif source == "gracenote":
        wanted = channel.station_id
    else:
        wanted = ""
    for candidate in (wanted, channel.tvg_id, channel.number):
        clean = m3u_value(legal_xml(candidate))
        if clean:
            return clean
    return f"ecm-{channel.id}"
