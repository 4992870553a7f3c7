"""Provider accounts: the account itself, its profiles, filters and group settings, server groups, refreshing."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from ecm_site.dispatcharr.resources.checking import counted_there, made, row, rows
from ecm_site.dispatcharr.session import Session
from ecm_site.dispatcharr.shapes import Account, AccountFilter, AccountGroup, AccountProfile, ServerGroup
from ecm_site.dispatcharr.transport import BULK

_PATH = "/api/m3u/accounts/"
_SERVER_GROUPS = "/api/m3u/server-groups/"
GROUP_KEYS = tuple(AccountGroup.__annotations__)


class Accounts:
    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> list[Account]:
        """All accounts with their profiles and group settings. The locked account "custom" holds custom streams."""
        what = "list the accounts"
        return cast("list[Account]", rows(self._session.get(_PATH, what=what, patience=BULK), what=what))

    def get(self, account_id: int) -> Account:
        """Raises ``NotFound``."""
        return cast(Account, row(self._session.get(f"{_PATH}{account_id}/", what="read an account"), what="read an account"))

    def create(self, values: Mapping[str, Any]) -> Account:
        """The server starts reading the groups by itself. A wrong Xtream login shows only in the row's ``status``."""
        what = "create an account"
        return cast(Account, made(self._session.post(_PATH, dict(values), what=what, patience=BULK), what=what))

    def create_from_file(self, fields: Mapping[str, str], name: str, content: bytes) -> Account:
        """An account of an uploaded playlist ``content`` with the file name ``name``."""
        what = "upload a playlist"
        file = (name, content, "audio/x-mpegurl")
        return cast(Account, made(self._session.upload(_PATH, fields, file, what=what, patience=BULK), what=what))

    def update(self, account_id: int, values: Mapping[str, Any]) -> Account:
        """``channel_groups`` here changes ``enabled`` only: see :meth:`set_groups`. A bad cron text is a 500."""
        what = "change an account"
        return cast(Account, row(self._session.patch(f"{_PATH}{account_id}/", dict(values), what=what), what=what))

    def delete(self, account_id: int) -> int:
        """Delete the account, its streams and the channels that auto-sync made; returns how many channels those were
        (0 when the answer was lost). Raises ``NotFound``."""
        answer = self._session.delete(f"{_PATH}{account_id}/", what="delete an account", patience=BULK)
        return counted_there(answer, "deleted_channels")

    def set_groups(self, account_id: int, groups: Iterable[AccountGroup]) -> None:
        """Save the settings of ``groups``; others stay. Each must be whole, because the server resets what is missing.

        Raises ``ValueError`` naming the keys that are missing.
        """
        body = []
        for group in groups:
            missing = [key for key in GROUP_KEYS if key not in group]
            if missing:
                raise ValueError(f"Group settings must be sent whole; missing: {', '.join(missing)}.")
            body.append({key: group[key] for key in GROUP_KEYS})  # type: ignore[literal-required]
        if body:
            self._session.patch(
                f"{_PATH}{account_id}/group-settings/",
                {"group_settings": body},
                what="save the groups of an account",
                patience=BULK,
            )

    def refresh(self, account_id: int) -> None:
        """Ask for a refresh. The answer says nothing: the server drops it while one runs, within a moment after one, for an
        inactive account and for one that does not exist. It is done when ``updated_at`` differs from before."""
        self._session.post(f"/api/m3u/refresh/{account_id}/", what="refresh an account")

    def refresh_all(self) -> None:
        self._session.post("/api/m3u/refresh/", what="refresh all accounts")

    def profiles(self, account_id: int) -> list[AccountProfile]:
        what = "list the profiles of an account"
        return cast("list[AccountProfile]", rows(self._session.get(f"{_PATH}{account_id}/profiles/", what=what), what=what))

    def create_profile(self, account_id: int, values: Mapping[str, Any]) -> AccountProfile:
        """A name that the account already has is a 500."""
        what = "create an account profile"
        return cast(
            AccountProfile, made(self._session.post(f"{_PATH}{account_id}/profiles/", dict(values), what=what), what=what)
        )

    def update_profile(self, account_id: int, profile: AccountProfile, values: Mapping[str, Any]) -> AccountProfile:
        """Change ``profile``, as last read: the server wants both patterns each time unless it is the default one."""
        what = "change an account profile"
        body = dict(values)
        if not profile["is_default"]:
            body.setdefault("search_pattern", profile["search_pattern"])
            body.setdefault("replace_pattern", profile["replace_pattern"])
        answer = self._session.patch(f"{_PATH}{account_id}/profiles/{profile['id']}/", body, what=what)
        return cast(AccountProfile, row(answer, what=what))

    def delete_profile(self, account_id: int, profile: AccountProfile) -> None:
        """Raises ``ValueError`` for the default profile, which the server would delete: nothing plays after that."""
        if profile["is_default"]:
            raise ValueError("The default profile of an account is never deleted; nothing would play after that.")
        self._session.delete(f"{_PATH}{account_id}/profiles/{profile['id']}/", what="delete an account profile")

    def filters(self, account_id: int) -> list[AccountFilter]:
        what = "list the filters of an account"
        return cast("list[AccountFilter]", rows(self._session.get(f"{_PATH}{account_id}/filters/", what=what), what=what))

    def create_filter(self, account_id: int, values: Mapping[str, Any]) -> AccountFilter:
        """The pattern is not checked by the server: one that does not compile makes every later refresh fail. Check it."""
        what = "create a filter"
        return cast(
            AccountFilter, made(self._session.post(f"{_PATH}{account_id}/filters/", dict(values), what=what), what=what)
        )

    def update_filter(self, account_id: int, filter_id: int, values: Mapping[str, Any]) -> AccountFilter:
        what = "change a filter"
        answer = self._session.patch(f"{_PATH}{account_id}/filters/{filter_id}/", dict(values), what=what)
        return cast(AccountFilter, row(answer, what=what))

    def delete_filter(self, account_id: int, filter_id: int) -> None:
        self._session.delete(f"{_PATH}{account_id}/filters/{filter_id}/", what="delete a filter")

    def server_groups(self) -> list[ServerGroup]:
        what = "list the server groups"
        return cast("list[ServerGroup]", rows(self._session.get(_SERVER_GROUPS, what=what), what=what))

    def create_server_group(self, name: str) -> ServerGroup:
        what = "create a server group"
        return cast(ServerGroup, made(self._session.post(_SERVER_GROUPS, {"name": name}, what=what), what=what))

    def update_server_group(self, group_id: int, name: str) -> ServerGroup:
        what = "rename a server group"
        return cast(ServerGroup, row(self._session.patch(f"{_SERVER_GROUPS}{group_id}/", {"name": name}, what=what), what=what))

    def delete_server_group(self, group_id: int) -> None:
        """Accounts that use it lose it."""
        self._session.delete(f"{_SERVER_GROUPS}{group_id}/", what="delete a server group")
