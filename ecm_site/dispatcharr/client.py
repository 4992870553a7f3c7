"""The client: one object per server, one attribute per kind of row; ``get_client()`` for the server of the settings."""

import os
import threading
import time
from collections.abc import Callable

from ecm_site.conf import get_settings
from ecm_site.dispatcharr.credentials import Credentials
from ecm_site.dispatcharr.errors import DispatcharrError
from ecm_site.dispatcharr.patience import Backoff, CircuitBreaker
from ecm_site.dispatcharr.resources.accounts import Accounts
from ecm_site.dispatcharr.resources.channels import Channels
from ecm_site.dispatcharr.resources.guide import Guide
from ecm_site.dispatcharr.resources.lineup import ChannelProfiles, Groups, Logos, StreamProfiles
from ecm_site.dispatcharr.resources.server import Server
from ecm_site.dispatcharr.resources.streams import Streams
from ecm_site.dispatcharr.session import Session
from ecm_site.dispatcharr.sign_in import SignIn
from ecm_site.dispatcharr.sign_in_store import SignInStore
from ecm_site.dispatcharr.transport import Patience, Transport

HURRY = Patience(read=10.0, total=10.0, is_long=True)  # 50 §5.1


class NotConfigured(DispatcharrError):
    """No server is entered in the settings."""


class Dispatcharr:
    """A server. Safe to share between threads; each process makes its own.

    ``insist``: somebody waits for the answer: no request takes longer than :data:`HURRY`, and credentials that were refused a
    moment ago are tried again. ``backoff``, ``breaker``, ``clock`` and ``sleep`` are for tests.
    Raises :class:`Unreachable` for an address that cannot be one.
    """

    def __init__(
        self,
        address: str,
        credentials: Credentials | None = None,
        *,
        insist: bool = False,
        backoff: Backoff | None = None,
        breaker: CircuitBreaker | None = None,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self.transport = Transport(address, longest=HURRY if insist else None)
        sign_in = None
        if credentials is not None:
            patience = HURRY.total if insist else None
            store = SignInStore(self.transport.server, clock=clock or time.time, patience=patience)
            sign_in = SignIn(self.transport, credentials, store, insist=insist)
        self.session = Session(
            self.transport, sign_in, backoff=backoff, breaker=breaker, **({"sleep": sleep} if sleep is not None else {})
        )
        self.server = Server(self.session)
        self.accounts = Accounts(self.session)
        self.streams = Streams(self.session)
        self.channels = Channels(self.session)
        self.groups = Groups(self.session)
        self.logos = Logos(self.session)
        self.channel_profiles = ChannelProfiles(self.session)
        self.stream_profiles = StreamProfiles(self.session)
        self.guide = Guide(self.session)

    @property
    def address(self) -> str:
        """The root of the server; holds no credentials."""
        return self.transport.root

    def close(self) -> None:
        """Hang up. Other threads' requests end with an error."""
        self.transport.close()


_lock = threading.Lock()
_current: tuple[int, str, Credentials, Dispatcharr] | None = None


def get_client() -> Dispatcharr:
    """The client of the server in the settings, the same object until these change. Costs no request.

    Raises :class:`NotConfigured` or :class:`Unreachable`.
    """
    global _current
    record = get_settings()
    if not record.dispatcharr_url:
        raise NotConfigured("No Dispatcharr server is entered in the settings.")
    credentials = Credentials.from_settings(record)
    key = (os.getpid(), record.dispatcharr_url, credentials)  # a forked worker must not share sockets
    with _lock:
        if _current is None or _current[:3] != key:
            _current = (*key, Dispatcharr(record.dispatcharr_url, credentials))
        return _current[3]


def reset_client() -> None:
    """Forget the client, its connections and what its circuit breaker has learnt: the next :func:`get_client` begins anew.

    What processes share about signing in is kept, so that this is no way around the server's throttle.
    """
    global _current
    with _lock:
        forgotten, _current = _current, None
    if forgotten is not None and forgotten[0] == os.getpid():
        forgotten[3].close()
