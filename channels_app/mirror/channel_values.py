"""A channel of the server as plain values of this house."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from channels_app.mirror.logo_addresses import addresses_of
from channels_app.numbering import format_number
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.shapes import Channel, ChannelProfile
from tasks_app.mirror.kinds import LinkBook, Values

FIELDS = {
    "name": "name",
    "number": "number",
    "group": "group",
    "tvg_id": "TVG-ID",
    "gracenote_id": "Gracenote id",
    "logo_url": "logo",
    "guide_entry": "guide entry",
    "stream_profile": "stream profile",
    "is_hidden": "hidden",
    "stream_ids": "streams",
    "profile_ids": "channel profiles",
}
OVERRIDES = {
    "name": "name",
    "number": "channel_number",
    "group": "channel_group_id",
    "tvg_id": "tvg_id",
    "gracenote_id": "tvc_guide_stationid",
    "logo_url": "logo_id",
    "guide_entry": "epg_data_id",
    "stream_profile": "stream_profile_id",
}
"""What somebody may set on a channel of the server's auto-sync: our field → the server's."""

LARGEST = 10**8  # numbers have eight digits before the point here, and four behind it
_EXACT = Decimal("0.0001")


def number_here(number: float | int | None) -> str | None:
    """A number as both sides compare it: "101", "4.1"; None for no number and for one that has no room here."""
    if number is None or not math.isfinite(number) or abs(number) >= LARGEST:
        return None
    return format_number(Decimal(repr(number)).quantize(_EXACT))


def number_there(number: str | None) -> float | None:
    """The opposite of :func:`number_here`; "4.1" and 4.1 are each other's shortest spelling."""
    return None if number is None else float(number)


def effective(row: Channel, name: str) -> Any:
    """What a field of the server amounts to: for channels of its auto-sync, the override if there is one."""
    values: Mapping[str, Any] = dict(row)
    if not row["auto_created"]:
        return values.get(name)
    own = (row["override"] or {}).get(name)
    return values.get(name) if own is None else own


@dataclass
class Reading:
    """Translates channels of the server. ``left_out`` counts streams that are not known here. ``pictures``: addresses of
    logos by their ids there, where the caller knows better than the library."""

    client: Dispatcharr
    links: LinkBook
    profiles: Sequence[ChannelProfile] = ()
    pictures: Mapping[int, str] = field(default_factory=dict)
    left_out: int = 0
    _members: dict[int, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        local = self.links.locals_of("channel_profile", [row["id"] for row in self.profiles])
        for row in self.profiles:
            if row["id"] in local:
                for channel_id in row["channels"]:
                    self._members.setdefault(channel_id, []).append(local[row["id"]])

    def translated(self, rows: Sequence[Channel]) -> list[tuple[int, Values, Values]]:
        """(id there, values, books) of each; queries grow only with the number of calls."""
        links = self.links
        groups = links.locals_of("group", _ids(rows, "channel_group_id"))
        entries = links.locals_of("guide_entry", _ids(rows, "epg_data_id"))
        stream_profiles = links.locals_of("stream_profile", _ids(rows, "stream_profile_id"))
        logos = {**self.pictures, **addresses_of(self.client, _ids(rows, "logo_id") - self.pictures.keys())}
        accounts = links.locals_of("account", {pk for row in rows if (pk := row["auto_created_by"]) is not None})
        streams = stream_locals(links, {pk for row in rows for pk in row["streams"]})
        found = []
        for row in rows:
            known = list(dict.fromkeys(streams[pk] for pk in row["streams"] if pk in streams))
            self.left_out += len(row["streams"]) - len(known)
            values: Values = {
                "name": effective(row, "name") or "",
                "number": number_here(effective(row, "channel_number")),
                "group": groups.get(effective(row, "channel_group_id")),
                "tvg_id": effective(row, "tvg_id") or "",
                "gracenote_id": effective(row, "tvc_guide_stationid") or "",
                "logo_url": logos.get(effective(row, "logo_id"), ""),
                "guide_entry": entries.get(effective(row, "epg_data_id")),
                "stream_profile": stream_profiles.get(effective(row, "stream_profile_id")),
                "is_hidden": bool(row["hidden_from_output"]),
                "stream_ids": known,
                "profile_ids": sorted(self._members.get(row["id"], ())),
            }
            books: Values = {
                "uuid": row["uuid"],
                "auto_created": bool(row["auto_created"]),
                "auto_created_by": accounts.get(row["auto_created_by"] or 0),
            }
            if row["auto_created"]:
                books["pinned"] = overridden_fields(row)
            found.append((row["id"], values, books))
        return found


def overridden_fields(row: Channel) -> list[str]:
    """What somebody set by hand on a channel of the server's auto-sync, in our names; sorted."""
    own = row["override"] or {}
    return sorted(name for name, theirs in OVERRIDES.items() if own.get(theirs) is not None)


def stream_locals(links: LinkBook, remote_ids: Collection[int]) -> dict[int, int]:
    """Streams of providers and custom ones; the server counts them together."""
    found = links.locals_of("stream", remote_ids)
    rest = [pk for pk in remote_ids if pk not in found]
    return found | links.locals_of("custom_stream", rest) if rest else found


def stream_remotes(links: LinkBook, local_ids: Collection[int]) -> dict[int, int]:
    """The opposite of :func:`stream_locals`."""
    found = links.remotes_of("stream", local_ids)
    rest = [pk for pk in local_ids if pk not in found]
    return found | links.remotes_of("custom_stream", rest) if rest else found


def _ids(rows: Iterable[Channel], name: str) -> set[int]:
    return {pk for row in rows if isinstance(pk := effective(row, name), int)}
