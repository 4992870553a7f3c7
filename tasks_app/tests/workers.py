"""Starts, watches and kills real worker processes."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from django.conf import settings

from tasks_app.models import WorkerBeat

Found = TypeVar("Found")
SLOWEST = 3
"""How much slower than a quick machine a machine may be on which tests have to pass."""


def wait_for(look: Callable[[], Found], seconds: float = 15, what: str = "") -> Found:
    """Return the first true answer of ``look``; fail the test when there is none in time: ``seconds`` are those of a quick
    machine with nothing else to do."""
    deadline = time.monotonic() + seconds * SLOWEST
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds * SLOWEST} s in vain for {what or look}")


class Worker:
    """One ``run_worker`` and all processes below it."""

    def __init__(self, arguments: tuple[str, ...], environment: Mapping[str, str]) -> None:
        self.log = tempfile.TemporaryFile(mode="w+")  # noqa: SIM115 - closed in end()
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "run_worker", "--follow-parent", *arguments],
            cwd=settings.BASE_DIR,
            env={**environment, "DJANGO_SETTINGS_MODULE": "tasks_app.tests.worker_settings"},
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait_until_ready(self) -> None:
        mark = f":{self.process.pid}@"
        wait_for(lambda: self.process.poll() is not None or WorkerBeat.objects.filter(worker__contains=mark).exists(), 30)
        assert self.process.poll() is None, f"the worker did not start:\n{self.output()}"

    def stop(self, seconds: float = 30) -> int:
        """Ask politely and return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self) -> None:
        """Kill the parent alone; everything below it has to go with it."""
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        if self.process.poll() is None:
            self.kill()
        self.log.close()

    def output(self) -> str:
        self.log.seek(0)
        return self.log.read()


def exists(pid: int) -> bool:
    """True while a process of this id lives (a zombie does not)."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def descendants(pid: int) -> list[int]:
    """Ids of all living processes below ``pid``."""
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                    parents.setdefault(int(file.read().rpartition(")")[2].split()[1]), []).append(int(name))
            except OSError:
                continue
    found = []
    waiting = [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found
