"""Just enough of MPEG-TS (ISO 13818-1): is it one, where does it begin, and what is in it."""

from typing import NamedTuple

PACKET = 188
_SYNC = 0x47
_PACKETS_SEEN = 4  # in step: chance is ruled out

_VIDEO = {0x01: "mpeg1", 0x02: "mpeg2", 0x10: "mpeg4", 0x1B: "h264", 0x24: "h265", 0x33: "h266", 0xEA: "vc1"}
_AUDIO = {
    0x03: "mp2",
    0x04: "mp2",
    0x0F: "aac",
    0x11: "aac",
    0x81: "ac3",
    0x82: "dts",
    0x85: "dts",
    0x86: "dts",
    0x87: "eac3",
    0x8A: "dts",
    0xA1: "eac3",
}
_PRIVATE = 0x06  # Europe names the codec in a descriptor
_DESCRIBED = {0x6A: "ac3", 0x7A: "eac3", 0x7B: "dts", 0x7C: "aac"}
_REGISTERED = {b"AC-3": "ac3", b"EAC3": "eac3", b"DTS1": "dts", b"DTS2": "dts", b"DTS3": "dts", b"Opus": "opus"}


class Codecs(NamedTuple):
    """The first video and the first audio track, "" = none."""

    video: str
    audio: str


def start_of(data: bytes) -> int:
    """The offset of the first packet, -1 when ``data`` is no transport stream."""
    for offset in range(min(PACKET * 8, len(data))):
        places = range(offset, offset + PACKET * _PACKETS_SEEN, PACKET)
        if places[-1] < len(data) and all(data[place] == _SYNC for place in places):
            return offset
    return -1


def codecs_of(data: bytes) -> Codecs | None:
    """What the programme table in ``data`` (beginning at a packet) says; None when it has not come yet."""
    table = _section(data, 0)
    if table is None:
        return None
    for place in range(8, len(table) - 4 - 3, 4):
        if table[place] or table[place + 1]:  # programme 0 is the network's own
            programme = _section(data, (table[place + 2] & 0x1F) << 8 | table[place + 3])
            return None if programme is None else _tracks(programme)
    return Codecs("", "")


def _section(data: bytes, wanted: int) -> bytes | None:
    """The first whole section of packet id ``wanted``."""
    collected: bytearray | None = None
    for place in range(0, len(data) - PACKET + 1, PACKET):
        packet = data[place : place + PACKET]
        if packet[0] != _SYNC or (packet[1] & 0x1F) << 8 | packet[2] != wanted or not packet[3] & 0x10:
            continue
        payload = packet[5 + packet[4] :] if packet[3] & 0x20 else packet[4:]
        if packet[1] & 0x40 and payload:  # a section begins here
            collected = bytearray(payload[1 + payload[0] :])
        elif collected is not None:
            collected += payload
        if collected is not None and len(collected) >= 3:
            length = 3 + ((collected[1] & 0x0F) << 8 | collected[2])
            if len(collected) >= length:
                return bytes(collected[:length])
    return None


def _tracks(table: bytes) -> Codecs:
    video = audio = ""
    place = 12 + ((table[10] & 0x0F) << 8 | table[11]) if len(table) > 12 else len(table)
    while place + 5 <= len(table) - 4:
        kind = table[place]
        length = (table[place + 3] & 0x0F) << 8 | table[place + 4]
        described = table[place + 5 : place + 5 + length]
        video = video or _VIDEO.get(kind, "")
        audio = audio or _AUDIO.get(kind, "") or (_described(described) if kind == _PRIVATE else "")
        place += 5 + length
    return Codecs(video, audio)


def _described(descriptors: bytes) -> str:
    place = 0
    while place + 2 <= len(descriptors):
        tag, length = descriptors[place], descriptors[place + 1]
        found = _DESCRIBED.get(tag) or (_REGISTERED.get(descriptors[place + 2 : place + 6]) if tag == 0x05 else None)
        if found:
            return found
        place += 2 + length
    return ""
