"""What else goes when an account goes. Higher floors register here, so that a deletion can say it and do it (20 §1.5)."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Loss:
    """One line of the confirmation: "12 channels lose streams", with up to 5 sample names."""

    sentence: str
    samples: list[str] = field(default_factory=list)
    is_grave: bool = False


@dataclass
class Removed:
    """Names of what was deleted, kept or could not be deleted along with an account."""

    deleted: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


class AccountUser(Protocol):
    def losses(self, account_id: int) -> list[Loss]:
        """Say what deleting the account would take from this user; a few queries, whatever the account's size."""

    def before_removal(self, account_id: int, batch_id: str) -> Removed:
        """Delete what belongs to the account alone. Called before its streams go, outside any transaction."""


_users: list[AccountUser] = []


def register_account_user(user: AccountUser) -> None:
    if user not in _users:
        _users.append(user)


def unregister_account_user(user: AccountUser) -> None:
    """Forget a user again (tests)."""
    if user in _users:
        _users.remove(user)


def foreseen_losses(account_id: int) -> list[Loss]:
    return [loss for user in _users for loss in user.losses(account_id)]


def remove_dependents(account_id: int, batch_id: str) -> Removed:
    """Let every user delete what belongs to the account alone; returns all lists put together."""
    total = Removed()
    for user in _users:
        part = user.before_removal(account_id, batch_id)
        total.deleted += part.deleted
        total.kept += part.kept
        total.failed += part.failed
    return total
