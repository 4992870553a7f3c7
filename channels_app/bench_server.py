"""The fake Dispatcharr of the test tree in a process of its own, for benchmarks of the mirror."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

SERVER = "tests.fake_dispatcharr.process"


class ServerProcess:
    """``address`` says where it listens and who may sign in."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.address: dict[str, str] = self._line()

    def tally(self) -> dict[str, Any]:
        """Requests and seconds since the last time."""
        return self._told("tally")

    def hang(self) -> None:
        """From now on it takes every request and never answers."""
        self._told("hang")

    def _told(self, word: str) -> dict[str, Any]:
        if self._process.stdin is None:
            raise OSError("The server's process has no input.")
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> dict[str, Any]:
        if self._process.stdout is None:
            raise OSError("The server's process has no output.")
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found


def require_test_tree(benchmark: str) -> None:
    """End the program where the fake server is not installed."""
    if importlib.util.find_spec("tests") is None:
        raise SystemExit(f"bench {benchmark} needs the fake server of the test tree: run it in a checkout.")


@contextmanager
def running_server(streams: int, channels: int, pace: str, *, profiles: int = 0) -> Iterator[ServerProcess]:
    """A server with that much in it; ``pace`` is "recorded" or "quick". Every channel is in each of its ``profiles``."""
    command = [sys.executable, "-m", SERVER, str(streams), str(channels), pace, str(profiles)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(settings.BASE_DIR))
    try:
        yield ServerProcess(process)
    finally:
        process.kill()
        process.wait()
