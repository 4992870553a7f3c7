"""Who uses streams. Higher floors register here so that a refresh can ask before it deletes (20 §3.9)."""

from collections.abc import Collection
from typing import Protocol


class StreamUser(Protocol):
    def used(self, stream_ids: Collection[int]) -> set[int]:
        """Return those of ``stream_ids`` (at most 500) that are in use."""

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


def announce_removal(stream_ids: Collection[int], reason: str, batch_id: str) -> None:
    """Tell every user that these streams are about to go. Call inside the deleting transaction."""
    for user in _users:
        user.before_removal(stream_ids, reason, batch_id)
