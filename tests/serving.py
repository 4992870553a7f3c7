"""Starts ``manage.py serve`` with real processes on a data folder of its own, for tests."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60
STOP_SECONDS = 12


class Server:
    """One ``manage.py serve`` on a data folder of its own."""

    def __init__(self, data: Path, port: int, *options: str, **environment: str) -> None:
        self.port = port
        self.log = (data.parent / f"{data.name}.log").open("w+")
        # The address is printed to stdout; log lines go to stderr. One file keeps them in order.
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(port), "--bind", "127.0.0.1", *options],
            env={**os.environ, "CONFIG_DIR": str(data), "ECM_DEBUG": "1", **environment},
            stdout=self.log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )

    def said(self) -> str:
        self.log.flush()
        return Path(self.log.name).read_text()

    def wait_for(self, condition: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"{what} did not happen in {seconds} s:\n{self.said()}"
            time.sleep(0.1)

    def wait_until_ready(self) -> None:
        self.wait_for(lambda: "ECM is ready" in self.said() or self.process.poll() is not None, "being ready")
        assert self.process.poll() is None, self.said()

    def get(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def pid_of(self, name: str) -> int:
        lines = [line for line in self.said().splitlines() if f"Started {name} (process" in line]
        return int(lines[-1].rpartition(" ")[2].rstrip(")"))

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=STOP_SECONDS + 10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def session_processes(pid: int) -> list[int]:
    """All living processes of the session that ``pid`` leads or led."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == pid and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found
