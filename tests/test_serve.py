"""manage.py serve with real processes: it comes up, heals itself, and goes down completely."""

import os
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import prepared_databases
from tests.serving import START_SECONDS, STOP_SECONDS, Server, free_port, session_processes

pytestmark = pytest.mark.processes


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder of :func:`serve`: tables are there already."""
    return prepared_databases.copy_all(tmp_path / "my data")


@pytest.fixture
def serve(data: Path, port: int) -> Iterator[Callable[..., Server]]:
    started: list[Server] = []

    def start(*options: str, **environment: str) -> Server:
        server = Server(data, port, *options, **environment)
        started.append(server)
        return server

    yield start
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()
        server.log.close()


@pytest.mark.parametrize(("number", "is_new"), [(signal.SIGTERM, True), (signal.SIGINT, False)])
def test_it_serves_works_and_leaves_nothing_behind(
    serve: Callable[..., Server], data: Path, number: signal.Signals, is_new: bool
) -> None:
    if is_new:
        shutil.rmtree(data)
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
