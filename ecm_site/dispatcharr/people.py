"""Asks the server whether a person is who he says (50 U-17). Nothing of ECM's own sign-in is used or changed by that."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ecm_site.dispatcharr.answers import RawAnswer, decode
from ecm_site.dispatcharr.errors import AnsweredElse, Busy, DispatcharrError, NoRights, ServerFault, Unreachable
from ecm_site.dispatcharr.sign_in_store import SIGN_INS_MAX, SignInStore
from ecm_site.dispatcharr.transport import Patience, Transport

logger = logging.getLogger(__name__)

PATIENCE = Patience(read=30.0, total=30.0)
THROTTLED_SECONDS = 60  # what callers are told to wait when the server throttles
PROFILES = ("/api/accounts/users/me/", "/api/accounts/me/")  # the second one is that of older servers

WRONG = "Dispatcharr does not confirm this username and password."
THROTTLED = (
    "Dispatcharr allows only a few sign-ins a minute for all users of this install together. Try again in {seconds} seconds."
)
FORBIDDEN = "Dispatcharr does not allow sign-ins from here (its network policy). Ask whoever runs it."
AWAY = "Dispatcharr does not answer. Try again later, or sign in with a password of ECM if you have one."


class PersonRefused(Exception):
    """The server did not vouch for the person. ``str()`` is for the person; ``why`` is for the log and holds no secrets.

    ``status`` is the HTTP status that fits; ``retry_after`` is in seconds, 0 = does not matter.
    """

    def __init__(self, status: int, sentence: str, *, why: str, retry_after: int = 0) -> None:
        super().__init__(sentence)
        self.status = status
        self.why = why
        self.retry_after = retry_after


@dataclass(frozen=True)
class Person:
    """Whom the server vouches for. ``external_id`` stays when the name changes; ``server`` is host and port.

    ``level`` is what the person may do there: 0 Streamer, 1 Standard, 10 Admin; None when the server does not say.
    """

    external_id: str
    username: str
    email: str
    first_name: str
    last_name: str
    server: str
    level: int | None = None


def who_is(address: str, username: str, password: str, *, clock: Callable[[], float] = time.time) -> Person:
    """Check the credentials at the server ``address`` and read the person's profile, on a connection of its own.

    The server takes three sign-ins a minute from this machine, good and bad together. Ours to it are never endangered by
    visitors: these share two a minute among all processes, and who comes third is told to wait without asking the server.
    Raises :class:`PersonRefused`.
    """
    try:
        transport = Transport(address)
    except Unreachable as error:
        raise PersonRefused(503, AWAY, why=str(error)) from error
    try:
        _take_a_turn(transport.server, clock)
        return _ask(transport, username, password, clock)
    finally:
        transport.close()


def _ask(transport: Transport, username: str, password: str, clock: Callable[[], float]) -> Person:
    patience = _Patience()
    try:
        answer = transport.send(
            "POST",
            "/api/accounts/token/",
            headers={},
            json={"username": username, "password": password},
            patience=patience.left(),
        )
        token = decode(answer, what="check a sign-in").get("access")
        if not isinstance(token, str) or not token:
            raise AnsweredElse("The answer to the sign-in holds no token.")
        return _person(_profile(transport, token, patience), username, transport.server)
    except Busy as error:
        _spend_all_turns(transport.server, clock)
        words = THROTTLED.format(seconds=THROTTLED_SECONDS)
        raise PersonRefused(429, words, why=str(error), retry_after=THROTTLED_SECONDS) from error
    except NoRights as error:
        raise PersonRefused(403, FORBIDDEN, why="the server answers 403") from error
    except (Unreachable, ServerFault) as error:
        if error.temporary:
            raise PersonRefused(503, AWAY, why=str(error)) from error
        raise PersonRefused(401, WRONG, why=str(error)) from error
    except (DispatcharrError, AttributeError) as error:  # AttributeError: JSON, but no object
        raise PersonRefused(401, WRONG, why=str(error)) from error


class _Patience:
    """One for all requests of a sign-in together: a thread of the web server waits for them."""

    def __init__(self) -> None:
        self._ends = time.monotonic() + PATIENCE.total

    def left(self) -> Patience:
        seconds = max(0.1, self._ends - time.monotonic())
        return Patience(read=min(PATIENCE.read, seconds), total=seconds)


def _profile(transport: Transport, token: str, patience: _Patience) -> Mapping[str, Any]:
    """What the server says about the person; empty when it has no such address. Holds an API key: never log or keep it."""
    for path in PROFILES:
        answer = transport.send("GET", path, headers={"Authorization": f"Bearer {token}"}, patience=patience.left())
        if _is_no_address(answer):
            continue
        found = decode(answer, what="read a profile")
        if isinstance(found, Mapping):
            return found
        raise AnsweredElse("The profile is no object.")
    return {}


def _is_no_address(answer: RawAnswer) -> bool:
    """404, or the server's user interface, which it shows at addresses that it does not know."""
    if answer.status == 404:
        return True
    return answer.status == 200 and "html" in answer.headers.get("content-type", "")


def _person(profile: Mapping[str, Any], typed: str, server: str) -> Person:
    known = profile.get("id")
    name = _text(profile, "username") or typed.strip()
    has_id = isinstance(known, int | str) and not isinstance(known, bool) and str(known).strip()
    return Person(
        external_id=str(known).strip()[:200] if has_id else f"dispatcharr:{name}"[:200],
        username=name[:150],
        email=_text(profile, "email")[:254],
        first_name=_text(profile, "first_name")[:150],
        last_name=_text(profile, "last_name")[:150],
        server=server,
        level=_level(profile.get("user_level")),
    )


def _level(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(profile: Mapping[str, Any], key: str) -> str:
    value = profile.get(key)
    return "".join(letter for letter in value if letter.isprintable()).strip() if isinstance(value, str) else ""


def _visitors(server: str, clock: Callable[[], float]) -> SignInStore:
    return SignInStore(f"visitors of {server}", clock=clock)


def _take_a_turn(server: str, clock: Callable[[], float]) -> None:
    store = _visitors(server, clock)
    with store.locked() as known:
        now = clock()
        wait = known.wait_before_sign_in(now)
        if wait <= 0:
            known.attempts.append(now)
            return
    seconds = max(1, round(wait))
    raise PersonRefused(429, THROTTLED.format(seconds=seconds), why="the turns of this minute are used", retry_after=seconds)


def _spend_all_turns(server: str, clock: Callable[[], float]) -> None:
    with _visitors(server, clock).locked() as known:
        known.attempts = [clock()] * SIGN_INS_MAX
