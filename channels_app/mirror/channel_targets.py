"""What a channel refers to, by its ids on the server; and why it cannot be sent yet, or at all."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from channels_app.mirror.channel_values import (
    FIELDS,
    OVERRIDES,
    effective,
    number_there,
    stream_locals,
    stream_remotes,
)
from channels_app.mirror.groups import DEFAULT_GROUP
from channels_app.mirror.limits import first_problem
from channels_app.mirror.send_logos import SentLogos, ensure_logos
from channels_app.models import ChannelProfile
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.shapes import Channel
from ecm_site.wording import counted
from tasks_app.mirror.kinds import LinkBook, Outcome, Postponed, Refused, Values
from tasks_app.mirror.lost import lost_rows

LIMITS = {
    "name": ("channel name", 512, True),
    "tvg_id": ("TVG-ID", 255, False),
    "gracenote_id": ("Gracenote id", 255, False),
}
SENT_AS = {
    "name": "name",
    "number": "channel_number",
    "group": "channel_group_id",
    "tvg_id": "tvg_id",
    "gracenote_id": "tvc_guide_stationid",
    "logo_url": "logo_id",
    "stream_profile": "stream_profile_id",
    "is_hidden": "hidden_from_output",
    "stream_ids": "streams",
}
"""Fields that go by PATCH. Guide entries and profiles have calls of their own."""


@dataclass
class Edit:
    """A channel on the server and what it is to have. ``row``: as the server has it, where that had to be looked at."""

    local_id: int
    remote_id: int
    values: Values
    whole: Values
    auto: bool = False
    row: Channel | None = None


class Targets:
    """Ids on the server for what a number of channels refer to; a constant number of queries and few requests."""

    def __init__(self, client: Dispatcharr, links: LinkBook, wanted: Collection[Values]) -> None:
        self._client = client
        self.links = links
        self.groups = links.remotes_of("group", _mentioned(wanted, "group"))
        self.entries = links.remotes_of("guide_entry", _mentioned(wanted, "guide_entry"))
        self.stream_profiles = links.remotes_of("stream_profile", _mentioned(wanted, "stream_profile"))
        mentioned = {pk for values in wanted for pk in values.get("stream_ids", ())}
        self.streams = stream_remotes(links, mentioned - lost_rows("stream", mentioned))
        everyone = set(ChannelProfile.objects.values_list("pk", flat=True))
        self.profiles = links.remotes_of("channel_profile", everyone - lost_rows("channel_profile", everyone))
        self.logos = SentLogos()
        self._default_group: int | None = None
        self._known_there: Collection[int] = ()

    def look_at(self, rows: Iterable[Channel]) -> None:
        """Learn which streams of the server's channels this house knows."""
        self._known_there = stream_locals(self.links, {pk for row in rows for pk in row["streams"]})

    def send_logos(self, wanted: Collection[tuple[Values, Values]]) -> None:
        """Bring the pictures of (changed values, whole values) to the server."""
        addresses = {values["logo_url"]: whole["name"] for values, whole in wanted if values.get("logo_url")}
        self.logos = ensure_logos(self._client, self.links, addresses)

    def problem(self, local_id: int, values: Values) -> Outcome | None:
        """Why the server would not take these values now, or ever."""
        words = first_problem(values, LIMITS)
        if words:
            return Refused(local_id, words)
        waits = self._waits_for(values)
        return Postponed(local_id, f"Waits until the server has {waits}.") if waits else None

    def _waits_for(self, values: Values) -> str:
        for name, known, what in (
            ("group", self.groups, "its group"),
            ("stream_profile", self.stream_profiles, "its stream profile"),
            ("guide_entry", self.entries, "its guide entry: the guide source may be switched off there, or not read yet"),
        ):
            if values.get(name) is not None and values[name] not in known:
                return what
        missing = [pk for pk in values.get("stream_ids", ()) if pk not in self.streams]
        if missing:
            what = counted(len(missing), "stream")
            return f"{what} of it: the account may be new or not read yet, or the page Server asks about it"
        if any(pk not in self.profiles for pk in values.get("profile_ids", ())):
            return "its channel profile"
        return ""

    def logo_problem(self, local_id: int, values: Values) -> Outcome | None:
        reason = self.logos.refused.get(values.get("logo_url", ""))
        return Refused(local_id, f"Its logo: {reason}") if reason else None

    def body(self, edit: Edit) -> dict[str, Any]:
        """What to send by PATCH or POST. On a channel of the server's auto-sync, what that would write back is set as an
        override; one that says the same as the provider is none."""
        body: dict[str, Any] = {}
        override: dict[str, Any] = {}
        for name, value in edit.values.items():
            if edit.auto and name in OVERRIDES:
                sent, row = self._sent(name, value, edit), edit.row
                raw = dict(row).get(OVERRIDES[name]) if row is not None else None
                override[OVERRIDES[name]] = None if sent == raw else sent
            elif name in SENT_AS:
                body[SENT_AS[name]] = self._sent(name, value, edit)
        if override:
            body["override"] = override
        return body

    def cannot_empty(self, edit: Edit) -> Outcome | None:
        """An override replaces a value of the provider; it cannot take it away."""
        if not edit.auto or edit.row is None:
            return None
        for name in OVERRIDES:
            if (
                name in edit.values
                and self._sent(name, edit.values[name], edit) is None
                and dict(edit.row).get(OVERRIDES[name])
            ):
                return Refused(
                    edit.local_id,
                    f"Dispatcharr’s auto-sync gives this channel its {FIELDS[name]}: it can be replaced there, but not removed."
                    " Enter another one, or take the server’s.",
                )
        return None

    def is_as_wanted(self, edit: Edit, row: Channel) -> bool:
        """Whether the server's answer has what was sent: some versions may leave out what they do not know in bulk."""
        for name, value in edit.values.items():
            if name in SENT_AS:
                sent = self._sent(name, value, edit)
                answered = effective(row, SENT_AS[name])
                if (sent or None) != (answered or None) and not (sent is False and answered is False):
                    return False
        return True

    def _sent(self, name: str, value: Any, edit: Edit) -> Any:
        if name in ("name", "tvg_id", "gracenote_id"):
            return value.strip() or None
        if name == "number":
            return number_there(value)
        if name == "group":
            return self.default_group() if value is None else self.groups[value]
        if name == "logo_url":
            return self.logos.ids.get(value) if value else None
        if name == "guide_entry":
            return None if value is None else self.entries[value]
        if name == "stream_profile":
            return None if value is None else self.stream_profiles[value]
        if name == "stream_ids":
            return with_unknown([self.streams[pk] for pk in value], self._unknown(edit.row))
        return value

    def _unknown(self, row: Channel | None) -> list[tuple[int, int]]:
        """(place, id) of streams on the server's channel that this house does not know, such as those of accounts that are
        switched off there: nobody here has seen them, so nobody has taken them off."""
        if row is None or not row["streams"]:
            return []
        return [(place, pk) for place, pk in enumerate(row["streams"]) if pk not in self._known_there]

    def default_group(self) -> int:
        """Where the server keeps channels without a group; it takes no null there (NOTES §6)."""
        if self._default_group is None:
            there = next((row["id"] for row in self._client.groups.all() if row["name"] == DEFAULT_GROUP), None)
            self._default_group = self._client.groups.create(DEFAULT_GROUP)["id"] if there is None else there
        return self._default_group


def with_unknown(streams: Sequence[int], unknown: Iterable[tuple[int, int]]) -> list[int]:
    """``streams`` with others put back at the places they have."""
    found = list(dict.fromkeys(streams))
    for place, pk in unknown:
        if pk not in found:
            found.insert(min(place, len(found)), pk)
    return found


def _mentioned(wanted: Collection[Values], name: str) -> set[int]:
    return {pk for values in wanted if (pk := values.get(name)) is not None}
