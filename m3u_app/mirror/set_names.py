"""Gives rows new names where names are unique, also when two of them have exchanged theirs."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from m3u_app.raw_sql import execute_many


def make_room(rows: QuerySet[Any], names: set[str], *, keep: frozenset[int] = frozenset(), limit: int) -> None:
    """Take ``names`` away from whoever has one among ``rows``, except those of ``keep``: it gets its id behind it.

    The server knows that row under another name by now, or not at all; its own change comes with the same pull.
    """
    for pk, name in list(rows.filter(name__in=names).exclude(pk__in=keep).values_list("pk", "name")):
        tail = f" ({pk})"
        rows.filter(pk=pk).update(name=name[: limit - len(tail)] + tail)


def set_names(rows: QuerySet[Any], wanted: Mapping[int, str], *, limit: int) -> None:
    """Name the rows of ``wanted`` (id → name), which are among ``rows``. Call inside a transaction."""
    if not wanted:
        return
    make_room(rows, set(wanted.values()), keep=frozenset(wanted), limit=limit)
    update = f"UPDATE {rows.model._meta.db_table} SET name = %s WHERE id = %s"  # noqa: S608 - the table's own name
    if len(wanted) > 1:
        execute_many(update, [(f"\x00{pk}", pk) for pk in wanted])
    execute_many(update, [(name, pk) for pk, name in wanted.items()])


def set_names_in_accounts(rows: QuerySet[Any], wanted: Mapping[int, str], *, limit: int) -> None:
    """As :func:`set_names`, for rows whose names are unique within their account."""
    accounts: dict[int, dict[int, str]] = {}
    for pk, account_id in rows.filter(pk__in=wanted).values_list("pk", "account_id"):
        accounts.setdefault(account_id, {})[pk] = wanted[pk]
    for account_id, names in accounts.items():
        set_names(rows.filter(account_id=account_id), names, limit=limit)
