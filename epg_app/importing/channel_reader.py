"""Reads one channel element (30 §4.3)."""

import re
from dataclasses import dataclass, field
from typing import Final

from epg_app.importing.choices import language_rank
from epg_app.importing.markup import Decoder, attributes, end_of_tags, is_well_formed
from epg_app.importing.mending import mend

NAME_LENGTH: Final = 512
ICON_LENGTH: Final = 500
LCN_LENGTH: Final = 64
MAX_OTHER_NAMES: Final = 20
STATION_ID_DIGITS: Final = 5  # an lcn of so many digits is a Gracenote station id, a shorter one a channel number (30 §10.2)

_TOKENS = re.compile(r"<(/?[A-Za-z_][^\s/>]*)([^>]*)>([^<]*)(</\1\s*>)?").findall


@dataclass
class FeedChannel:
    """One guide channel as the feed describes it."""

    tvg_id: str
    name: str
    other_names: list[str] = field(default_factory=list)
    icon_url: str = ""
    lcn: str = ""
    declared: bool = True
    """False: only programmes mention it."""

    @property
    def station_id(self) -> str:
        return self.lcn if self.lcn.isascii() and self.lcn.isdigit() and len(self.lcn) >= STATION_ID_DIGITS else ""

    def add_names(self, names: list[str]) -> None:
        """Add further display names: from a later declaration of the same channel."""
        known = {self.name, *self.other_names}
        for name in names:
            if name not in known and len(self.other_names) < MAX_OTHER_NAMES:
                known.add(name)
                self.other_names.append(name)


def read_channel(tvg_id: str, content: str, language: str, decode: Decoder) -> FeedChannel:
    """Read what stands between the tags of a channel. ``tvg_id`` is decoded and trimmed already.

    The name is the first display name in the preferred language, else the first one, else the id.
    """
    tokens = _TOKENS(content, 0, end_of_tags(content, 0, len(content)))
    plain = all(closed or text_attributes[-1:] == "/" or name[0] == "/" for name, text_attributes, _, closed in tokens)
    if not plain or not all(is_well_formed(text_attributes) for _, text_attributes, _, _ in tokens):
        tokens = _TOKENS(mend(content))
    names: list[tuple[int, str]] = []
    channel = FeedChannel(tvg_id, "")
    for full_name, attribute_text, text, _closed in tokens:
        tag = full_name.rpartition(":")[2]
        if tag == "display-name":
            name = " ".join((decode(text) if "&" in text else text).split())[:NAME_LENGTH].rstrip()
            if name:
                rank = language_rank(attributes(attribute_text).get("lang", ""), language) if language else 0
                names.append((rank, name))
        elif tag == "icon" and not channel.icon_url:
            channel.icon_url = _icon(attributes(attribute_text).get("src", ""), decode)
        elif tag == "lcn" and not channel.lcn:
            lcn = (decode(text) if "&" in text else text).strip()
            channel.lcn = lcn if len(lcn) <= LCN_LENGTH else ""
    best = max((rank for rank, _ in names), default=0)
    channel.name = next((name for rank, name in names if rank == best), "") or tvg_id
    channel.add_names([name for _, name in names])
    return channel


def usable_icon(address: str) -> str:
    """The address when it is absolute, one that a browser may follow and not too long, else nothing."""
    absolute = address[:8].lower().startswith(("http://", "https://"))
    return address if absolute and len(address) <= ICON_LENGTH else ""


def _icon(address: str, decode: Decoder) -> str:
    return usable_icon((decode(address) if "&" in address else address).strip())
