"""The server itself: version, who we are, what is being watched, what happened."""

from collections.abc import Mapping
from typing import Any, cast

from ecm_site.dispatcharr.resources.checking import made, row, rows
from ecm_site.dispatcharr.session import Session
from ecm_site.dispatcharr.shapes import ProxyStatus, SystemEvent, User, UserAgent, Version

VERSION_LETTERS = 40
KEY_LETTERS = 500


class Server:
    def __init__(self, session: Session) -> None:
        self._session = session

    def version(self) -> Version:
        """Needs no sign-in. Raises ``AnsweredElse`` for what is not a Dispatcharr server."""
        what = "say its version"
        found = row(self._session.get("/api/core/version/", what=what, open_to_all=True), what=what)
        return {"version": str(found.get("version") or "")[:VERSION_LETTERS], "timestamp": found.get("timestamp")}

    def me(self) -> User:
        """The account that we use, with its level."""
        what = "read its own account"
        return cast(User, row(self._session.get("/api/accounts/users/me/", what=what), what=what))

    def api_key(self) -> str:
        """The key of the account that we use, "" when it has none. A secret."""
        what = "read the API key of its own account"
        return _key(row(self._session.get("/api/accounts/api-keys/", what=what), what=what))

    def generate_api_key(self) -> str:
        """Make a key for the account that we use. One that it had is void at once: look at :meth:`api_key` first."""
        what = "make an API key"
        return _key(row(self._session.post("/api/accounts/api-keys/generate/", {}, what=what), what=what))

    def users(self) -> list[User]:
        """Administrators only. Rows hold API keys in clear: never log or keep them."""
        what = "list the users"
        return cast("list[User]", rows(self._session.get("/api/accounts/users/", what=what), what=what))

    def settings(self) -> dict[str, Any]:
        """The server's settings, key → value (an object, or anything that somebody has put there)."""
        what = "read the server's settings"
        return {
            str(found["key"]): found.get("value")
            for found in rows(self._session.get("/api/core/settings/", what=what), what=what)
            if "key" in found
        }

    def user_agents(self) -> list[UserAgent]:
        """What accounts and stream profiles refer to by id."""
        what = "list the user agents"
        return cast("list[UserAgent]", rows(self._session.get("/api/core/useragents/", what=what), what=what))

    def create_user_agent(self, name: str, text: str) -> UserAgent:
        """Raises ``Rejected`` when another one has the name or the text."""
        what = "create a user agent"
        body = {"name": name, "user_agent": text, "is_active": True}
        return cast(UserAgent, made(self._session.post("/api/core/useragents/", body, what=what), what=what))

    def proxy_status(self) -> ProxyStatus:
        """What is being watched at this moment. Administrators only."""
        what = "read what is being watched"
        return cast(ProxyStatus, row(self._session.get("/proxy/ts/status", what=what), what=what))

    def events(self, *, event_type: str = "", limit: int = 100) -> list[SystemEvent]:
        """The latest events, newest first; the server keeps about a hundred. Administrators only."""
        what = "read the server's events"
        params = {"limit": str(limit)} | ({"event_type": event_type} if event_type else {})
        found = row(self._session.get("/api/core/system-events/", what=what, params=params), what=what)
        return cast("list[SystemEvent]", rows(found.get("events"), what=what))


def _key(found: Mapping[str, Any]) -> str:
    key = found.get("key")
    return key if isinstance(key, str) and key.isascii() and key.isprintable() and len(key) <= KEY_LETTERS else ""
