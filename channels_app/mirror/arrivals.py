"""Finds on the server what was asked for: a creation whose answer was lost, or that the server carries out later.

Before anything is asked for, the newest id there is written down together with what was asked for. What arrives has a higher
id, and the stream and name that it was to have; channels of somebody else are left alone.
"""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from channels_app.mirror.read_there import read_rows
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.shapes import Channel, Stream
from tasks_app.mirror.kinds import LinkBook

KIND = "channel"
ONE_BY_ONE, IN_BULK = "one by one", "in bulk"
PERHAPS = "perhaps"
"""Nobody knows whether they were asked for, since this house went back to a backup: if so, they are whole."""
GRACE_ONE = 3.0
"""Seconds until a single creation is surely over: it takes the server some 30 ms."""
GRACE_REST = 10.0
"""Seconds after which the rest of a bulk creation counts as passed over: the server stores all of it at once, at the end."""
GRACE_UNCLEAR = 60.0
"""Seconds until a bulk creation that was perhaps never received counts as such."""
GRACE_ACCEPTED = 600.0
"""Seconds until one that the server accepted, and that may stand in its queue behind a refresh, counts as lost."""
_TOLD = (
    "name", "channel_number", "channel_group_id", "tvg_id", "tvc_guide_stationid", "logo_id", "stream_profile_id",
    "hidden_from_output", "streams",
)  # fmt: skip
_CHOSEN = ("channel_number", "logo_id")
_IDS = ("tvg_id", "tvc_guide_stationid")
_EMPTY = {"hidden_from_output": False}
_APART, _APART_UNSURE = 2, 1
"""Fields in which a channel may differ from what was asked for and still be ours; with profiles to tell, and without."""


@dataclass(frozen=True)
class Expected:
    """What a channel looks like when it arrives. ``names``: that of its stream, and the one that it is given then.
    ``stream``: its first one on the server, None = it has none. ``looks``: what the server's fields may say as long as nobody
    else has changed them, as far as that is known."""

    names: tuple[str, ...]
    stream: int | None
    looks: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def changed(self, row: Channel) -> set[str]:
        """The server's fields that somebody else has set since."""
        found = dict(row)
        return {
            name for name, values in self.looks.items() if (found.get(name) or None) not in [value or None for value in values]
        }


@dataclass(frozen=True)
class Begun:
    """Creations that were asked for together. ``rows``: local id → what will come."""

    how: str
    newest: int
    at: float
    accepted: bool
    rows: dict[int, Expected]

    def details(self) -> dict[str, Any]:
        rows = {str(pk): [list(one.names), one.stream, dict(one.looks)] for pk, one in self.rows.items()}
        return {"how": self.how, "newest": self.newest, "at": self.at, "accepted": self.accepted, "rows": rows}

    @classmethod
    def of(cls, details: Mapping[str, Any]) -> "Begun":
        rows = {int(pk): Expected(tuple(names), *rest) for pk, (names, *rest) in details["rows"].items()}
        return cls(details["how"], details["newest"], details["at"], bool(details["accepted"]), rows)

    @property
    def age(self) -> float:
        """Seconds; a clock that was set back makes it old at once rather than never."""
        passed = time.time() - self.at
        return passed if passed >= 0 else float("inf")

    def is_over(self, *, partly: bool = False) -> bool:
        """Whether what has not arrived by now never will. ``partly``: some of it has; the rest was passed over."""
        if self.how in {ONE_BY_ONE, PERHAPS}:
            return self.age > GRACE_ONE
        if partly:
            return self.age > GRACE_REST
        return self.age > (GRACE_ACCEPTED if self.accepted else GRACE_UNCLEAR)


def as_sent(body: Mapping[str, Any], entry: int | None) -> dict[str, list[Any]]:
    """What a channel says that was created with ``body`` and is linked to a guide entry right after."""
    return {name: [body[name]] for name in _TOLD if name in body} | {"epg_data_id": [None, entry]}


def from_stream(body: Mapping[str, Any], stream: Stream) -> dict[str, list[Any]]:
    """What a channel says that the server makes of a stream, before and after it is given what ``body`` says. Its number,
    picture and guide entry are the server's choice."""
    made = {
        "name": stream["name"].strip(),
        "channel_group_id": stream["channel_group"],
        "tvg_id": stream["tvg_id"] or None,
        "streams": [stream["id"]],
    }
    return {name: [made.get(name, _EMPTY.get(name)), body[name]] for name in _TOLD if name in body and name not in _CHOSEN}


def newest_id(client: Dispatcharr, links: LinkBook) -> int:
    """The highest id there. The server never gives one twice, unless an older backup was put back: then what was linked to
    higher ones is let go, so that nobody takes what will be made for that."""
    newest = max(client.channels.ids(), default=0)
    above = links.linked_above(KIND, newest)
    if above:
        there = {row["id"] for row in read_rows(client, above)}
        links.let_go(KIND, [pk for pk in above if pk not in there])
        newest = max((newest, *there))
    return newest


def new_rows(client: Dispatcharr, links: LinkBook, after: int, *, claimed: Collection[int] = ()) -> list[Channel]:
    """Channels with higher ids that are nobody's here, oldest first."""
    return read_rows(client, new_ids(client, links, after, claimed=claimed))


def new_ids(client: Dispatcharr, links: LinkBook, after: int, *, claimed: Collection[int] = ()) -> list[int]:
    found = [pk for pk in client.channels.ids() if pk > after and pk not in claimed]
    linked = links.locals_of(KIND, found)
    return sorted(pk for pk in found if pk not in linked)


def matched(
    expected: Mapping[int, Expected], rows: Iterable[Channel], names: Mapping[int, str] | None = None
) -> dict[int, Channel]:
    """Local id → the channel that came for it. Equal ones are shared out in order.

    ``names``: what they are called here by now, for one that was given its name when the worker was killed.
    """
    waiting: dict[tuple[str, int | None], list[int]] = {}
    for local_id, wanted in expected.items():
        for name in {*wanted.names, (names or {}).get(local_id, wanted.names[0])}:
            waiting.setdefault((name, wanted.stream), []).append(local_id)
    found: dict[int, Channel] = {}
    for row in sorted(rows, key=lambda row: row["id"]):
        if row["auto_created"]:
            continue
        streams: list[int | None] = [*row["streams"]] or [None]
        candidates = (pk for stream in streams for pk in waiting.get((row["name"], stream), ()))
        fitting = next((pk for pk in candidates if pk not in found), None)
        if fitting is not None:
            found[fitting] = row
    return found


def recognised(expected: Mapping[int, Expected], rows: Iterable[Channel], members: Collection[int]) -> dict[int, Channel]:
    """Local id → the channel that came for it and was changed by somebody before anybody here saw it.

    It shares its name, an id or a stream with what was asked for and differs in no more than a field or two. ``members``:
    channels that are in a profile; ours are made in none, those of others mostly in all.
    """
    by_trait: dict[Any, list[int]] = {}
    for local_id, wanted in expected.items():
        streams = [pk for some in wanted.looks.get("streams", ()) for pk in some]
        ids = {(name, value) for name in _IDS for value in wanted.looks.get(name, ()) if value}
        for trait in {*(("name", name) for name in wanted.names), *(("stream", pk) for pk in streams), *ids}:
            by_trait.setdefault(trait, []).append(local_id)
    pairs = []
    for row in rows:
        if row["auto_created"]:
            continue
        said = dict(row)
        ids = {(name, value) for name in _IDS if isinstance(value := said.get(name), str) and value}
        traits = {("name", row["name"]), *(("stream", pk) for pk in row["streams"]), *ids}
        for local_id in {pk for trait in traits for pk in by_trait.get(trait, ())}:
            apart = len(expected[local_id].changed(row)) + (row["id"] in members)
            if expected[local_id].looks and apart <= (_APART if members else _APART_UNSURE):
                pairs.append((apart, row["id"], local_id, row))
    found: dict[int, Channel] = {}
    taken: set[int] = set()
    for _, remote_id, local_id, row in sorted(pairs, key=lambda pair: pair[:3]):
        if local_id not in found and remote_id not in taken:
            found[local_id] = row
            taken.add(remote_id)
    return found
