"""Who uses streams. Higher floors register here so that a refresh can ask before it deletes (20 §3.9)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class StreamUse:
    """A channel that uses a stream: its id (``key``), its name, and the stream's place on it (from 1).

    ``left`` is how many streams it has besides that one; ``url`` is where the operator sees it, ``replace_url`` where
    another stream can take the place. Both are empty where there is no such page.
    """

    key: int
    name: str
    position: int = 0
    left: int = 0
    url: str = ""
    replace_url: str = ""


class StreamUser(Protocol):
    def used(self, stream_ids: Collection[int]) -> set[int]:
        """Return those of ``stream_ids`` (at most 500) that are in use."""

    def uses(self, stream_ids: Collection[int]) -> dict[int, list[StreamUse]]:
        """Say who uses each of ``stream_ids`` (at most 500); streams that nobody uses are left out."""

    def known(self, keys: Collection[int]) -> dict[int, StreamUse]:
        """The users with these keys that still exist, whatever they use now; ``position`` is 0."""

    def before_removal(self, stream_ids: Collection[int], reason: str, batch_id: str) -> None:
        """Let go of the streams: journal what each user loses and remove the links.

        Called inside the transaction that deletes them, so it must be quick and touch only the database.
        ``reason`` is a sentence part such as "missing from the playlist for 7 days".
        """


_users: list[StreamUser] = []


def register_stream_user(user: StreamUser) -> None:
    if user not in _users:
        _users.append(user)


def unregister_stream_user(user: StreamUser) -> None:
    """Forget a user again (tests)."""
    if user in _users:
        _users.remove(user)


def used_streams(stream_ids: Collection[int]) -> set[int]:
    """Return those of ``stream_ids`` that anything uses."""
    found: set[int] = set()
    for user in _users:
        found |= user.used(stream_ids)
    return found


def stream_uses(stream_ids: Collection[int]) -> dict[int, list[StreamUse]]:
    """Return who uses each of ``stream_ids`` (at most 500); streams that nobody uses are left out."""
    found: dict[int, list[StreamUse]] = {}
    for user in _users:
        for stream_id, uses in user.uses(stream_ids).items():
            found.setdefault(stream_id, []).extend(uses)
    return found


def known_users(keys: Collection[int]) -> dict[int, StreamUse]:
    """Return the users with these keys that still exist."""
    found: dict[int, StreamUse] = {}
    for user in _users:
        found |= user.known(keys)
    return found


def announce_removal(stream_ids: Collection[int], reason: str, batch_id: str) -> None:
    """Tell every user that these streams are about to go. Call inside the deleting transaction."""
    for user in _users:
        user.before_removal(stream_ids, reason, batch_id)
