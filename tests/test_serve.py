"""manage.py serve with real processes: it comes up, heals itself, and goes down completely."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

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


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def serve(tmp_path: Path, port: int) -> Iterator[Callable[..., Server]]:
    started: list[Server] = []

    def start(*options: str, **environment: str) -> Server:
        server = Server(tmp_path / "my data", port, *options, **environment)
        started.append(server)
        return server

    yield start
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()
        server.log.close()


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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_works_and_leaves_nothing_behind(serve: Callable[..., Server], number: signal.Signals) -> None:
    server = serve()
    server.wait_until_ready()
    assert f"http://127.0.0.1:{server.port}" in server.said()
    assert server.get("/api/health") == 200
    server.wait_for(lambda: server.get("/api/health/ready") == 200, "the worker's sign of life", 30)
    children = [server.pid_of("web server"), server.pid_of("task worker")]
    began = time.monotonic()
    assert server.stop(number) == 0
    assert time.monotonic() - began < STOP_SECONDS
    assert [pid for child in children for pid in session_processes(child)] == []
    assert "was killed" not in server.said()


def test_a_crashed_child_comes_back_while_connections_wait(serve: Callable[..., Server]) -> None:
    server = serve("--no-worker")
    server.wait_until_ready()
    crashed = server.pid_of("web server")
    os.kill(crashed, signal.SIGKILL)
    server.wait_for(lambda: "ended unexpectedly" in server.said(), "noticing the crash", 10)
    assert server.get("/api/health") == 200  # waits in the open socket until the next web server takes it
    assert server.pid_of("web server") != crashed
    assert "ended unexpectedly (signal SIGKILL)" in server.said()


def test_children_go_when_the_supervisor_is_killed(serve: Callable[..., Server]) -> None:
    server = serve()
    server.wait_until_ready()
    children = [server.pid_of("web server"), server.pid_of("task worker")]
    server.process.kill()
    server.process.wait()
    server.wait_for(lambda: not any(session_processes(child) for child in children), "ending of the children", STOP_SECONDS)


def test_a_second_server_on_the_same_data_folder_is_refused(serve: Callable[..., Server], port: int) -> None:
    first = serve("--no-worker")
    first.wait_until_ready()
    second = serve("--no-worker")
    assert second.process.wait(timeout=START_SECONDS) == 1
    assert f"already runs on the data folder {Path(first.log.name).parent / 'my data'}" in second.said()
    assert f"process {first.process.pid}" in second.said()
    assert "Traceback" not in second.said()


def test_a_taken_port_is_one_clear_sentence(serve: Callable[..., Server], port: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        server = serve("--no-worker")
        assert server.process.wait(timeout=START_SECONDS) == 1
    assert f"Port {port} on 127.0.0.1 is taken" in server.said()
    assert "ECM_PORT=6101" in server.said()
    assert "Traceback" not in server.said()


def test_a_server_that_cannot_start_gives_up_with_a_reason(serve: Callable[..., Server]) -> None:
    server = serve("--no-worker", ECM_WEB_THREADS="many")
    assert server.process.wait(timeout=START_SECONDS) == 1
    assert "ECM_WEB_THREADS must be a whole number" in server.said()
    assert "does not start" in server.said()
