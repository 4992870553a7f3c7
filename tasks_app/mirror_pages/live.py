"""What is being watched on the server: looked at politely, in the background, while somebody has a page open (20 §16).

Pages read one stored row. Who looks asks for a fresh answer; however many look, the server is asked once per interval, by a
thread that nobody waits for.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from django.db import DatabaseError, connection
from django.db.models import Q
from django.utils import timezone

from ecm_site.conf import get_settings
from ecm_site.dispatcharr.errors import DispatcharrError, Stopped
from ecm_site.dispatcharr.session import stopping_when
from ecm_site.dispatcharr.shapes import ProxyStatus
from ecm_site.wording import shortened
from tasks_app.mirror.which_server import known_client
from tasks_app.models import LiveStatus, MirrorState

logger = logging.getLogger(__name__)

GIVE_UP_SECONDS = 10.0
"""A status that takes longer is none."""
PENDING_SECONDS = 2
"""How soon a page asks again while an answer is on its way."""
KEPT_CHANNELS = 500
NAMES_SHOWN = 6
NO_ANSWER = "The server did not answer in time."


@dataclass(frozen=True)
class WatchedChannel:
    name: str
    clients: int


@dataclass(frozen=True)
class Live:
    """What the strip shows. ``is_known`` is False when the server does not answer, or nobody has looked for a while."""

    is_known: bool
    is_pending: bool
    problem: str
    at: datetime | None
    channels: list[WatchedChannel] = field(default_factory=list)
    interval: int = 10

    @property
    def viewers(self) -> int:
        return sum(channel.clients for channel in self.channels)

    @property
    def first(self) -> list[WatchedChannel]:
        return self.channels[:NAMES_SHOWN]

    @property
    def more(self) -> int:
        return max(0, len(self.channels) - NAMES_SHOWN)

    @property
    def ask_again(self) -> int:
        """Seconds until an open page looks again."""
        return PENDING_SECONDS if self.is_pending else self.interval

    @property
    def token(self) -> str:
        """Another one whenever the strip looks different."""
        shown = "|".join(f"{channel.name}={channel.clients}" for channel in self.first)
        return f"{crc32(shown.encode()):08x}-{len(self.channels)}-{self.viewers}-{self.is_known:d}-{self.is_pending:d}"


def live_status(now: datetime | None = None) -> Live:
    """What is known. One query, no waiting."""
    now = now or timezone.now()
    interval = get_settings().stats_poll_interval
    row = LiveStatus.objects.filter(pk=1).first()
    if row is None or row.asked_at is None:
        return Live(False, False, "", None, interval=interval)
    waiting_since = now - row.asked_at
    pending = (row.answered_at is None or row.answered_at < row.asked_at) and (
        timedelta(0) <= waiting_since < timedelta(seconds=GIVE_UP_SECONDS + interval)
    )
    fresh_for = timedelta(seconds=max(3 * interval, 60))
    fresh = row.answered_at is not None and timedelta(0) <= now - row.answered_at < fresh_for
    known = fresh and not row.problem
    channels = [WatchedChannel(entry["name"], entry["clients"]) for entry in row.channels] if known else []
    # While something is known, what comes is shown at the next look: a strip that changed twice a round would take the focus.
    return Live(known, pending and not known, row.problem if fresh else "", row.answered_at, channels, interval)


def look(*, start: Callable[[Callable[[], None]], None] | None = None) -> bool:
    """Somebody looks: ask the server, unless it was asked within the interval. Returns at once; True when it was asked.

    ``start`` carries the work out (default: a thread of its own).
    """
    if not MirrorState.objects.filter(pk=1, connected=True).exists():
        return False
    now = timezone.now()
    before = now - timedelta(seconds=get_settings().stats_poll_interval)
    LiveStatus.objects.get_or_create(pk=1)
    due = Q(asked_at__isnull=True) | Q(asked_at__lte=before) | Q(asked_at__gt=now + timedelta(seconds=1))  # or a clock set back
    if not LiveStatus.objects.filter(Q(pk=1) & due).update(asked_at=now):
        return False
    (start or _in_a_thread)(_ask_and_close)
    return True


def _in_a_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="live-status", daemon=True).start()


def _ask_and_close() -> None:
    try:
        ask_server()
    except DatabaseError:
        logger.exception("[LIVE] The live status could not be stored")
    finally:
        connection.close()


def ask_server() -> None:
    """Ask and store the answer, whatever it is; takes up to :data:`GIVE_UP_SECONDS`."""
    channels, problem = _asked()
    LiveStatus.objects.filter(pk=1).update(answered_at=timezone.now(), problem=problem, channels=channels)


def _asked() -> tuple[list[dict[str, Any]], str]:
    deadline = time.monotonic() + GIVE_UP_SECONDS
    try:
        with stopping_when(lambda: time.monotonic() > deadline):
            return _kept(known_client().server.proxy_status()), ""
    except Stopped:
        return [], NO_ANSWER
    except DispatcharrError as error:
        logger.info("[LIVE] What is being watched is unknown: %s", error)
        return [], str(error)


def _kept(status: ProxyStatus) -> list[dict[str, Any]]:
    """Name and number of viewers of each channel, most viewers first. The server's own words are not trusted to be complete."""
    found: list[dict[str, Any]] = []
    rows: Any = status.get("channels")
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict):
            continue
        clients = row.get("client_count")
        name = str(row.get("channel_name") or row.get("stream_name") or row.get("channel_id") or "A channel")
        found.append(
            {
                "uuid": str(row.get("channel_id") or "")[:64],
                "name": shortened(name, 200),
                "clients": clients if isinstance(clients, int) and clients > 0 else 0,
            }
        )
    found.sort(key=lambda entry: (-entry["clients"], entry["name"].casefold()))
    return found[:KEPT_CHANNELS]
