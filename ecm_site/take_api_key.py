"""Use case: let ECM work with the API key of its account instead of the password."""

import logging
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from ecm_site.conf import EcmSettings, SettingsMoved, get_settings
from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.credentials import API_KEY, PASSWORD, Credentials
from ecm_site.dispatcharr.errors import DispatcharrError
from ecm_site.dispatcharr.patience import Backoff
from ecm_site.one_at_a_time import only_one
from tasks_app.change_settings import change_settings

logger = logging.getLogger(__name__)

_MEANT = ("dispatcharr_url", "dispatcharr_auth", "dispatcharr_user", "dispatcharr_password", "dispatcharr_api_key")
"""What a key is asked for with; it is good for nothing else, and must go to no other server."""


class KeyRefused(Exception):
    """It cannot be done. A sentence; nothing was saved."""


@dataclass(frozen=True)
class TakenKey:
    """``was_made``: the account had none before."""

    user: str
    was_made: bool
    names: tuple[str, ...] = field(default=())


def can_take_key(record: EcmSettings) -> bool:
    """Whether the settings name a server and a user with a password, which is what asking for a key takes."""
    credentials = Credentials.from_settings(record)
    return bool(record.dispatcharr_url) and credentials.auth == PASSWORD and not credentials.missing


def take_api_key(section: str) -> TakenKey:
    """Take over the key that the account has, or make one where it has none, try it, and save it in the place of the password.

    A key that exists is never made anew: that would end it for everything else that uses it. ``section`` names the settings
    page for the journal. Raises :class:`KeyRefused`.
    """
    with _alone():
        record = get_settings()
        if not can_take_key(record):
            raise KeyRefused("ECM does not sign in with a user and a password, so there is nothing to change.")
        try:
            user, key, was_made = _key_of(record)
            _try(record.dispatcharr_url, key, user)
        except DispatcharrError as error:
            raise KeyRefused(str(error)) from error
        values = {"dispatcharr_auth": API_KEY, "dispatcharr_api_key": key, "dispatcharr_password": ""}
        meant = {name: getattr(record, name) for name in _MEANT}
        try:
            change = change_settings(section, values, if_still=meant)
        except SettingsMoved:
            raise KeyRefused("The settings were changed meanwhile. Look again.") from None
    logger.info("[DISPATCHARR] Works with an API key from now on, which was %s", "made" if was_made else "there")
    return TakenKey(user, was_made, change.names)


def _alone() -> AbstractContextManager[int]:
    """Two at once, such as a double click, would both make a key, and the second ends the first, which may be the saved one."""
    busy = KeyRefused("Somebody is changing over to an API key right now. Look again in a moment.")
    return only_one("api-key", busy)


def _key_of(record: EcmSettings) -> tuple[str, str, bool]:
    """The name of the account, its key, and whether that was made just now."""
    client = _client(record.dispatcharr_url, Credentials.from_settings(record))
    try:
        user = str(client.server.me().get("username") or record.dispatcharr_user)
        key = client.server.api_key()
        was_made = not key
        if was_made:
            key = client.server.generate_api_key()
    finally:
        client.close()
    if not key:
        raise KeyRefused("The server gave no key. Look on the user's page in Dispatcharr, and enter it here.")
    return user, key, was_made


def _try(url: str, key: str, user: str) -> None:
    client = _client(url, Credentials(auth=API_KEY, api_key=key))
    try:
        answered = client.server.me().get("username")
    finally:
        client.close()
    if answered != user:
        raise KeyRefused("The key that the server gave belongs to another user. Nothing was changed here.")


def _client(url: str, credentials: Credentials) -> Dispatcharr:
    return Dispatcharr(url, credentials, insist=True, backoff=Backoff(attempts=1))
