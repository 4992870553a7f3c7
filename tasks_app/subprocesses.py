"""Runs other programs for a run: they end with it, whether it is cancelled, fails, takes too long or its process is killed."""

import contextlib
import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tasks_app.progress import Progress

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.2
GRACE_SECONDS = 2.0  # between the polite signal and the one that cannot be ignored
KEPT_BYTES = 4_000_000  # of each output; what comes after is read and dropped, so that the program never has to wait
_CHUNK = 65_536
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None  # loaded before any fork


class SubprocessTimeout(Exception):
    """The program took longer than it may and was ended."""


@dataclass(frozen=True)
class Finished:
    """A program that has ended. Outputs hold their first bytes (``KEPT_BYTES``); ``cut`` tells that there was more."""

    returncode: int
    stdout: bytes
    stderr: bytes
    seconds: float
    cut: bool = False


def run_subprocess(
    command: Sequence[str],
    *,
    progress: Progress,
    timeout: float | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Finished:
    """Run ``command`` (never through a shell) to its end and return what it said.

    Cancelling the run ends the program and everything it has started within about two seconds, and raises ``Cancelled``.
    When this process is killed, the kernel takes the program along. ``timeout`` is in seconds. Standard input is empty.
    Raises :class:`SubprocessTimeout`, ``Cancelled``, and ``OSError`` when the program cannot be started.
    """
    started = time.monotonic()
    with started_program(command, environment=environment, folder=folder) as process:
        outputs = [_Output(pipe) for pipe in (process.stdout, process.stderr) if pipe is not None]
        while True:
            try:
                process.wait(LOOK_SECONDS)
                break
            except subprocess.TimeoutExpired:
                progress.raise_if_cancelled()
            if timeout is not None and time.monotonic() - started > timeout:
                raise SubprocessTimeout(f"{Path(command[0]).name} took longer than {timeout:g} seconds.")
    for output in outputs:
        output.finish()
    said, complained = outputs
    return Finished(
        returncode=process.returncode,
        stdout=said.kept,
        stderr=complained.kept,
        seconds=time.monotonic() - started,
        cut=said.cut or complained.cut,
    )


@contextlib.contextmanager
def started_program(
    command: Sequence[str], *, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program with both outputs as pipes; when the block is left, it and all below it are gone.

    The thread that enters the block must live as long as the program: the kernel ends the program with it.
    """
    process = subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=None if environment is None else dict(environment),
        cwd=folder,
        start_new_session=True,  # a group of its own, so that what it starts can be ended with it
        preexec_fn=_end_with_parent,  # noqa: PLW1509 - makes one system call from a library that is loaded already
    )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program's whole group: politely while it lives, then for good; what is left below it, at once."""
    if process.poll() is None:
        _signal_group(process, signal.SIGTERM)
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            logger.warning("[TASKS] %s did not end when asked and is killed", Path(str(process.args[0])).name)  # type: ignore[index]
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # nothing of the group is left
        os.killpg(process.pid, number)


class _Output:
    """Reads a pipe to its end in a thread of its own and keeps the beginning."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._parts: list[bytes] = []
        self._size = 0
        self.cut = False
        self._thread = threading.Thread(target=self._read, name="subprocess-output", daemon=True)
        self._thread.start()

    @property
    def kept(self) -> bytes:
        return b"".join(self._parts)

    def finish(self) -> None:
        """Wait for the rest; everything that held the pipe open is gone by now."""
        self._thread.join(GRACE_SECONDS)
        self._pipe.close()

    def _read(self) -> None:
        while chunk := os.read(self._pipe.fileno(), _CHUNK):
            room = KEPT_BYTES - self._size
            if room > 0:
                self._parts.append(chunk[:room])
                self._size += len(self._parts[-1])
            self.cut = self.cut or len(chunk) > room


def _end_with_parent() -> None:
    """Have Linux end the program when the process that started it is killed without a chance to do it."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
