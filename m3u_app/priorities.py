"""Which providers are preferred (20 §9): the list by priority, moving one a place up or down, and saving all at once."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from ecm_site.wording import counted, shortened
from m3u_app.account_journal import CATEGORY, change_entries
from m3u_app.account_values import LIMITS, RESERVED_NAME
from m3u_app.models import Account
from m3u_app.natural_order import natural_key
from tasks_app.journal import log_entries, log_summary, new_batch_id

logger = logging.getLogger(__name__)

LOWEST, HIGHEST = LIMITS["priority"]


class PrioritiesRefused(Exception):
    """Nothing was saved. ``problems``: a sentence by account id."""

    def __init__(self, problems: Mapping[int, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)


@dataclass(frozen=True)
class Wish:
    """What somebody typed for an account, and what was shown to them: a number that changed meanwhile is not overwritten."""

    priority: int
    shown: int


@dataclass
class PrioritiesSaved:
    """``entry_id``: the first journal entry, None when nothing changed; ``batch_id`` only when several accounts did."""

    changed: list[int] = field(default_factory=list)
    entry_id: int | None = None
    batch_id: str = ""
    message: str = "Nothing was changed."


def accounts_by_priority() -> list[Account]:
    """All accounts that pages show, the most preferred first, equal ones by name. One query; secrets are not read."""
    columns = ("name", "priority", "is_active", "locked", "deleting_since")
    accounts = Account.objects.exclude(name__iexact=RESERVED_NAME).only(*columns)
    return sorted(accounts, key=lambda account: (-account.priority, natural_key(account.name), account.pk))


def is_fixed(account: Account) -> bool:
    """Whether its priority cannot be changed: a locked account, or one that is about to go."""
    return account.locked or account.deleting_since is not None


def save_priorities(wishes: Mapping[int, Wish]) -> PrioritiesSaved:
    """Store all of them or none; only what differs from what was shown is written. One batch, undone as one.

    Raises :class:`PrioritiesRefused` naming each account whose number is out of range, locked, gone, or was set to
    something else by somebody else meanwhile.
    """
    wanted = {pk: wish for pk, wish in wishes.items() if wish.priority != wish.shown}
    saved = PrioritiesSaved()
    with transaction.atomic():
        accounts = Account.objects.only("name", "priority", "locked", "deleting_since").in_bulk(list(wanted))
        problems = {pk: problem for pk, wish in wanted.items() if (problem := _problem(accounts.get(pk), wish))}
        if problems:
            raise PrioritiesRefused(problems)
        changing = [pk for pk, wish in wanted.items() if accounts[pk].priority != wish.priority]
        if not changing:
            return saved
        saved.changed = changing
        saved.batch_id = new_batch_id() if len(changing) > 1 else ""
        entries = []
        for pk in changing:
            account, before = accounts[pk], accounts[pk].priority
            account.priority = wanted[pk].priority
            entries += change_entries(account, {"priority": (before, account.priority)}, batch_id=saved.batch_id)
        Account.objects.bulk_update([accounts[pk] for pk in changing], ["priority"])
        written = log_entries(entries)
        saved.entry_id = written[0].pk if written else None
        saved.message = _message([accounts[pk] for pk in changing])
        if saved.batch_id:
            log_summary(CATEGORY, saved.batch_id, saved.message, after={"accounts": len(changing)})
    logger.info("[M3U] Changed the priority of accounts %s", saved.changed)
    return saved


def moved(
    order: Sequence[int], priorities: Mapping[int, int], account_id: int, *, up: bool, fixed: frozenset[int]
) -> dict[int, int]:
    """Priorities after an account went one place up or down in ``order`` (the most preferred first).

    Neighbours exchange their numbers; where these are equal, the upper one gets one more, and whoever stands above makes
    room as far as it must. Returns only what is different: nothing at the ends, beside a fixed account, or when there is
    no room below the highest number.
    """
    place = order.index(account_id) if account_id in order else -1
    upper = place - 1 if up else place
    if place < 0 or upper < 0 or upper + 1 >= len(order) or {order[upper], order[upper + 1]} & fixed:
        return {}
    above, below = order[upper], order[upper + 1]
    if priorities[above] != priorities[below]:
        return {above: priorities[below], below: priorities[above]}
    found = {below: priorities[below] + 1}
    highest = found[below]
    for pk in reversed(order[:upper]):
        if priorities[pk] > highest:
            break
        if pk in fixed:
            return {}
        highest += 1
        found[pk] = highest
    return {} if highest > HIGHEST else found


def number_problem(priority: int) -> str:
    """A sentence when a number is no priority, else nothing."""
    if LOWEST <= priority <= HIGHEST:
        return ""
    return f"Give a whole number from {LOWEST:,} to {HIGHEST:,}, or leave it empty."


def _problem(account: Account | None, wish: Wish) -> str:
    if account is None:
        return "This account was deleted meanwhile."
    if account.locked:
        return "This account is locked and cannot be changed here."
    if account.deleting_since is not None:
        return "This account is being deleted."
    if account.priority not in (wish.shown, wish.priority):
        return f"Somebody set this to {account.priority} meanwhile. Save again to use your number."
    return number_problem(wish.priority)


def _message(accounts: Sequence[Account]) -> str:
    if len(accounts) == 1:
        return f"“{shortened(accounts[0].name)}” now has priority {accounts[0].priority}."
    return f"Saved the priorities of {counted(len(accounts), 'account')}."
