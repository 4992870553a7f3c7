"""How many previews run at once, in all processes together.

A running preview holds a lock on a small file in the data folder. The system lets go of it when the process dies, so a
crash leaves no preview behind that never was one.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from channels_app.preview.errors import PreviewRefused
from ecm_site.conf import get_settings
from ecm_site.environment import env_int
from ecm_site.wording import counted, shortened
from m3u_app.connection_limits import ConnectionLimit

_MOST = 32
_PATIENCE_SECONDS = 2.5  # closing one preview and opening the next overlap by a moment
_SHOWN = 5
_KEPT_THREADS = 2


@dataclass(frozen=True)
class OpenPreview:
    user_id: int
    user_name: str
    what: str
    since: float  # Unix time
    counters: tuple[str, ...] = ()
    """Keys of the providers' limits that its connection counts for."""

    def words(self) -> str:
        minutes = int(max(0.0, time.time() - self.since) // 60)
        return f"{self.user_name}: “{shortened(self.what)}” (since {minutes} min)"


class Slot:
    """The right to run one preview, until :meth:`release`."""

    def __init__(self, handle: int) -> None:
        self._handle: int | None = handle

    def release(self) -> None:
        if self._handle is not None:
            os.close(self._handle)  # which unlocks it
            self._handle = None


def most_at_once() -> int:
    """The cap in force. A preview occupies a thread of the web server all along; some must stay for pages, even if all
    previews came to the same process."""
    return max(1, min(get_settings().preview_limit, env_int("ECM_WEB_THREADS", 8) - _KEPT_THREADS, _MOST))


def claim(user_id: int, user_name: str, what: str, limits: Sequence[ConnectionLimit] = ()) -> Slot:
    """Take a slot, and with it a place in each of the provider's ``limits``.

    Raises :class:`PreviewRefused`: 429 when this user has as many as allowed, 503 when all are taken, here or at the provider.
    """
    mine = OpenPreview(user_id, user_name, what[:200], time.time(), tuple(limit.key for limit in limits))
    ends = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return _claim(mine, limits)
        except PreviewRefused:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)


def open_previews() -> list[OpenPreview]:
    """What runs now."""
    with _only_one():
        return [about for _number, about in _taken() if about is not None]


def _claim(mine: OpenPreview, limits: Sequence[ConnectionLimit]) -> Slot:
    with _only_one():
        taken = _taken()
        running = [about for _number, about in taken if about is not None]
        own = [about for about in running if about.user_id == mine.user_id]
        per_user = get_settings().preview_limit_per_user
        if len(own) >= per_user:
            raise PreviewRefused(
                429, f"You have {counted(len(own), 'preview')} open, the most for one person: {_listed(own)}. Close one first."
            )
        if len(running) >= most_at_once():
            raise PreviewRefused(
                503,
                f"{counted(len(running), 'preview')} {'is' if len(running) == 1 else 'are'} open, the most at once:"
                f" {_listed(running)}. Try again when one is closed.",
            )
        for limit in limits:
            holding = [about for about in running if limit.key in about.counters]
            if len(holding) >= limit.most:
                raise PreviewRefused(503, f"{limit.words}, and previews use them: {_listed(holding)}. Close one first.")
        busy = {number for number, _about in taken}
        free = next(number for number in range(_MOST) if number not in busy)
        handle = _locked(_folder() / f"slot-{free}")
        if handle is None:  # cannot be: slots are taken under the common lock alone
            raise PreviewRefused(503, "The previews are busy. Try again.")
        os.truncate(handle, 0)
        os.pwrite(handle, json.dumps([mine.user_id, mine.user_name, mine.what, mine.since, mine.counters]).encode(), 0)
        return Slot(handle)


def _listed(previews: list[OpenPreview]) -> str:
    shown = "; ".join(preview.words() for preview in previews[:_SHOWN])
    return f"{shown}; …" if len(previews) > _SHOWN else shown


def _taken() -> list[tuple[int, OpenPreview | None]]:
    found: list[tuple[int, OpenPreview | None]] = []
    for number in range(_MOST):
        path = _folder() / f"slot-{number}"
        if not path.exists():
            continue
        handle = _locked(path)
        if handle is None:
            found.append((number, _about(path)))
        else:
            os.close(handle)
    return found


def _about(path: Path) -> OpenPreview:
    try:
        user_id, user_name, what, since, counters = json.loads(path.read_text())
        return OpenPreview(int(user_id), str(user_name), str(what), float(since), tuple(map(str, counters)))
    except (OSError, ValueError, TypeError):
        return OpenPreview(0, "somebody", "something", time.time())


def _locked(path: Path) -> int | None:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def _folder() -> Path:
    folder = Path(settings.CONFIG_DIR) / "previews"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


@contextmanager
def _only_one() -> Iterator[None]:
    handle = os.open(_folder() / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
