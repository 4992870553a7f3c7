"""Signs in and stays signed in: the headers of a request, renewed when the server no longer takes them."""

import base64
import json
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

from ecm_site.dispatcharr.answers import RawAnswer, decode, token_is_stale
from ecm_site.dispatcharr.credentials import API_KEY, Credentials
from ecm_site.dispatcharr.errors import AnsweredElse, Busy, SignInRefused, Unreachable
from ecm_site.dispatcharr.sign_in_store import REFUSED_SECONDS, SIGN_INS_MAX, Remembered, SignInStore, Tokens
from ecm_site.dispatcharr.transport import Patience, Transport

logger = logging.getLogger(__name__)

EARLY_SECONDS = 60.0  # a token is renewed this long before it expires, at most half its life before
LIFE_UNKNOWN = 300.0
TOKEN_LETTERS = 8_192  # with user and rights a token has some 300; a web server takes about as much as this in a head
PATIENCE = Patience(read=15.0, total=30.0)  # others wait for it
_HEADER_VALUE = re.compile(r"[\x21-\x7e]+")


class SignIn:
    """The credentials of one server at work. Threads and processes share what :class:`SignInStore` keeps.

    ``insist`` tries refused credentials again: for somebody who presses *Test*, never for work in the background.
    """

    def __init__(self, transport: Transport, credentials: Credentials, store: SignInStore, *, insist: bool = False) -> None:
        self.send: Callable[..., RawAnswer] = transport.send  # a session puts its own in the place of this
        self._transport = transport
        self._credentials = credentials
        self._store = store
        self._insist = insist
        self._fingerprint = credentials.fingerprint(transport.root)
        self._token = ""
        self._token_until = 0.0

    def headers(self) -> dict[str, str]:
        """What identifies us in the next request. Raises :class:`SignInRefused`, :class:`Busy` or what sending raises."""
        if self._credentials.missing:
            raise SignInRefused(self._credentials.missing)
        if self._credentials.auth == API_KEY:
            if not _HEADER_VALUE.fullmatch(self._credentials.api_key):
                raise SignInRefused("The API key holds blanks or letters that no key has. Enter it again.")
            return {"X-API-Key": self._credentials.api_key}
        if not self._token or self._store.clock() >= self._token_until:
            self._obtain(stale="")
        return {"Authorization": f"Bearer {self._token}"}

    def renewed(self, answer: RawAnswer, used: Mapping[str, str]) -> bool:
        """After a 401 to a request that carried ``used``: True when it is worth sending it again, now with new headers."""
        if self._credentials.auth == API_KEY or not token_is_stale(answer):
            return False
        self._obtain(stale=used.get("Authorization", "").removeprefix("Bearer "))
        return True

    def _obtain(self, *, stale: str) -> None:
        """Take a token that is not ``stale``: from another process, by the refresh token, or by signing in."""
        with self._store.locked() as known:
            now = self._store.clock()
            tokens = known.tokens.get(self._fingerprint)
            if tokens is not None:
                if tokens.access and tokens.access != stale and now < tokens.access_until:
                    self._take(tokens)
                    return
                if tokens.refresh and now < tokens.refresh_until and self._refreshed(known, tokens):
                    self._take(tokens)
                    return
            self._take(self._sign_in(known))

    def _take(self, tokens: Tokens) -> None:
        self._token, self._token_until = tokens.access, tokens.access_until

    def _refreshed(self, known: Remembered, tokens: Tokens) -> bool:
        """Exchange the refresh token; the server does not throttle that. False when it no longer takes it."""
        answer = self._post("/api/accounts/token/refresh/", {"refresh": tokens.refresh})
        if answer.status in (400, 401):
            del known.tokens[self._fingerprint]
            logger.info("[DISPATCHARR] %s no longer takes the refresh token; signing in again", self._transport.server)
            return False
        tokens.access = _text(decode(answer, what="renew the sign-in"), "access", self._transport.server)
        tokens.access_until = self._until(tokens.access)
        return True

    def _sign_in(self, known: Remembered) -> Tokens:
        server = self._transport.server
        now = self._store.clock()
        refused_at = known.refused.get(self._fingerprint)
        if refused_at is not None and not self._insist and 0 <= now - refused_at < REFUSED_SECONDS:
            raise SignInRefused(
                f"{server} refused this user and password a short while ago. Correct them in the settings; trying the same"
                " again would lock others out."
            )
        wait = known.wait_before_sign_in(now)
        if wait > 0:
            raise Busy(
                f"{server} allows few sign-ins a minute and ECM has used {SIGN_INS_MAX} of them."
                f" It signs in again in {wait:.0f} s.",
                retry_after=wait,
            )
        known.tokens.pop(self._fingerprint, None)
        known.attempts.append(now)
        body = {"username": self._credentials.user, "password": self._credentials.password}
        try:
            answer = self._post("/api/accounts/token/", body)
        except Unreachable as error:
            if not error.maybe_done:
                known.attempts.remove(now)  # the server cannot have counted what it never got
            raise
        if answer.status == 429:  # somebody else has used the sign-ins of this address up
            known.attempts = [now] * SIGN_INS_MAX
        if answer.status in (400, 401):
            known.refuse(self._fingerprint, now)
            logger.warning("[DISPATCHARR] %s refused the user and password", server)
            raise SignInRefused(f"{server} does not know this user with this password.", status=answer.status)
        data = decode(answer, what="sign in")
        access, refresh = _text(data, "access", server), _text(data, "refresh", server)
        tokens = Tokens(access, self._until(access), refresh, self._until(refresh))
        known.keep(self._fingerprint, tokens)
        logger.info("[DISPATCHARR] Signed in to %s", server)
        return tokens

    def _post(self, path: str, body: Mapping[str, str]) -> RawAnswer:
        return self.send("POST", path, headers={}, json=dict(body), patience=PATIENCE)

    def _until(self, token: str) -> float:
        """When to stop using ``token``, by our own clock: the server's may differ, so only the length of its life counts."""
        life = _life(token)
        return self._store.clock() + life - min(EARLY_SECONDS, life / 2)


def _life(token: str) -> float:
    """Seconds from issue to expiry as the token says; it is not verified, only the server can do that."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        life = float(claims["exp"]) - float(claims["iat"])
    except (IndexError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return LIFE_UNKNOWN
    return life if 0 < life < 10 * 365 * 86400 else LIFE_UNKNOWN


def _text(data: Any, key: str, server: str) -> str:
    value = data.get(key) if isinstance(data, dict) else None
    if not isinstance(value, str) or len(value) > TOKEN_LETTERS or not _HEADER_VALUE.fullmatch(value):
        raise AnsweredElse(f"{server} answered the sign-in with something that holds no token that can be used.")
    return value
