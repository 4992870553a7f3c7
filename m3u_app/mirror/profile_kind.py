"""Profiles of an account on the server (20 §6): other logins and hosts of the same provider.

The default profile is the server's: it is made with the account, is never deleted, and of ours only name, notes and expiry
date go there. Its limit is the account's.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Cast

from ecm_site.crypto import SecretUnreadable, decrypt
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import NotFound
from ecm_site.dispatcharr.shapes import AccountProfile as Row
from m3u_app.mirror.account_terms import login_facts
from m3u_app.mirror.accounts_there import forget_accounts, some_accounts
from m3u_app.mirror.ids import joined, parted
from m3u_app.mirror.moments import written
from m3u_app.mirror.outcomes import attempted
from m3u_app.mirror.patterns_there import NotForTheServer
from m3u_app.mirror.profile_terms import NAME_LIMIT, PLAIN, SECRETS, columns_of, our_values, their_values, without_fixed
from m3u_app.mirror.set_names import make_room, set_names_in_accounts
from m3u_app.models import Account, AccountProfile
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
from tasks_app.models import MirrorLink, OutboxEntry

_TAKEN = "The account has a profile of this name on the server already. Choose another name for this one."
_GONE = "The server does not have this profile any more. It will be looked for again."


class ProfileKind(MirroredKind):
    name: ClassVar[str] = "account_profile"
    label: ClassVar[str] = "account profile"
    position: ClassVar[int] = 32
    category: ClassVar[str] = "m3u"
    fields: ClassVar[Mapping[str, str]] = {
        "account": "account",
        "is_default": "default",
        "name": "name",
        "max_streams": "streams at a time",
        "is_active": "enabled",
        "search_pattern": "search",
        "replace_pattern": "replacement",
        "notes": "notes",
        "exp_date": "expiry date",
    }
    secrets: ClassVar[frozenset[str]] = frozenset(SECRETS)
    references: ClassVar[Mapping[str, str]] = {"account": "account"}
    watched: ClassVar[tuple[Watched, ...]] = (
        Watched("m3u_app_accountprofile", columns=(*PLAIN, *SECRETS, "exp_date"), name="name"),
    )

    # Here.

    def local(self, ids: Collection[int] | None = None) -> dict[int, Values]:
        profiles = AccountProfile.objects.order_by("pk")
        if ids is not None:
            profiles = profiles.filter(pk__in=ids)
        rows = profiles.annotate(
            stored_search=Cast("search_pattern", models.TextField()), stored_replace=Cast("replace_pattern", models.TextField())
        ).values_list("pk", "account_id", "is_default", "exp_date", "stored_search", "stored_replace", *PLAIN)
        found: dict[int, Values] = {}
        for pk, account_id, is_default, exp_date, search, replace, *plain in rows:
            values: Values = dict(zip(PLAIN, plain, strict=True))
            for name, stored in zip(SECRETS, (search, replace), strict=True):
                with suppress(SecretUnreadable):  # then it is neither compared nor sent
                    values[name] = decrypt(stored or "")
            values |= {"account": account_id, "is_default": is_default, "exp_date": written(exp_date)}
            found[pk] = without_fixed(values)
        return found

    def store(self, rows: Mapping[int, Values], books: Mapping[int, Values]) -> dict[int, int]:
        """The default profile, or one of the same name, that is here already is taken, unless it waits for delivery itself."""
        here = set(Account.objects.filter(pk__in={row["account"] for row in rows.values()}).values_list("pk", flat=True))
        free = _unlinked(here)
        waiting = set(
            OutboxEntry.objects.filter(kind=self.name, local_id__in=[pk for pk, *_ in free]).values_list("local_id", flat=True)
        )
        defaults = {account: pk for pk, account, _, is_default in free if is_default}
        named = {(account, name): pk for pk, account, name, is_default in free if not is_default}
        made: dict[int, int] = {}
        for remote_id, values in rows.items():
            account = values["account"]
            found = defaults.get(account) if values["is_default"] else named.get((account, values["name"]))
            if account not in here or found in waiting:
                continue
            columns = columns_of(values) | books.get(remote_id, {})
            if found is None:
                make_room(AccountProfile.objects.filter(account_id=account), {values["name"]}, limit=NAME_LIMIT)
                profile = AccountProfile(account_id=account, is_default=values["is_default"], **columns)
                profile.save(force_insert=True)
                found = profile.pk
            else:
                AccountProfile(pk=found, **columns).save(force_update=True, update_fields=list(columns))
            made[remote_id] = found
        return made

    def change(self, rows: Mapping[int, Values]) -> None:
        names = {pk: values["name"] for pk, values in rows.items() if "name" in values}
        set_names_in_accounts(AccountProfile.objects.all(), names, limit=NAME_LIMIT)
        for pk, values in rows.items():
            columns = columns_of({name: value for name, value in values.items() if name != "name"})
            if columns:
                AccountProfile(pk=pk, **columns).save(force_update=True, update_fields=list(columns))

    def remove(self, ids: Collection[int]) -> None:
        AccountProfile.objects.filter(pk__in=ids).delete()

    def keep_books(self, books: Mapping[int, Values]) -> None:
        stored = dict(AccountProfile.objects.filter(pk__in=books).values_list("pk", "provider_info"))
        for pk, values in books.items():
            info = values.get("provider_info")
            if info and pk in stored and stored[pk] != info:
                AccountProfile.objects.filter(pk=pk).update(provider_info=info)

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

            def id_of(row: Row, account: int = account["id"]) -> int:
                return joined(account, row["id"])

            def translated(row: Row, account_id: int = account_id, id_of: Callable[[Row], int] = id_of) -> Translated | None:
                number = id_of(row)
                if wanted is not None and number not in wanted:
                    return None
                return number, our_values(row, account_id), {"provider_info": login_facts(row["custom_properties"])}

            yield from readable(self.name, links, parts_of(self.name, links, account, "profiles"), translated, id_of=id_of)

    def create(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, Values], attempts: Attempts) -> Iterator[Outcome]:
        known: dict[int, list[Row]] = {}
        for local_id, values in rows.items():
            account = links.remote("account", values["account"])
            if account is None:
                yield Postponed(local_id, "Waits until its account is on the server.")
                continue
            unreadable = _unreadable(values)
            if unreadable:
                yield Refused(local_id, unreadable)
                continue
            if account not in known:
                known[account] = client.accounts.profiles(account)

            def deliver(local_id: int = local_id, values: Values = values, account: int = account) -> Outcome:
                return self._create(client, links, known[account], account, (local_id, values))

            yield _checked(local_id, deliver)
        forget_accounts(links)

    def _create(
        self, client: Dispatcharr, links: LinkBook, known: list[Row], account: int, ours: tuple[int, Values]
    ) -> Outcome:
        local_id, values = ours
        there = next((row for row in known if _is_same(row, values)), None)
        if there is not None:
            owner = links.local(self.name, joined(account, there["id"]))
            if owner not in (None, local_id):
                return Refused(
                    local_id, f"The account has a profile “{values['name']}” on the server already. Rename this one."
                )
            row = client.accounts.update_profile(account, there, their_values(values, values, there))
        elif values["is_default"]:
            return Postponed(local_id, "Waits until the server has a default profile for its account.")
        else:
            row = client.accounts.create_profile(account, their_values(values, values, None))
            known.append(row)
        return Delivered(local_id, joined(account, row["id"]), our_values(row, values["account"]))

    def update(self, client: Dispatcharr, links: LinkBook, changes: list[Change]) -> Iterator[Outcome]:
        known: dict[int, dict[int, Row]] = {}
        for change in changes:

            def deliver(change: Change = change) -> Outcome:
                account, number = parted(change.remote_id)
                if account not in known:
                    known[account] = {row["id"]: row for row in client.accounts.profiles(account)}
                there = known[account].get(number)
                if there is None:
                    return Postponed(
                        change.local_id, "The server does not have this profile any more. It will be looked for again."
                    )
                others = (row for row in known[account].values() if row["id"] != number)
                if any(row["name"] == change.values.get("name") for row in others):
                    return Refused(change.local_id, _TAKEN)
                row = client.accounts.update_profile(account, there, their_values(change.values, change.whole, there))
                known[account][number] = row
                return Delivered(change.local_id, change.remote_id, our_values(row, change.whole["account"]))

            yield _checked(change.local_id, deliver)
        forget_accounts(links)

    def delete(self, client: Dispatcharr, links: LinkBook, rows: Mapping[int, int]) -> Iterator[Outcome]:
        """Those of an account that was deleted here go with it; default profiles stay."""
        forget_accounts(links)
        accounts = links.locals_of("account", {parted(remote_id)[0] for remote_id in rows.values()})
        here = set(Account.objects.filter(pk__in=accounts.values()).values_list("pk", flat=True))
        known: dict[int, dict[int, Row]] = {}
        for local_id, remote_id in rows.items():
            account, number = parted(remote_id)
            if accounts.get(account) in here:
                with suppress(NotFound):  # gone already
                    if account not in known:
                        known[account] = {row["id"]: row for row in client.accounts.profiles(account)}
                    row = known[account].get(number)
                    if row is not None and not row["is_default"]:
                        client.accounts.delete_profile(account, row)
            yield Delivered(local_id, remote_id, {})


def _unlinked(account_ids: Collection[int]) -> list[tuple[int, int, str, bool]]:
    """(id, account, name, default) of profiles that are none of the server's yet."""
    rows = list(AccountProfile.objects.filter(account_id__in=account_ids).values_list("pk", "account_id", "name", "is_default"))
    linked = set(
        MirrorLink.objects.filter(kind=ProfileKind.name, local_id__in=[pk for pk, *_ in rows]).values_list(
            "local_id", flat=True
        )
    )
    return [row for row in rows if row[0] not in linked]


def _is_same(row: Row, values: Values) -> bool:
    return bool(row["is_default"]) if values["is_default"] else row["name"] == values["name"] and not row["is_default"]


def _checked(local_id: int, deliver: Any) -> Outcome:
    try:
        return attempted(local_id, deliver)
    except NotForTheServer as reason:
        return Refused(local_id, str(reason))


def _unreadable(values: Values) -> str:
    if values["is_default"] or all(name in values for name in SECRETS):
        return ""
    return "Its patterns cannot be read with this key file. Edit the profile and type them in again."
