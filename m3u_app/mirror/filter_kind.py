"""Filters of an account on the server (20 §5).

What the server does not know: a filter that is switched off. Such a one exists only here; switching it on puts it there, and
one that comes from there (again) is switched on here instead of being made a second time.
Whether case matters is part of the pattern there.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import Any, ClassVar

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.shapes import AccountFilter
from m3u_app.mirror.ids import joined, parted
from m3u_app.mirror.patterns_there import NotForTheServer, pattern_for_server, pattern_from_server
from m3u_app.mirror.rows_in_account import RowsInAccount, RowsThere, accounts_here
from m3u_app.models import Account, FilterTarget, StreamFilter
from tasks_app.mirror.kinds import Change, Delivered, Outcome, Values, Watched
from tasks_app.models import MirrorLink

_CASE_MARK = "case_sensitive"
_COLUMNS = ("filter_type", "regex_pattern", "exclude", "case_sensitive", "position")


class FilterKind(RowsInAccount[AccountFilter]):
    name: ClassVar[str] = "account_filter"
    label: ClassVar[str] = "filter"
    position: ClassVar[int] = 31
    title: ClassVar[str] = "regex_pattern"
    fields: ClassVar[Mapping[str, str]] = {
        "account": "account",
        "filter_type": "what it looks at",
        "regex_pattern": "pattern",
        "exclude": "drop",
        "case_sensitive": "case matters",
        "position": "place in the order",
    }
    model = StreamFilter
    part: ClassVar[str] = "filters"
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
        here = accounts_here({row["account"] for row in rows.values()})
        wanted = {remote_id: values for remote_id, values in rows.items() if values["account"] in here}
        found = _switched_off(wanted)
        for remote_id, pk in found.items():
            StreamFilter.objects.filter(pk=pk).update(enabled=True, **_columns(wanted[remote_id]))
        return {
            remote_id: found.get(remote_id) or StreamFilter.objects.create(account_id=values["account"], **_columns(values)).pk
            for remote_id, values in wanted.items()
        }

    def change(self, rows: Mapping[int, Values]) -> None:
        for pk, values in rows.items():
            StreamFilter.objects.filter(pk=pk).update(**_columns(values))

    def bring_back(self, values: Values) -> int | None:
        if not Account.objects.filter(pk=values["account"]).exists():
            return None
        return StreamFilter.objects.create(account_id=values["account"], **_columns(values)).pk

    def take_away(self, ids: Collection[int]) -> None:
        """What came may have been here before, switched off: somebody's own filter is never deleted by an undo."""
        StreamFilter.objects.filter(pk__in=ids).update(enabled=False)

    # There.

    def rows_there(self, client: Dispatcharr, account: int) -> list[AccountFilter]:
        return client.accounts.filters(account)

    def ours(self, row: AccountFilter, account_id: int) -> tuple[Values, Values]:
        return _our_values(row, account_id), {}

    def create_one(self, there: RowsThere[AccountFilter], account: int, local_id: int, values: Values) -> Outcome:
        """One that is linked to none of ours and equals it is the one that a lost answer was about."""
        body = _their_values(values)
        known = there.of(account)
        equal = self.made_there(known, values)
        row = next((found for found in equal if there.links.local(self.name, joined(account, found["id"])) is None), None)
        if row is None:
            row = there.client.accounts.create_filter(account, body)
        else:
            del known[row["id"]]
        return Delivered(local_id, joined(account, row["id"]), _our_values(row, values["account"]))

    def made_there(self, known: Mapping[int, AccountFilter], values: Values) -> Iterator[AccountFilter]:
        with suppress(NotForTheServer):
            body = _their_values(values)
            yield from (found for found in known.values() if _equals(found, body))

    def known_of(self, row: AccountFilter, values: Values) -> Values:
        """The server may write the pattern in another way."""
        return _our_values(row, values["account"])

    def update_one(self, there: RowsThere[AccountFilter], change: Change) -> Outcome:
        account, number = parted(change.remote_id)
        whole = _their_values(change.whole)
        body = {key: whole[key] for name in change.values for key in _KEYS[name]}
        if "case_sensitive" in change.values:
            body |= _case_there(there.of(account).get(number), case_sensitive=change.whole["case_sensitive"])
        row = there.client.accounts.update_filter(account, number, body)
        return Delivered(change.local_id, change.remote_id, _our_values(row, change.whole["account"]))

    def delete_one(self, there: RowsThere[AccountFilter], account: int, number: int) -> None:
        there.client.accounts.delete_filter(account, number)


_KEYS: Mapping[str, tuple[str, ...]] = {
    "account": (),
    "filter_type": ("filter_type",),
    "regex_pattern": ("regex_pattern",),
    "exclude": ("exclude",),
    "case_sensitive": ("regex_pattern",),
    "position": ("order",),
}
"""Fields of ours → what has to be sent when they change."""


def _switched_off(rows: Mapping[int, Values]) -> dict[int, int]:
    """Remote id → the filter here that it is, though it is switched off: the one that was linked to it when its switching off
    was given up, or one that is linked to nothing and does the same."""
    accounts = {values["account"] for values in rows.values()}
    off = list(StreamFilter.objects.filter(account_id__in=accounts, enabled=False).order_by("position", "pk"))
    links = MirrorLink.objects.filter(kind=FilterKind.name, local_id__in=[one.pk for one in off])
    linked = dict(links.values_list("local_id", "remote_id"))
    found = {remote_id: pk for pk, remote_id in linked.items() if remote_id in rows}
    free = [one for one in off if one.pk not in linked]
    for remote_id, values in rows.items():
        same = next((one for one in free if _does(one) == values | {"position": one.position}), None)
        if same is not None and remote_id not in found:
            found[remote_id] = same.pk
            free.remove(same)
    return found


def _does(stored: StreamFilter) -> Values:
    return {"account": stored.account_id, **{name: getattr(stored, name) for name in _COLUMNS}}


def _equals(row: AccountFilter, body: Mapping[str, Any]) -> bool:
    return all(row[key] == value for key, value in body.items())  # type: ignore[literal-required]


def _case_there(row: AccountFilter | None, *, case_sensitive: bool) -> dict[str, Any]:
    """What else has to be sent when the filter carries a mark about case, as the server's own pages may leave one."""
    properties = (row["custom_properties"] if row else None) or {}
    return {"custom_properties": properties | {_CASE_MARK: case_sensitive}} if _CASE_MARK in properties else {}


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
