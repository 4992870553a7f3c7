"""What all processes know together about signing in to a server: the tokens, the recent sign-ins, refused credentials.

The server allows three sign-ins a minute and address, counting good and bad. The web server, the worker and every command
share one small file per server in the data folder, under a lock that is held while somebody signs in: so there is one
sign-in however many need it, and never a fourth in a minute.
"""

import fcntl
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path

from django.conf import settings

from ecm_site.crypto import SecretUnreadable, decrypt, encrypt
from ecm_site.dispatcharr.credentials import server_key
from ecm_site.dispatcharr.errors import Busy

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 65.0  # the server counts a minute; a little more for clocks that differ
SIGN_INS_MAX = 2  # of the server's three: one is left to the operator's own browser
REFUSED_SECONDS = 300.0  # credentials that were refused are not tried again on our own for this long
KEPT = 4  # credentials whose tokens are kept: those of the settings, and some that were tried on the way to them
TURN_SECONDS = 0.1


@dataclass
class Tokens:
    """What one user and password got from the server."""

    access: str = ""
    access_until: float = 0.0
    refresh: str = ""
    refresh_until: float = 0.0


@dataclass
class Remembered:
    """Times are seconds of this machine's clock. ``tokens`` and ``refused`` are by fingerprint of the credentials: trying
    others takes nothing from those that work."""

    attempts: list[float] = field(default_factory=list)
    refused: dict[str, float] = field(default_factory=dict)
    tokens: dict[str, Tokens] = field(default_factory=dict)

    def keep(self, owner: str, tokens: Tokens) -> None:
        """Take over what a sign-in got; of many the one that ends first is forgotten."""
        self.tokens[owner] = tokens
        self.refused.pop(owner, None)
        while len(self.tokens) > KEPT:
            del self.tokens[min(self.tokens, key=lambda name: self.tokens[name].refresh_until)]

    def refuse(self, owner: str, now: float) -> None:
        """The server said no to these credentials."""
        recent = {name: at for name, at in self.refused.items() if 0 <= now - at < REFUSED_SECONDS}
        self.refused = {**dict(sorted(recent.items(), key=lambda item: item[1])[-KEPT:]), owner: now}
        self.tokens.pop(owner, None)

    def recent_attempts(self, now: float) -> list[float]:
        """Sign-ins within the window; times from a clock that has since been set back count as just now."""
        return [min(moment, now) for moment in self.attempts if now - moment < WINDOW_SECONDS]

    def wait_before_sign_in(self, now: float) -> float:
        """Seconds until another sign-in is allowed; 0 = now."""
        recent = sorted(self.recent_attempts(now))
        return max(recent[-SIGN_INS_MAX] + WINDOW_SECONDS - now, 0.0) if len(recent) >= SIGN_INS_MAX else 0.0


class SignInStore:
    """The file of one server. ``clock`` gives seconds that all processes agree on.

    ``patience``: seconds to wait while another process signs in; None = as long as that takes.
    """

    def __init__(self, server: str, *, clock: Callable[[], float] = time.time, patience: float | None = None) -> None:
        self.clock = clock
        self._patience = patience
        self._path = Path(settings.CONFIG_DIR) / f"dispatcharr-{server_key(server)}.session"
        self._memory = Remembered()  # for a data folder that cannot be written

    @contextmanager
    def locked(self) -> Iterator[Remembered]:
        """What is known, with nobody else between: what the body changes is stored, also when it raises.

        Raises :class:`Busy` when somebody else is between for longer than ``patience``.
        """
        try:
            handle = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            logger.warning("[DISPATCHARR] The data folder cannot be written; the sign-in is not shared with other processes")
            yield self._memory
            return
        try:
            self._take_turn(handle)
            known = self._read()
            before = asdict(known)
            try:
                yield known
            finally:
                known.attempts = known.recent_attempts(self.clock())
                self._memory = known
                if asdict(known) != before:
                    self._write(known)
        finally:
            os.close(handle)

    def _take_turn(self, handle: int) -> None:
        if self._patience is None:
            fcntl.flock(handle, fcntl.LOCK_EX)
            return
        until = time.monotonic() + self._patience
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise Busy(
                        "Another part of ECM has been signing in to this server for a while: it hangs, or is overloaded.",
                        retry_after=self._patience,
                    ) from None
                time.sleep(TURN_SECONDS)
            else:
                return

    def _read(self) -> Remembered:
        try:
            known = json.loads(decrypt(self._path.read_text(encoding="utf-8")))
            known["tokens"] = {owner: Tokens(**tokens) for owner, tokens in known["tokens"].items()}
            return Remembered(**known)
        except FileNotFoundError:
            return deepcopy(self._memory) if self._memory.attempts else Remembered()
        except (OSError, ValueError, TypeError, LookupError, AttributeError, SecretUnreadable):
            logger.warning("[DISPATCHARR] The stored sign-in cannot be read and is begun anew")
            return Remembered()

    def _write(self, known: Remembered) -> None:
        temporary = self._path.with_suffix(f".{os.getpid()}.part")
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(encrypt(json.dumps(asdict(known))))
            os.replace(temporary, self._path)
        except OSError:
            logger.warning("[DISPATCHARR] The sign-in could not be stored; other processes will sign in themselves")
            temporary.unlink(missing_ok=True)
