"""Bulk calls of the server that do all or nothing, made to do all but what is wrong (NOTES §6, §9)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from channels_app.mirror.answers import MISSING, VANISHED, is_about_missing
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import NotFound, Rejected, ServerFault
from ecm_site.dispatcharr.shapes import Channel

PORTION = 500
Body = dict[str, Any]


@dataclass(frozen=True)
class Problem:
    """Why the server did not take what was sent for a channel. ``gone``: the channel, or something that it refers to, was
    deleted there a moment ago, which the next look will tell."""

    channel_id: int
    words: str
    gone: bool = False


def edit_channels(client: Dispatcharr, bodies: Sequence[Body]) -> Iterator[Channel | Problem]:
    """Send changes (each with "id") in as few requests as there are portions, and more only where one is refused.

    Yields the rows as the server has them then. Raises what says something about the server and not about a channel.
    """
    waiting = [list(bodies[start : start + PORTION]) for start in range(0, len(bodies), PORTION)]
    waiting.reverse()
    judge = Judge(client)
    while waiting:
        part = waiting.pop()
        try:
            yield from client.channels.update_many(part, batch=len(part))
        except Rejected as error:
            named = _named(error)
            found = [body for body in part if body["id"] in named]
            yield from (named[body["id"]] for body in found)
            if found:
                waiting += _whole([body for body in part if body["id"] not in named])
            elif len(part) == 1:
                yield Problem(part[0]["id"], str(error))
            else:
                waiting += _halves(part)
        except ServerFault as fault:
            judge.raise_unless_rows_are_to_blame(fault, part[0]["id"])
            if len(part) == 1:
                yield _alone(client, part[0])
            else:
                waiting += _halves(part)


def link_guide(client: Dispatcharr, links: Mapping[int, int | None]) -> Iterator[Problem]:
    """Link channels to guide entries so that programmes are loaded; yields those that could not be linked."""
    pairs = list(links.items())
    waiting = [pairs[start : start + PORTION] for start in range(0, len(pairs), PORTION)]
    waiting.reverse()
    judge = Judge(client)
    while waiting:
        part = waiting.pop()
        try:
            client.channels.link_guide(dict(part))
        except Rejected as error:
            if len(part) == 1:
                yield Problem(part[0][0], str(error))
            else:
                waiting += _halves(part)
        except ServerFault as fault:
            judge.raise_unless_rows_are_to_blame(fault, part[0][0])
            if len(part) == 1:
                yield Problem(part[0][0], "Waits: its guide entry is no longer on the server. Read the guide again.", gone=True)
            else:
                waiting += _halves(part)


def set_members(client: Dispatcharr, profile_id: int, enabled: Mapping[int, bool]) -> Iterator[Problem]:
    """Switch channels on and off in a profile; yields those that the server does not have any more."""
    pairs = list(enabled.items())
    waiting = [pairs[start : start + PORTION] for start in range(0, len(pairs), PORTION)]
    while waiting:
        part = waiting.pop()
        try:
            client.channel_profiles.set_channels(profile_id, dict(part))
        except NotFound:
            words = "Waits: one of its profiles was deleted on the server a moment ago."
            yield from (Problem(channel_id, words, gone=True) for channel_id, on in part if on)
        except Rejected as error:
            named = error.data.get("invalid_channels") if isinstance(error.data, dict) else None
            gone = {pk for pk in named or () if isinstance(pk, int)}
            found = [channel_id for channel_id, _ in part if channel_id in gone]
            yield from (Problem(channel_id, VANISHED, gone=True) for channel_id in found)
            if found:
                waiting += _whole([pair for pair in part if pair[0] not in gone])
            elif len(part) == 1:
                yield Problem(part[0][0], str(error))
            else:
                waiting += _halves(part)


class Judge:
    """A plain 500 may mean a value that the server does not check, or a server that can write nothing at all, such as one
    with a full disk. A change of nothing, sent once, tells."""

    def __init__(self, client: Dispatcharr) -> None:
        self._client = client
        self._writes: bool = False

    def raise_unless_rows_are_to_blame(self, fault: ServerFault, channel_id: int) -> None:
        if fault.temporary:
            raise fault
        if not self._writes:
            try:
                self._client.channels.update(channel_id, {})
            except NotFound:
                pass  # it has looked, at least
            except ServerFault:
                raise fault from None
            self._writes = True


def _alone(client: Dispatcharr, body: Body) -> Channel | Problem:
    """Once more by itself: somebody else may have written the same channel at that moment, which is a 500, too."""
    try:
        return client.channels.update(body["id"], {name: value for name, value in body.items() if name != "id"})
    except Rejected as error:
        return Problem(body["id"], str(error))
    except NotFound:
        return Problem(body["id"], VANISHED, gone=True)
    except ServerFault as fault:
        if fault.temporary:
            raise
        return Problem(body["id"], str(fault))


def _named(error: Rejected) -> dict[int, Problem]:
    """The channels that a refused bulk change names, with what is said about each."""
    data = error.data
    listed = data.get("errors") if isinstance(data, dict) else None
    found: dict[int, Problem] = {}
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, dict) and isinstance(item.get("channel_id"), int):
            said = item.get("errors", item.get("error"))
            if said == "Channel not found":
                problem = Problem(item["channel_id"], VANISHED, gone=True)
            elif is_about_missing(said):
                problem = Problem(item["channel_id"], MISSING, gone=True)
            else:
                problem = Problem(item["channel_id"], f"Dispatcharr refused to change the channel: {_words(said)}")
            found[item["channel_id"]] = problem
    return found


def _words(said: Any) -> str:
    if isinstance(said, dict):
        return "; ".join(f"{name}: {_words(value)}" for name, value in list(said.items())[:10])
    if isinstance(said, list):
        return " ".join(map(_words, said[:10]))
    return str(said)[:300]


def _halves(part: list[Any]) -> list[list[Any]]:
    middle = len(part) // 2
    return [part[middle:], part[:middle]]


def _whole(part: list[Any]) -> list[list[Any]]:
    return [part] if part else []
