"""Who else is touched when a guide source goes. The lineup registers here, so that a deletion can say it and do it."""

from typing import Protocol

from m3u_app.account_users import Loss


class SourceUser(Protocol):
    def losses(self, source_id: int) -> list[Loss]:
        """Say what deleting the source would take from this user; a few queries, whatever the size."""

    def before_removal(self, source_id: int, batch_id: str) -> int:
        """Let go of the source's entries, journalled; returns how many things lost their guide. Outside transactions."""


_users: list[SourceUser] = []


def register_source_user(user: SourceUser) -> None:
    if user not in _users:
        _users.append(user)


def unregister_source_user(user: SourceUser) -> None:
    """Forget a user again (tests)."""
    if user in _users:
        _users.remove(user)


def foreseen_losses(source_id: int) -> list[Loss]:
    return [loss for user in _users for loss in user.losses(source_id)]


def let_go(source_id: int, batch_id: str) -> int:
    return sum(user.before_removal(source_id, batch_id) for user in _users)
