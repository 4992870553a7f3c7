"""What of an address stays when the login or the server changes (20 §3.7, §23 reconnect)."""

import re
from functools import lru_cache
from typing import NamedTuple

# Resellers: http://host/live/user/password/12345.ts, also without "live" and without an ending.
_RESELLER = re.compile(
    r"([a-z][a-z0-9+.-]*://[^/?#]*+(?:/(?!live/|movie/|series/)[^/?#]+)*?)/(?:(live|movie|series)/)?([^/?#]+/[^/?#]+)/"
    r"(\d{1,18})(?:\.\w{1,5})?(?:[?#].*)?",
    re.IGNORECASE | re.DOTALL,
)
_PARTS = re.compile(r"([a-z][a-z0-9+.-]*://[^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#.*)?", re.IGNORECASE | re.DOTALL)
_SECRET_KEYS = frozenset(
    re.findall(
        r"\w+",
        "user username login pass password pwd token auth key apikey api_key sig signature hash md5 secret expires expire exp e"
        " st ts sid session sessionid session_id uid userid user_id mac hdnts hdnea wmsauthsign nimblesessionid",
    )
)
_TOKEN_LENGTH = 20  # a path part as long as this with letters and digits mixed is a token, not a name
_TOKEN = re.compile(r"(?=[^/]*\d)(?=[^/]*[A-Za-z])[\w~=%-]{20,}", re.ASCII)


class Address(NamedTuple):
    """``door`` is server and login, ``rest`` what lies behind it and stays when only the door changes.

    ``number`` is the provider's stream number where the address shows one, else empty.
    """

    door: str
    rest: str
    number: str = ""


@lru_cache(maxsize=1024)
def split_address(url: str) -> Address:
    """Split ``url``; of what is no address at all everything is ``rest``."""
    reseller = _RESELLER.fullmatch(url)
    if reseller is not None:
        base, kind, login, number = reseller.groups()
        return Address(f"{base}/{login}", f"{(kind or 'live').lower()}/{number}", number)
    parts = _PARTS.fullmatch(url)
    if parts is None:
        return Address("", url)
    host, path, query = parts.groups()
    path = _TOKEN.sub("*", path) if len(path) > _TOKEN_LENGTH else path
    if not query:
        return Address(host, path)
    kept: list[str] = []
    secret: list[str] = []
    for part in query.split("&"):
        (secret if part.partition("=")[0].lower() in _SECRET_KEYS else kept).append(part)
    return Address(f"{host}?{'&'.join(secret)}" if secret else host, f"{path}?{'&'.join(kept)}" if kept else path)
