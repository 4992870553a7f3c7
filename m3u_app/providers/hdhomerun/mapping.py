"""From a tuner's lineup to neutral entries (20 §1.7)."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from m3u_app.entries import (
    BAD_URL,
    GROUP_LIMIT,
    LONG_URL,
    NAME_LIMIT,
    NO_ID,
    PROTECTED,
    SHORT_LIMIT,
    URL_LIMIT,
    Entry,
    ReadReport,
    channel_number,
)
from m3u_app.providers.hdhomerun.device import Device
from m3u_app.providers.loose_values import flag_of, text_of, word_of

FAVORITES = "Favorites"
DEFAULT_DEVICE_NAME = "HDHomeRun"
_PLAYABLE = re.compile(r"(?i)(?:https?|rtsp|rtp|udp)://\S+")


def group_name(device: Device) -> str:
    """All channels of a device share one group, named after it."""
    return (device.name or DEFAULT_DEVICE_NAME)[:GROUP_LIMIT]


def channel_mapper(device: Device, *, favorites_apart: bool) -> Callable[[Mapping[str, Any], ReadReport], Entry | None]:
    """Return the function that maps one lineup item; copy-protected channels are dropped and counted.

    Identity is DeviceID + GuideNumber: a device that moves to another address keeps its channels.
    """
    ordinary = group_name(device)

    def to_entry(item: Mapping[str, Any], report: ReadReport) -> Entry | None:
        number = word_of(item.get("GuideNumber"))[:SHORT_LIMIT]
        name = text_of(item.get("GuideName"))
        if flag_of(item.get("DRM")):
            report.drop(PROTECTED, text=f"{number} {name}".strip())
            return None
        if not number:
            report.drop(NO_ID, text=name)
            return None
        url = word_of(item.get("URL"))
        if len(url) > URL_LIMIT:
            report.drop(LONG_URL, text=f"{number} {name}".strip())
            return None
        if not _PLAYABLE.fullmatch(url):
            report.drop(BAD_URL, text=f"{number} {name}".strip())
            return None
        facts = {key: text_of(item.get(key))[:SHORT_LIMIT] for key in ("VideoCodec", "AudioCodec") if text_of(item.get(key))}
        if flag_of(item.get("HD")):
            facts["HD"] = "1"
        return Entry(
            name=(name or f"Channel {number}")[:NAME_LIMIT],
            url=url,
            group=FAVORITES if favorites_apart and flag_of(item.get("Favorite")) else ordinary,
            identity_key=f"{device.device_id}:{number}",
            stream_chno=channel_number(number),
            provider_stream_id=number,
            extras={"hdhomerun": facts} if facts else None,
        )

    return to_entry
