"""Tries a server and says what was found and what is wrong: for *Test*, ``check_dispatcharr``, and before switching over."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.credentials import PASSWORD, Credentials
from ecm_site.dispatcharr.errors import (
    AnsweredElse,
    Busy,
    DispatcharrError,
    NoRights,
    NotFound,
    Rejected,
    SignInRefused,
    Unreachable,
)
from ecm_site.dispatcharr.patience import Backoff
from ecm_site.wording import counted

Where = Literal["", "address", "network", "credentials", "rights", "server"]
ADMINISTRATOR = 10
KNOWN_VERSION = "0.29"
NOUNS = {
    "accounts": "account",
    "streams": "stream",
    "channels": "channel",
    "groups": "group",
    "guide_sources": "guide source",
}
USE_A_KEY = (
    "Dispatcharr allows three sign-ins a minute, good and bad together, for everything that comes from this machine. An API key"
    " needs none, does not run out, and can be taken back without changing a password."
)
LEVELS = {0: "streamer (may only watch)", 1: "standard user (may only read)", ADMINISTRATOR: "administrator"}


@dataclass(frozen=True)
class ConnectionReport:
    """``problem`` is a sentence, "" when all is well, and ``where`` what to look at. Counts are None when not reached."""

    address: str
    problem: str = ""
    where: Where = ""
    version: str = ""
    user: str = ""
    user_level: int | None = None
    counts: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    retry_after: float = 0.0
    """Seconds to wait before asking again; 0 = that would not help."""
    advice: str = ""
    """What would be better, in a sentence or two."""

    @property
    def ok(self) -> bool:
        return not self.problem

    @property
    def level_words(self) -> str:
        """What the account may do."""
        return "" if self.user_level is None else LEVELS.get(self.user_level, f"user level {self.user_level}")

    @property
    def counts_words(self) -> str:
        """What was counted, as in "1 account, 40 streams"."""
        return ", ".join(counted(count, NOUNS[name]) for name, count in self.counts.items())

    def as_json(self) -> dict[str, object]:
        """For ``--json``; the keys are a promise."""
        return {
            "ok": self.ok,
            "address": self.address,
            "problem": self.problem,
            "where": self.where,
            "version": self.version,
            "user": self.user,
            "user_level": self.user_level,
            "counts": self.counts,
            "notes": list(self.notes),
            "seconds": round(self.seconds, 3),
            "retry_after": round(self.retry_after),
            "advice": self.advice,
        }


def check_connection(url: str, credentials: Credentials, *, client: Dispatcharr | None = None) -> ConnectionReport:
    """Ask the server at ``url`` for its version, its account for its rights, and count what is there. Changes nothing.

    At most one sign-in. Never raises a :class:`DispatcharrError`: the report says what is wrong. ``client`` is for tests.
    """
    try:
        server = client or Dispatcharr(url, credentials, insist=True, backoff=Backoff(attempts=1))
    except Unreachable as error:
        return ConnectionReport(address=url.rpartition("@")[2], problem=str(error), where="address")
    try:
        return _Check(server, credentials).run()
    finally:
        if client is None:
            server.close()


class _Check:
    """Collects what was found until something goes wrong."""

    def __init__(self, client: Dispatcharr, credentials: Credentials) -> None:
        self._client = client
        self._credentials = credentials
        self._version = self._user = ""
        self._level: int | None = None
        self._counts: dict[str, int] = {}
        self._notes: list[str] = []
        self._retry_after = 0.0
        self._advice = ""

    def run(self) -> ConnectionReport:
        steps: tuple[Callable[[], tuple[Where, str]], ...] = (self._ask_version, self._ask_account, self._count)
        for step in steps:
            where, problem = step()
            if problem:
                return self._report(problem, where)
        return self._report("", "")

    def _ask_version(self) -> tuple[Where, str]:
        try:
            self._version = self._client.server.version()["version"]
        except (AnsweredElse, NotFound) as error:
            return "address", f"This does not look like a Dispatcharr server. {error}"
        except NoRights:
            return "network", self._kept_out()
        except Unreachable as error:
            return "network", str(error)
        except DispatcharrError as error:
            return "server", str(error)
        if not self._version:
            return "address", "Something answers at this address, but it does not say that it is Dispatcharr."
        if not self._version.startswith(f"{KNOWN_VERSION}."):
            self._notes.append(
                f"ECM was tried with Dispatcharr {KNOWN_VERSION}; this is {self._version}. Most things will work."
            )
        return "", ""

    def _ask_account(self) -> tuple[Where, str]:
        missing = self._credentials.missing
        if missing:
            return "credentials", missing
        try:
            me = self._client.server.me()
            self._user, self._level = str(me["username"]), int(me["user_level"])
        except (SignInRefused, Rejected) as error:
            return "credentials", str(error)
        except Busy as error:
            self._retry_after = error.retry_after
            self._advice = USE_A_KEY
            return "credentials", str(error)
        except NoRights:  # every account may read itself
            return "network", self._kept_out()
        except Unreachable as error:
            return "network", str(error)
        except (KeyError, ValueError, TypeError):
            return "server", "The server describes its accounts in a way that ECM does not know. Is its version supported?"
        except DispatcharrError as error:
            return "server", str(error)
        if self._level < ADMINISTRATOR:
            return "rights", (
                f"The account {self._user} is a {LEVELS.get(self._level, 'user of another level')}; ECM needs an administrator"
                " to change channels, accounts and guide sources."
            )
        return "", ""

    def _kept_out(self) -> str:
        return (
            f"Dispatcharr at {self._client.transport.server} does not let this machine in: its network policy allows other"
            " addresses only. It is set in Dispatcharr under Settings → Network Access."
        )

    def _count(self) -> tuple[Where, str]:
        client = self._client
        counters: dict[str, Callable[[], int]] = {
            "accounts": lambda: sum(not account.get("locked") for account in client.accounts.all()),
            "streams": client.streams.count,
            "channels": lambda: len(client.channels.ids()),
            "groups": lambda: len(client.groups.all()),
            "guide_sources": lambda: len(client.guide.sources()),
        }
        try:
            for name, count in counters.items():
                self._counts[name] = count()
        except NoRights as error:
            return "rights", str(error)
        except Unreachable as error:
            return "network", str(error)
        except DispatcharrError as error:
            return "server", str(error)
        return "", ""

    def _report(self, problem: str, where: Where) -> ConnectionReport:
        return ConnectionReport(
            address=self._client.address,
            problem=problem,
            where=where,
            version=self._version,
            user=self._user,
            user_level=self._level,
            counts=self._counts,
            notes=tuple(self._notes),
            seconds=self._client.session.tally.seconds,
            retry_after=self._retry_after,
            advice=self._advice or ("" if problem or self._credentials.auth != PASSWORD else USE_A_KEY),
        )
