"""Keeps a few child processes alive and takes them down together."""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.2
STEADY_SECONDS = 60.0  # a child that lived this long starts with a clean slate when it crashes
LONGEST_PAUSE_SECONDS = 30.0
STOP_SECONDS = 8.0  # for a polite stop; then the child and everything it started is killed
_PR_SET_PDEATHSIG = 1


@dataclass
class Child:
    """A program to keep running. ``pass_fds`` are file descriptors that it inherits."""

    name: str
    command: Sequence[str]
    pass_fds: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    crashes: int = 0
    restart_at: float = field(default=0.0)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Starts children, restarts what crashes with growing pauses, stops all on SIGTERM, SIGINT or SIGHUP.

    ``on_look`` is called a few times a second; an exception from it stops everything and is passed on.
    """

    def __init__(self, children: list[Child], on_look: Callable[[], None]) -> None:
        self.children = children
        self.on_look = on_look
        self._stop = threading.Event()
        self._signals = 0

    def run(self) -> None:
        """Return after a signal asked to stop and every child has ended."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            for child in self.children:
                self._start(child)
            while not self._stop.wait(LOOK_SECONDS):
                for child in self.children:
                    self._look_after(child)
                self.on_look()
        finally:
            self._stop_all()

    def _on_signal(self, number: int, frame: object) -> None:
        self._signals += 1
        self._stop.set()

    def _start(self, child: Child) -> None:
        child.process = subprocess.Popen(
            child.command,
            pass_fds=child.pass_fds,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in a terminal reaches us alone; we take the children down in order
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - no threads run here, and the function only makes one system call
        )
        child.started_at = time.monotonic()
        logger.info("[MAIN] Started %s (process %s)", child.name, child.process.pid)

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.restart_at:
                self._start(child)
            return
        code = child.process.poll()
        if code is None:
            return
        if now - child.started_at > STEADY_SECONDS:
            child.crashes = 0
        child.crashes += 1
        pause = min(2.0 ** (child.crashes - 1), LONGEST_PAUSE_SECONDS)
        logger.error("[MAIN] The %s ended unexpectedly (%s); starting it again in %.0f s", child.name, _ending(code), pause)
        _kill_group(child.process)  # what it had started must not stay behind
        child.process = None
        child.restart_at = now + pause

    def _stop_all(self) -> None:
        running = [child for child in self.children if child.is_running]
        for child in running:
            if child.process is not None:
                child.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline and self._signals < 2 and any(child.is_running for child in running):
            time.sleep(0.05)
        for child in running:
            if child.process is None:
                continue
            if child.is_running:
                logger.warning("[MAIN] The %s did not stop in time and was killed", child.name)
            _kill_group(child.process)
            child.process.wait()


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)  # start_new_session made the child the leader of its own group
    except ProcessLookupError:
        return  # everything has ended by itself


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


_libc = ctypes.CDLL(None) if sys.platform == "linux" else None  # loaded before any fork


def _end_with_parent() -> None:
    """Have Linux stop the child when the supervisor is killed without a chance to do it."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
