"""Profiles of an account on the server (20 §6): other logins and hosts of the same provider.

The default profile is the server's: it is made with the account, is never deleted, and of ours only name, notes and expiry
date go there. Its limit is the account's.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import ClassVar

from django.db import models
from django.db.models.functions import Cast

from ecm_site.crypto import SecretUnreadable, decrypt
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.shapes import AccountProfile as Row
from m3u_app.mirror.account_terms import login_facts
from m3u_app.mirror.ids import joined, parted
from m3u_app.mirror.moments import written
from m3u_app.mirror.profile_terms import NAME_LIMIT, PLAIN, SECRETS, columns_of, our_values, their_values, without_fixed
from m3u_app.mirror.rows_in_account import RowsInAccount, RowsThere, accounts_here
from m3u_app.mirror.set_names import make_room, set_names_in_accounts
from m3u_app.models import AccountProfile
from tasks_app.mirror.kinds import Change, Delivered, Outcome, Postponed, Refused, Values, Watched
from tasks_app.models import MirrorLink, OutboxEntry

_TAKEN = "The account has a profile of this name on the server already. Choose another name for this one."
_GONE = "The server does not have this profile any more. It will be looked for again."


class ProfileKind(RowsInAccount[Row]):
    name: ClassVar[str] = "account_profile"
    label: ClassVar[str] = "account profile"
    position: ClassVar[int] = 32
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
    model = AccountProfile
    part: ClassVar[str] = "profiles"
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
        here = accounts_here({row["account"] for row in rows.values()})
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

    def keep_books(self, books: Mapping[int, Values]) -> None:
        stored = dict(AccountProfile.objects.filter(pk__in=books).values_list("pk", "provider_info"))
        for pk, values in books.items():
            info = values.get("provider_info")
            if info and pk in stored and stored[pk] != info:
                AccountProfile.objects.filter(pk=pk).update(provider_info=info)

    # There.

    def rows_there(self, client: Dispatcharr, account: int) -> list[Row]:
        return client.accounts.profiles(account)

    def ours(self, row: Row, account_id: int) -> tuple[Values, Values]:
        return our_values(row, account_id), {"provider_info": login_facts(row["custom_properties"])}

    def create_one(self, there: RowsThere[Row], account: int, local_id: int, values: Values) -> Outcome:
        if problem := _unreadable(values):
            return Refused(local_id, problem)
        known = there.of(account)
        found = next((row for row in known.values() if _is_same(row, values)), None)
        if found is not None:
            owner = there.links.local(self.name, joined(account, found["id"]))
            if owner not in (None, local_id):
                return Refused(
                    local_id, f"The account has a profile “{values['name']}” on the server already. Rename this one."
                )
            row = there.client.accounts.update_profile(account, found, their_values(values, values, found))
        elif values["is_default"]:
            return Postponed(local_id, "Waits until the server has a default profile for its account.")
        else:
            row = there.client.accounts.create_profile(account, their_values(values, values, None))
            known[row["id"]] = row
        return Delivered(local_id, joined(account, row["id"]), our_values(row, values["account"]))

    def made_there(self, known: Mapping[int, Row], values: Values) -> Iterator[Row]:
        yield from (row for row in known.values() if not values["is_default"] and _is_same(row, values))

    def update_one(self, there: RowsThere[Row], change: Change) -> Outcome:
        account, number = parted(change.remote_id)
        known = there.of(account)
        found = known.get(number)
        if found is None:
            return Postponed(change.local_id, _GONE)
        if any(row["name"] == change.values.get("name") for row in known.values() if row["id"] != number):
            return Refused(change.local_id, _TAKEN)
        row = there.client.accounts.update_profile(account, found, their_values(change.values, change.whole, found))
        known[number] = row
        return Delivered(change.local_id, change.remote_id, our_values(row, change.whole["account"]))

    def delete_one(self, there: RowsThere[Row], account: int, number: int) -> None:
        """Default profiles stay."""
        row = there.of(account).get(number)
        if row is not None and not row["is_default"]:
            there.client.accounts.delete_profile(account, row)


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


def _unreadable(values: Values) -> str:
    if values["is_default"] or all(name in values for name in SECRETS):
        return ""
    return "Its patterns cannot be read with this key file. Edit the profile and type them in again."
