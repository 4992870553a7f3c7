"""django-q2's processes as children of the worker, tied to its life.

Its own ``Cluster`` class takes over signal handling and waits for running work without limit when it is stopped. Here the
parent stays in charge: nothing survives it (the kernel kills the children with it), and stopping has a deadline.
"""

import ctypes
import logging
import multiprocessing
import os
import signal
import sys
import time
import uuid
from multiprocessing.synchronize import Event

from django.db import connections
from django_q.cluster import Sentinel

logger = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1
_DYING_SECONDS = 2.0
_fork = multiprocessing.get_context("fork")


class WorkerCluster:
    """One sentinel with its pool; can be started again after it ended."""

    def __init__(self) -> None:
        self._process: multiprocessing.process.BaseProcess | None = None
        self._stop: Event | None = None

    def start(self) -> None:
        connections.close_all()  # an open SQLite file must never be shared across a fork
        self._stop = _fork.Event()
        process = _fork.Process(target=_sentinel, args=(self._stop, _fork.Event(), uuid.uuid4(), os.getpid()), name="sentinel")
        process.start()
        self._process = process
        logger.info("[TASKS] Worker processes start under process %s", process.pid)

    def is_alive(self) -> bool:
        return self._process is not None and self._process.is_alive()

    def ask_to_stop(self) -> None:
        """Let the pool finish what it works on and take nothing more."""
        if self._stop is not None:
            self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Wait until all processes have ended; False when they have not within ``seconds``."""
        if self._process is None:
            return True
        self._process.join(seconds)
        return not self._process.is_alive()

    def kill(self) -> None:
        """End all processes of the cluster at once, and what they have started."""
        if self._process is None or self._process.pid is None:
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # it died before it led a group, or everything is gone already
            self._process.kill()
        self._process.join()
        self._wait_for_group(self._process.pid)

    def _wait_for_group(self, group: int) -> None:
        """Only the first of the group is ours to join; the others, killed as well, may take a moment longer to be gone."""
        give_up = time.monotonic() + _DYING_SECONDS
        while time.monotonic() < give_up:
            try:
                os.killpg(group, 0)
            except (ProcessLookupError, PermissionError):
                return
            time.sleep(0.02)


def _sentinel(stop: Event, started: Event, cluster_id: uuid.UUID, parent: int) -> None:
    os.setsid()  # Ctrl-C in the terminal reaches the parent only, which then stops us in order
    _die_with(parent)
    own = os.getpid()
    os.register_at_fork(after_in_child=lambda: _die_with(own))
    Sentinel(stop, started, cluster_id)


def _die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends. Linux only; elsewhere orphans end with the queue file."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before we asked
        os._exit(1)
