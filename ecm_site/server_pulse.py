"""Does the Dispatcharr server of the settings answer at all? (50 §11.1)"""

import threading
import time
from dataclasses import dataclass

from ecm_site.conf import get_settings
from ecm_site.dispatcharr.credentials import Credentials
from ecm_site.dispatcharr.errors import DispatcharrError
from ecm_site.dispatcharr.transport import Patience, Transport

OK = "ok"
SKIPPED = "skipped"
KEEP_SECONDS = 30.0
_PATIENCE = Patience(read=3.0, total=3.0)


@dataclass(frozen=True)
class _Pulse:
    address: str
    answer: str
    good_until: float


_last: _Pulse | None = None
_one_asks = threading.Lock()


def server_pulse() -> str:
    """ "ok" for any HTTP answer within three seconds, "skipped" when no server is entered, else the class of the error.

    An answer holds for thirty seconds in its process, and one thread asks at a time: whoever watches us closely, or wants us
    to, makes no requests of the server's.
    """
    global _last
    record = get_settings()
    address = record.dispatcharr_url
    if not address or Credentials.from_settings(record).missing:
        return SKIPPED
    with _one_asks:
        if _last is None or _last.address != address or _last.good_until < time.monotonic():
            answer = _ask(address)
            _last = _Pulse(address, answer, time.monotonic() + KEEP_SECONDS)
        return _last.answer


def _ask(address: str) -> str:
    try:
        transport = Transport(address, longest=_PATIENCE)
    except DispatcharrError as error:
        return type(error).__name__
    try:
        transport.send("GET", "/api/core/version/", headers={})
    except DispatcharrError as error:
        return type(error).__name__
    finally:
        transport.close()
    return OK
