"""Rows that the server keeps inside an account: its groups, filters and profiles. They are read with the account, and known
by account and row together (:mod:`m3u_app.mirror.ids`)."""

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar

from django.db.models import Model

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import NotFound
from m3u_app.mirror.accounts_there import forget_accounts, some_accounts
from m3u_app.mirror.ids import joined, parted
from m3u_app.mirror.outcomes import attempted
from m3u_app.mirror.patterns_there import NotForTheServer
from m3u_app.models import Account
from tasks_app.mirror.kinds import Attempts, Change, Delivered, LinkBook, MirroredKind, Outcome, Postponed, Refused, Values
from tasks_app.mirror.readable import Row as Read
from tasks_app.mirror.readable import parts_of, readable, with_ids

R = TypeVar("R", bound=Mapping[str, Any])


def read_in_accounts(
    kind: MirroredKind,
    client: Dispatcharr,
    links: LinkBook,
    ids: Collection[int] | None,
    *,
    part: str,
    ours: Callable[[Any, int], tuple[Values, Values] | None],
    key: str = "id",
) -> Iterator[Read]:
    """As ``MirroredKind.read`` for what stands as ``part`` in the server's accounts, each row with its id as ``key``.

    ``ours`` takes a row and the account here, and gives values and books; None = it is none of this kind.
    """
    wanted = None if ids is None else set(ids)
    accounts = some_accounts(client, links, None if ids is None else {parted(number)[0] for number in ids})
    for account in with_ids(kind.name, links, accounts):
        account_id = links.local("account", account["id"])
        if account_id is None:
            continue

        def id_of(row: Mapping[str, Any], account: int = account["id"]) -> int:
            return joined(account, row[key])

        def translated(
            row: Mapping[str, Any], account_id: int = account_id, id_of: Callable[[Mapping[str, Any]], int] = id_of
        ) -> Read | None:
            number = id_of(row)
            found = ours(row, account_id) if wanted is None or number in wanted else None
            return found and (number, *found)

        yield from readable(kind.name, links, parts_of(kind.name, links, account, part), translated, id_of=id_of)


class RowsThere(Generic[R]):
    """The rows of accounts as the server has them; each account is read once, when it is first asked for."""

    def __init__(self, client: Dispatcharr, links: LinkBook, read: Callable[[Dispatcharr, int], list[R]]) -> None:
        self.client = client
        self.links = links
        self._read = read
        self._known: dict[int, dict[int, R]] = {}

    def of(self, account: int) -> dict[int, R]:
        """By id; keep it true when you change something there."""
        if account not in self._known:
            self._known[account] = {row["id"]: row for row in self._read(self.client, account)}
        return self._known[account]


class RowsInAccount(MirroredKind, Generic[R]):
    """A kind whose rows both sides make, change and delete inside an account."""

    category: ClassVar[str] = "m3u"
    references: ClassVar[Mapping[str, str]] = {"account": "account"}
    model: ClassVar[type[Model]]
    part: ClassVar[str]
    """Where an account of the server has them."""

    @abstractmethod
    def rows_there(self, client: Dispatcharr, account: int) -> list[R]:
        """Those of the server's ``account``. Raises ``DispatcharrError``."""

    @abstractmethod
    def ours(self, row: R, account_id: int) -> tuple[Values, Values]:
        """Values and books of a row of the server; ``account_id`` is the account here."""

    @abstractmethod
    def create_one(self, there: RowsThere[R], account: int, local_id: int, values: Values) -> Outcome:
        """Make it in the server's ``account``, or take one that is there. Raises ``NotForTheServer``."""

    @abstractmethod
    def made_there(self, known: Mapping[int, R], values: Values) -> Iterator[R]:
        """Those of an account's rows that may have been made with ``values``, of which secrets are digests."""

    def known_of(self, row: R, values: Values) -> Values:
        """What both sides know of a row that was made with ``values``."""
        return values

    @abstractmethod
    def update_one(self, there: RowsThere[R], change: Change) -> Outcome:
        """Send what changed. Raises ``NotForTheServer``."""

    @abstractmethod
    def delete_one(self, there: RowsThere[R], account: int, number: int) -> None:
        """Raises ``NotFound`` when it is gone already."""

    def remove(self, ids: Collection[int]) -> None:
        self.model._default_manager.filter(pk__in=ids).delete()

    def read(self, client: Dispatcharr, links: LinkBook, ids: Collection[int] | None = None) -> Iterator[Read]:
        return read_in_accounts(self, client, links, ids, part=self.part, ours=self.ours)

    def create(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, Values], attempts: Attempts) -> Iterator[Outcome]:
        there = RowsThere(client, links, self.rows_there)
        for local_id, values in rows.items():
            account = links.remote("account", values["account"])
            if account is None:
                yield Postponed(local_id, "Waits until its account is on the server.")
            else:
                yield _checked(local_id, partial(self.create_one, there, account, local_id, values))
        forget_accounts(links)

    def find_made(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, Values]) -> Iterator[tuple[int, int, Values]]:
        there = RowsThere(client, links, self.rows_there)
        taken: set[int] = set()
        for local_id, values in rows.items():
            account = links.remote("account", values["account"])
            if account is None:
                continue
            for row in self.made_there(there.of(account), values):
                remote_id = joined(account, row["id"])
                if remote_id not in taken and links.local(self.name, remote_id) is None:
                    taken.add(remote_id)
                    yield local_id, remote_id, self.known_of(row, values)
                    break

    def update(self, client: Dispatcharr, links: LinkBook, changes: list[Change]) -> Iterator[Outcome]:
        there = RowsThere(client, links, self.rows_there)
        for change in changes:
            yield _checked(change.local_id, partial(self.update_one, there, change))
        forget_accounts(links)

    def delete(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, int]) -> Iterator[Outcome]:
        """Those of an account that was deleted here go with it."""
        forget_accounts(links)
        accounts = links.locals_of("account", {parted(remote_id)[0] for remote_id in rows.values()})
        here = accounts_here(accounts.values())
        there = RowsThere(client, links, self.rows_there)
        for local_id, remote_id in rows.items():
            account, number = parted(remote_id)
            if accounts.get(account) in here:
                with suppress(NotFound):  # gone already
                    self.delete_one(there, account, number)
            yield Delivered(local_id, remote_id, {})


def accounts_here(ids: Collection[int]) -> set[int]:
    """Those that are still here."""
    return set(Account.objects.filter(pk__in=ids).values_list("pk", flat=True))


def _checked(local_id: int, deliver: Callable[[], Outcome]) -> Outcome:
    try:
        return attempted(local_id, deliver)
    except NotForTheServer as reason:
        return Refused(local_id, str(reason))
