"""Accounts on the server (20 §1): their settings go both ways, their status comes from there."""

import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Cast

from ecm_site.crypto import SecretUnreadable, decrypt
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import NotFound
from m3u_app.account_values import RESERVED_NAME
from m3u_app.mirror.account_terms import NotThereYet, file_name, our_books, our_terms, stored_path, their_terms
from m3u_app.mirror.accounts_there import forget_accounts, some_accounts
from m3u_app.mirror.moments import written
from m3u_app.mirror.outcomes import attempted
from m3u_app.mirror.own_identity import is_mirrored_still, own_identity
from m3u_app.mirror.remove_accounts import remove_accounts
from m3u_app.mirror.request_first_refresh import request_first_refresh
from m3u_app.mirror.send_playlist import PlaylistUnusable, create_with_file
from m3u_app.mirror.set_names import make_room, set_names
from m3u_app.mirror.user_agents_there import UserAgents
from m3u_app.mirror.words import FILE_STAYS
from m3u_app.models import Account
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
    name_stand_in,
)
from tasks_app.mirror.readable import readable, with_ids
from tasks_app.models import MirrorLink

logger = logging.getLogger(__name__)

SECRETS = ("server_url", "username", "password")
NAME_LIMIT = 255
_SAME_COLUMN = (
    "name",
    "account_type",
    "server_url",
    "username",
    "password",
    "user_agent",
    "max_streams",
    "refresh_interval",
    "cron_expression",
    "stale_stream_days",
    "priority",
    "is_active",
    "auto_enable_new_groups",
)
_SOURCE = frozenset(("account_type", "server_url", "file_path", "username", "password"))
_BOOKS = ("status", "last_message", "updated_at", "locked", "provider_info")


class AccountKind(MirroredKind):
    name: ClassVar[str] = "account"
    label: ClassVar[str] = "account"
    position: ClassVar[int] = 20
    category: ClassVar[str] = "m3u"
    fields: ClassVar[Mapping[str, str]] = {
        "name": "name",
        "account_type": "type",
        "server_url": "address",
        "file": "playlist file",
        "username": "user name",
        "password": "password",
        "user_agent": "User-Agent",
        "max_streams": "streams at a time",
        "refresh_interval": "hours between refreshes",
        "cron_expression": "refresh times (cron)",
        "stale_stream_days": "days to keep missing streams",
        "priority": "priority",
        "is_active": "enabled",
        "auto_enable_new_groups": "import new groups at once",
        "server_group": "server group",
        "exp_date": "expiry date",
    }
    secrets: ClassVar[frozenset[str]] = frozenset(SECRETS)
    references: ClassVar[Mapping[str, str]] = {"server_group": "server_group"}
    natural_key: ClassVar[str] = "name"
    asks_from: ClassVar[int] = 1  # with one account go all its streams, and what channels use of them
    parts: ClassVar[tuple[str, ...]] = ("account_group", "account_filter", "account_profile")
    watched: ClassVar[tuple[Watched, ...]] = (
        Watched("m3u_app_account", columns=(*_SAME_COLUMN, "file_path", "server_group_id", "exp_date"), name="name"),
    )

    # Here.

    def local(self, ids: Collection[int] | None = None) -> dict[int, Values]:
        """Without accounts that are being deleted and are not on the server: nobody shall make them there now."""
        accounts = Account.objects.exclude(name__iexact=RESERVED_NAME).order_by("pk")
        if ids is not None:
            accounts = accounts.filter(pk__in=ids)
        rows = list(
            accounts.annotate(
                stored_url=Cast("server_url", models.TextField()), stored_password=Cast("password", models.TextField())
            ).values_list(
                "pk",
                "stored_url",
                "stored_password",
                "deleting_since",
                "file_path",
                "server_group_id",
                "exp_date",
                *(name for name in _SAME_COLUMN if name not in ("server_url", "password")),
            )
        )
        linked = _linked(pk for pk, _, _, deleting, *_ in rows if deleting is not None)
        return {row[0]: _row_values(row) for row in rows if row[3] is None or row[0] in linked}

    def store(self, rows: Mapping[int, Values], books: Mapping[int, Values]) -> dict[int, int]:
        make_room(Account.objects.all(), {values["name"] for values in rows.values()}, limit=NAME_LIMIT)
        made: dict[int, int] = {}
        for remote_id, values in rows.items():
            account = Account(
                **_columns(values), **{name: books[remote_id][name] for name in _BOOKS if name in books[remote_id]}
            )
            account.save(force_insert=True)
            made[remote_id] = account.pk
        return made

    def change(self, rows: Mapping[int, Values]) -> None:
        set_names(
            Account.objects.all(),
            {pk: values["name"] for pk, values in rows.items() if "name" in values},
            limit=NAME_LIMIT,
        )
        paths = dict(Account.objects.filter(pk__in=rows).values_list("pk", "file_path"))
        for pk, values in rows.items():
            columns = _columns({name: value for name, value in values.items() if name != "name"}, paths.get(pk, ""))
            if columns.keys() & _SOURCE:
                columns |= {"etag": "", "last_modified": ""}  # they describe a copy of the old source
            if columns:
                Account(pk=pk, **columns).save(force_update=True, update_fields=list(columns))

    def remove(self, ids: Collection[int]) -> None:
        remove_accounts(ids)

    def keep_books(self, books: Mapping[int, Values]) -> None:
        stored = {
            row[0]: dict(zip(_BOOKS, row[1:], strict=True))
            for row in Account.objects.filter(pk__in=books).values_list("pk", *_BOOKS)
        }
        for pk, values in books.items():
            differs = {name: value for name, value in values.items() if pk in stored and stored[pk][name] != value}
            if not values.get("provider_info"):
                differs.pop("provider_info", None)  # the server knows nothing; what is here says more
            if differs:
                Account.objects.filter(pk=pk).update(**differs)

    # There.

    def stand_in(self, value: Any, remote_id: int) -> str:
        return name_stand_in(value, remote_id, longest=NAME_LIMIT)

    def read(
        self, client: Dispatcharr, links: LinkBook, ids: Collection[int] | None = None
    ) -> Iterator[tuple[int, Values, Values]]:
        agents = UserAgents(client)
        rows = with_ids(self.name, links, some_accounts(client, links, ids))
        yield from readable(self.name, links, rows, lambda row: (row["id"], our_terms(row, agents, links), our_books(row)))

    def create(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, Values], attempts: Attempts) -> Iterator[Outcome]:
        agents = UserAgents(client)
        paths = dict(Account.objects.filter(pk__in=rows).values_list("pk", "file_path"))
        for account in Account.objects.filter(pk__in=rows):
            if is_mirrored_still(account.pk):  # it was lost there: its streams' ids are nobody's by now, or other streams'
                own_identity(account)
        for local_id, values in rows.items():

            def deliver(local_id: int = local_id, values: Values = values) -> Outcome:
                try:
                    body = their_terms(values, values, agents, links)
                    if not values.get("cron_expression"):
                        body.pop("cron_expression", None)  # a new account has none anyway
                    if values["file"]:
                        row = create_with_file(client, body, paths[local_id], values["file"])
                    else:
                        row = client.accounts.create(body)
                except NotThereYet as reason:
                    return Postponed(local_id, str(reason))
                except PlaylistUnusable as reason:
                    return Refused(local_id, str(reason))
                if values["is_active"]:
                    request_first_refresh(local_id)
                return Delivered(local_id, row["id"], our_terms(row, agents, links))

            unreadable = self._unreadable(values)
            yield Refused(local_id, unreadable) if unreadable else attempted(local_id, deliver)
        forget_accounts(links)

    def update(self, client: Dispatcharr, links: LinkBook, changes: list[Change]) -> Iterator[Outcome]:
        agents = UserAgents(client)
        for change in changes:

            def deliver(change: Change = change) -> Outcome:
                if change.values.get("file"):
                    return Refused(change.local_id, FILE_STAYS)
                try:
                    body = their_terms(change.values, change.whole, agents, links)
                except NotThereYet as reason:
                    return Postponed(change.local_id, str(reason))
                row = client.accounts.update(change.remote_id, body)
                return Delivered(change.local_id, change.remote_id, our_terms(row, agents, links))

            yield attempted(change.local_id, deliver)
        forget_accounts(links)

    def delete(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, int]) -> Iterator[Outcome]:
        """The server deletes its streams and the channels that its auto-sync made as well."""
        forget_accounts(links)
        for local_id, remote_id in rows.items():
            with suppress(NotFound):  # gone already
                channels = client.accounts.delete(remote_id)
                logger.info("[M3U] Account deleted on the server: id=%s there, with %s channels", remote_id, channels)
            yield Delivered(local_id, remote_id, {})

    def _unreadable(self, values: Values) -> str:
        missing = [self.fields[name] for name in SECRETS if name not in values]
        if not missing:
            return ""
        return f"Its {' and '.join(missing)} cannot be read with this key file. Edit the account and type it in again."


def _linked(ids: Any) -> set[int]:
    wanted = list(ids)
    if not wanted:
        return set()
    return set(MirrorLink.objects.filter(kind=AccountKind.name, local_id__in=wanted).values_list("local_id", flat=True))


def _row_values(row: tuple[Any, ...]) -> Values:
    """Secrets that this key file cannot read are left out: they are then neither compared nor sent."""
    _, url, password, _, file_path, server_group, exp_date, *same = row
    names = [name for name in _SAME_COLUMN if name not in ("server_url", "password")]
    values: Values = dict(zip(names, same, strict=True))
    for name, stored in (("server_url", url), ("password", password)):
        with suppress(SecretUnreadable):
            values[name] = decrypt(stored or "")
    return values | {"file": file_name(file_path), "server_group": server_group, "exp_date": written(exp_date)}


def _columns(values: Values, file_path: str = "") -> dict[str, Any]:
    """Columns of our table for fields of the server; ``file_path`` is what the row has now."""
    columns = {name: value for name, value in values.items() if name in _SAME_COLUMN}
    if "file" in values:
        columns["file_path"] = stored_path(values["file"], file_path)
    if "server_group" in values:
        columns["server_group_id"] = values["server_group"]
    if "exp_date" in values:
        columns["exp_date"] = datetime.fromisoformat(values["exp_date"]) if values["exp_date"] else None
    return columns
