"""Filters of an account on the server (20 §5).

What the server does not know: a filter that is switched off. Such a one exists only here; switching it on puts it there.
Whether case matters is part of the pattern there.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from typing import Any, ClassVar

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import NotFound
from ecm_site.dispatcharr.shapes import AccountFilter
from m3u_app.mirror.accounts_there import forget_accounts, some_accounts
from m3u_app.mirror.ids import joined, parted
from m3u_app.mirror.outcomes import attempted
from m3u_app.mirror.patterns_there import NotForTheServer, pattern_for_server, pattern_from_server
from m3u_app.models import Account, FilterTarget, StreamFilter
from tasks_app.mirror.kinds import (
    Attempts,
    Change,
    Delivered,
    LinkBook,
    MirroredKind,
    Outcome,
    Postponed,
    Refused,
    Values,
    Watched,
)
from tasks_app.mirror.readable import Row as Translated
from tasks_app.mirror.readable import parts_of, readable, with_ids

logger = logging.getLogger(__name__)

_CASE_MARK = "case_sensitive"
_COLUMNS = ("filter_type", "regex_pattern", "exclude", "case_sensitive", "position")


class FilterKind(MirroredKind):
    name: ClassVar[str] = "account_filter"
    label: ClassVar[str] = "filter"
    position: ClassVar[int] = 31
    category: ClassVar[str] = "m3u"
    title: ClassVar[str] = "regex_pattern"
    fields: ClassVar[Mapping[str, str]] = {
        "account": "account",
        "filter_type": "what it looks at",
        "regex_pattern": "pattern",
        "exclude": "drop",
        "case_sensitive": "case matters",
        "position": "place in the order",
    }
    references: ClassVar[Mapping[str, str]] = {"account": "account"}
    watched: ClassVar[tuple[Watched, ...]] = (
        Watched("m3u_app_streamfilter", columns=(*_COLUMNS, "enabled"), name="regex_pattern"),
    )

    # Here.

    def local(self, ids: Collection[int] | None = None) -> dict[int, Values]:
        """Those that are switched on."""
        filters = StreamFilter.objects.filter(enabled=True).order_by("account_id", "position", "pk")
        if ids is not None:
            filters = filters.filter(pk__in=ids)
        return {
            pk: {"account": account_id, **dict(zip(_COLUMNS, values, strict=True))}
            for pk, account_id, *values in filters.values_list("pk", "account_id", *_COLUMNS)
        }

    def store(self, rows: Mapping[int, Values], books: Mapping[int, Values]) -> dict[int, int]:
        here = set(Account.objects.filter(pk__in={row["account"] for row in rows.values()}).values_list("pk", flat=True))
        return {
            remote_id: StreamFilter.objects.create(account_id=values["account"], **_columns(values)).pk
            for remote_id, values in rows.items()
            if values["account"] in here
        }

    def change(self, rows: Mapping[int, Values]) -> None:
        for pk, values in rows.items():
            StreamFilter.objects.filter(pk=pk).update(**_columns(values))

    def remove(self, ids: Collection[int]) -> None:
        StreamFilter.objects.filter(pk__in=ids).delete()

    def bring_back(self, values: Values) -> int | None:
        if not Account.objects.filter(pk=values["account"]).exists():
            return None
        return StreamFilter.objects.create(account_id=values["account"], **_columns(values)).pk

    # There.

    def read(
        self, client: Dispatcharr, links: LinkBook, ids: Collection[int] | None = None
    ) -> Iterator[tuple[int, Values, Values]]:
        wanted = None if ids is None else set(ids)
        found = some_accounts(client, links, None if ids is None else {parted(number)[0] for number in ids})
        for account in with_ids(self.name, links, found):
            account_id = links.local("account", account["id"])
            if account_id is None:
                continue

            def id_of(row: AccountFilter, account: int = account["id"]) -> int:
                return joined(account, row["id"])

            def translated(
                row: AccountFilter, account_id: int = account_id, id_of: Callable[[AccountFilter], int] = id_of
            ) -> Translated | None:
                number = id_of(row)
                return (number, _our_values(row, account_id), {}) if wanted is None or number in wanted else None

            yield from readable(self.name, links, parts_of(self.name, links, account, "filters"), translated, id_of=id_of)

    def create(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, Values], attempts: Attempts) -> Iterator[Outcome]:
        unclaimed = _Unclaimed(client, links)
        for local_id, values in rows.items():
            account = links.remote("account", values["account"])
            if account is None:
                yield Postponed(local_id, "Waits until its account is on the server.")
                continue

            def deliver(local_id: int = local_id, values: Values = values, account: int = account) -> Outcome:
                body = _their_values(values)
                row = unclaimed.take(account, body) or client.accounts.create_filter(account, body)
                return Delivered(local_id, joined(account, row["id"]), _our_values(row, values["account"]))

            yield _checked(local_id, deliver)
        forget_accounts(links)

    def update(self, client: Dispatcharr, links: LinkBook, changes: list[Change]) -> Iterator[Outcome]:
        for change in changes:

            def deliver(change: Change = change) -> Outcome:
                account, number = parted(change.remote_id)
                body = _their_values(change.whole)
                sent = {key for name in change.values for key in _KEYS[name]}
                body = {key: body[key] for key in body if key in sent}
                if "case_sensitive" in change.values:
                    body |= _case_there(client, account, number, case_sensitive=change.whole["case_sensitive"])
                row = client.accounts.update_filter(account, number, body)
                return Delivered(change.local_id, change.remote_id, _our_values(row, change.whole["account"]))

            yield _checked(change.local_id, deliver)
        forget_accounts(links)

    def delete(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, int]) -> Iterator[Outcome]:
        """Those of an account that was deleted here go with it."""
        forget_accounts(links)
        accounts = links.locals_of("account", {parted(remote_id)[0] for remote_id in rows.values()})
        here = set(Account.objects.filter(pk__in=accounts.values()).values_list("pk", flat=True))
        for local_id, remote_id in rows.items():
            account, number = parted(remote_id)
            if accounts.get(account) in here:
                with suppress(NotFound):  # gone already
                    client.accounts.delete_filter(account, number)
            yield Delivered(local_id, remote_id, {})


_KEYS: Mapping[str, tuple[str, ...]] = {
    "account": (),
    "filter_type": ("filter_type",),
    "regex_pattern": ("regex_pattern",),
    "exclude": ("exclude",),
    "case_sensitive": ("regex_pattern",),
    "position": ("order",),
}
"""Fields of ours → what has to be sent when they change."""


class _Unclaimed:
    """Filters of the server that are linked to none of ours: one that equals what we want to create is the one that a lost
    answer was about."""

    def __init__(self, client: Dispatcharr, links: LinkBook) -> None:
        self._client = client
        self._links = links
        self._found: dict[int, list[AccountFilter]] = {}

    def take(self, account: int, body: Mapping[str, Any]) -> AccountFilter | None:
        if account not in self._found:
            self._found[account] = [
                row
                for row in self._client.accounts.filters(account)
                if self._links.local(FilterKind.name, joined(account, row["id"])) is None
            ]
        for row in self._found[account]:
            if all(row[key] == value for key, value in body.items()):  # type: ignore[literal-required]
                self._found[account].remove(row)
                return row
        return None


def _case_there(client: Dispatcharr, account: int, number: int, *, case_sensitive: bool) -> dict[str, Any]:
    """What else has to be sent when the filter carries a mark about case, as the server's own pages may leave one."""
    row = next((found for found in client.accounts.filters(account) if found["id"] == number), None)
    properties = (row["custom_properties"] if row else None) or {}
    return {"custom_properties": properties | {_CASE_MARK: case_sensitive}} if _CASE_MARK in properties else {}


def _checked(local_id: int, deliver: Any) -> Outcome:
    try:
        return attempted(local_id, deliver)
    except NotForTheServer as reason:
        return Refused(local_id, str(reason))


def _our_values(row: AccountFilter, account_id: int) -> Values:
    pattern, case_sensitive = pattern_from_server(row["regex_pattern"])
    properties = row["custom_properties"] or {}
    target = row["filter_type"] if row["filter_type"] in FilterTarget.values else FilterTarget.GROUP.value
    return {
        "account": account_id,
        "filter_type": target,
        "regex_pattern": pattern[: StreamFilter.PATTERN_LIMIT],
        "exclude": bool(row["exclude"]),
        "case_sensitive": case_sensitive and properties.get(_CASE_MARK) is not False,
        "position": max(0, int(row["order"] or 0)),
    }


def _their_values(values: Values) -> dict[str, Any]:
    """Raises :class:`NotForTheServer`."""
    pattern = pattern_for_server(values["regex_pattern"], case_sensitive=values["case_sensitive"])
    if len(pattern) > StreamFilter.PATTERN_LIMIT:
        raise NotForTheServer(f"For Dispatcharr the pattern has to be written with {len(pattern)} characters; 200 are allowed.")
    return {
        "filter_type": values["filter_type"],
        "regex_pattern": pattern,
        "exclude": values["exclude"],
        "order": values["position"],
    }


def _columns(values: Values) -> dict[str, Any]:
    return {name: values[name] for name in _COLUMNS if name in values}
