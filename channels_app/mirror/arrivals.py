"""Finds on the server what was asked for: a creation whose answer was lost, or that the server carries out later.

Before anything is asked for, the newest id there is written down together with what was asked for. What arrives has a higher
id, and the stream and name that it was to have; channels of somebody else are left alone.
"""

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from channels_app.mirror.read_there import read_rows
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.shapes import Channel
from tasks_app.mirror.kinds import LinkBook

KIND = "channel"
ONE_BY_ONE, IN_BULK = "one by one", "in bulk"
GRACE_ONE = 3.0
"""Seconds until a single creation is surely over: it takes the server some 30 ms."""
GRACE_REST = 10.0
"""Seconds after which the rest of a bulk creation counts as passed over: the server stores all of it at once, at the end."""
GRACE_UNCLEAR = 60.0
"""Seconds until a bulk creation that was perhaps never received counts as such."""
GRACE_ACCEPTED = 600.0
"""Seconds until one that the server accepted, and that may stand in its queue behind a refresh, counts as lost."""


@dataclass(frozen=True)
class Expected:
    """What a channel looks like when it arrives. ``names``: that of its stream, and the one that it is given then.
    ``stream``: its first one on the server, None = it has none."""

    names: tuple[str, ...]
    stream: int | None


@dataclass(frozen=True)
class Begun:
    """Creations that were asked for together. ``rows``: local id → what will come."""

    how: str
    newest: int
    at: float
    accepted: bool
    rows: dict[int, Expected]

    def details(self) -> dict[str, Any]:
        rows = {str(pk): [list(expected.names), expected.stream] for pk, expected in self.rows.items()}
        return {"how": self.how, "newest": self.newest, "at": self.at, "accepted": self.accepted, "rows": rows}

    @classmethod
    def of(cls, details: Mapping[str, Any]) -> "Begun":
        rows = {int(pk): Expected(tuple(names), stream) for pk, (names, stream) in details["rows"].items()}
        return cls(details["how"], details["newest"], details["at"], bool(details["accepted"]), rows)

    @property
    def age(self) -> float:
        """Seconds; a clock that was set back makes it old at once rather than never."""
        passed = time.time() - self.at
        return passed if passed >= 0 else float("inf")

    def is_over(self, *, partly: bool = False) -> bool:
        """Whether what has not arrived by now never will. ``partly``: some of it has; the rest was passed over."""
        if self.how == ONE_BY_ONE:
            return self.age > GRACE_ONE
        if partly:
            return self.age > GRACE_REST
        return self.age > (GRACE_ACCEPTED if self.accepted else GRACE_UNCLEAR)


def newest_id(client: Dispatcharr) -> int:
    """The highest id there; the server never gives one twice."""
    return max(client.channels.ids(), default=0)


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
