"""Other programs end with the run that started them."""

import os
import subprocess
import sys
import threading
import time

import pytest

from tasks_app import subprocesses
from tasks_app.progress import Cancelled, NoProgress
from tasks_app.subprocesses import SubprocessTimeout, run_subprocess
from tasks_app.tests.workers import exists, wait_for

STUBBORN = "trap '' TERM; echo $$; sleep 60 & echo $!; wait; sleep 60"


class CancelledAfter(NoProgress):
    """A run that is cancelled once the program has begun."""

    def __init__(self, is_time):
        self._is_time = is_time

    def raise_if_cancelled(self):
        if self._is_time():
            raise Cancelled("cancelled")


def test_what_a_program_says_and_how_it_ends_is_returned():
    done = run_subprocess(["sh", "-c", "echo out; echo err >&2; exit 3"], progress=NoProgress())
    assert (done.returncode, done.stdout, done.stderr, done.cut) == (3, b"out\n", b"err\n", False)
    assert run_subprocess([sys.executable, "-c", "print(input())"], progress=NoProgress()).returncode == 1  # no input
    with pytest.raises(FileNotFoundError):
        run_subprocess(["/no/such/program"], progress=NoProgress())


def test_an_endless_output_is_cut_and_never_blocks_the_program(monkeypatch):
    monkeypatch.setattr(subprocesses, "KEPT_BYTES", 1000)
    done = run_subprocess(["sh", "-c", "head -c 3000000 /dev/zero; echo x >&2"], progress=NoProgress(), timeout=20)
    assert (done.returncode, len(done.stdout), done.stderr, done.cut) == (0, 1000, b"x\n", True)


@pytest.mark.parametrize("ending", ["cancelled", "too long"])
def test_a_program_that_ignores_the_polite_signal_is_killed_with_all_it_started(tmp_path, monkeypatch, ending):
    monkeypatch.setattr(subprocesses, "GRACE_SECONDS", 0.3)
    pids = tmp_path / "pids"
    command = ["sh", "-c", f"({STUBBORN}) > {pids}"]

    def begun():
        return pids.exists() and len(pids.read_text().split()) == 2

    started = time.monotonic()
    if ending == "cancelled":
        with pytest.raises(Cancelled):
            run_subprocess(command, progress=CancelledAfter(begun))
    else:
        with pytest.raises(SubprocessTimeout, match="sh took longer than 1 seconds"):
            run_subprocess(command, progress=NoProgress(), timeout=1)
    assert time.monotonic() - started < 20  # of the minute that it would like to have
    wait_for(lambda: not any(exists(int(pid)) for pid in pids.read_text().split()), 10, "the processes to be gone")


def test_a_program_dies_with_a_process_that_is_killed(tmp_path):
    pid_file = tmp_path / "pid"
    script = (
        "from tasks_app.progress import NoProgress\n"
        "from tasks_app.subprocesses import run_subprocess\n"
        f"run_subprocess(['sh', '-c', 'echo $$ > {pid_file}; exec sleep 60'], progress=NoProgress())\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": os.getcwd()})
    try:
        wait_for(lambda: pid_file.exists() and pid_file.read_text().strip(), 30)
    finally:
        parent.kill()
        parent.wait()
    wait_for(lambda: not exists(int(pid_file.read_text())), 10, "the program to die with its parent")


def test_it_works_in_a_thread_and_leaves_nothing_open():
    before = len(os.listdir("/proc/self/fd"))
    results = []
    thread = threading.Thread(target=lambda: results.append(run_subprocess(["true"], progress=NoProgress()).returncode))
    thread.start()
    thread.join(30)
    assert results == [0]
    assert len(os.listdir("/proc/self/fd")) == before
