"""The channel lists of the network tuner (30 §17)."""

import json
from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

from channels_app.publishing.lineup_rows import LineupChannel
from channels_app.publishing.output_text import legal_xml, one_line
from channels_app.publishing.playlist_text import BASE

TUNER_ID_SOURCE = "channel_number"
"""Media servers join a tuner's channels with a guide by number, so guide and playlist beside a tuner use numbers as ids."""


def tuner_channels(channels: Iterable[LineupChannel]) -> list[LineupChannel]:
    """Channels a tuner can offer: those with a number; of equal numbers the first."""
    by_number: dict[str, LineupChannel] = {}
    for channel in channels:
        if channel.number:
            by_number.setdefault(channel.number, channel)
    return list(by_number.values())


def lineup_json(channels: Iterable[LineupChannel]) -> Iterator[str]:
    yield "["
    for place, channel in enumerate(channels):
        line = {"GuideNumber": channel.number, "GuideName": one_line(channel.name), "URL": "\1"}
        text = json.dumps(line, ensure_ascii=False).replace("\\u0001", f"{BASE}/stream/{channel.uuid}")
        yield f"{',' if place else ''}\n{text}"
    yield "\n]\n"


def lineup_xml(channels: Iterable[LineupChannel]) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<Lineup>\n'
    for channel in channels:
        name = escape(legal_xml(one_line(channel.name)))
        yield (
            f"<Program><GuideNumber>{channel.number}</GuideNumber><GuideName>{name}</GuideName>"
            f"<URL>{BASE}/stream/{channel.uuid}</URL></Program>\n"
        )
    yield "</Lineup>\n"
