"""The guide around its programmes: which id shows which entry, and the ``<channel>`` elements (30 §16.3)."""

from collections.abc import Iterable

from channels_app.logos.addresses import stored_name_of
from channels_app.publishing.lineup_rows import LineupChannel
from channels_app.publishing.output_text import output_id, xml_attribute, xml_text
from ecm_site.conf import get_settings
from ecm_site.version import VERSION

PROLOGUE = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE tv SYSTEM "xmltv.dtd">\n<tv generator-info-name="ECM {VERSION}">\n'
)
EPILOGUE = "</tv>\n"


class GuideChannel:
    """One distinct output id: the first channel with it by number, the names of all, and the first guide entry found."""

    __slots__ = ("attribute", "entry_id", "icon_url", "names", "number")

    def __init__(self, attribute: str, channel: LineupChannel) -> None:
        self.attribute = attribute
        self.names = [channel.name]
        self.number = channel.number
        self.icon_url = _icon(channel)
        self.entry_id = channel.entry_id

    def add(self, channel: LineupChannel) -> None:
        """Take in another channel with the same id."""
        if channel.name not in self.names:
            self.names.append(channel.name)
        self.icon_url = self.icon_url or _icon(channel)
        self.entry_id = self.entry_id or channel.entry_id

    def element(self) -> str:
        first, *others = self.names
        names = [first, *([self.number] if self.number else []), *others]
        icon = f'<icon src="{xml_attribute(self.icon_url)}"/>' if self.icon_url else ""
        shown = "".join(f"<display-name>{xml_text(name)}</display-name>" for name in names)
        return f'<channel id="{self.attribute}">{shown}{icon}</channel>\n'


def _icon(channel: LineupChannel) -> str:
    """The channel's picture. A guide is stored packed, without a place for this server's address: an uploaded picture is
    named only if the operator gave one for players."""
    if not stored_name_of(channel.logo_url):
        return channel.logo_url
    base = get_settings().public_base_url.rstrip("/")
    return f"{base}{channel.logo_url}" if base else ""


def guide_channels(channels: Iterable[LineupChannel], source: str) -> list[GuideChannel]:
    """One per distinct output id, in the order of the lineup."""
    found: dict[str, GuideChannel] = {}
    for channel in channels:
        attribute = xml_attribute(output_id(channel, source))
        known = found.get(attribute)
        if known is None:
            found[attribute] = GuideChannel(attribute, channel)
        else:
            known.add(channel)
    return list(found.values())


def guide_head(channels: Iterable[GuideChannel]) -> bytes:
    """Everything before the first programme."""
    return (PROLOGUE + "".join(channel.element() for channel in channels)).encode("utf-8", errors="replace")
