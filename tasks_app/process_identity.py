"""Names a process so that somebody else can later tell whether exactly that process still lives.

A bare process id is not enough: containers start again with the same host name and hand out the same small numbers.
The start time of the process, as the kernel keeps it, makes the name unique.
"""

import os
import socket
from pathlib import Path

_PROC = Path("/proc")


def own_identity() -> str:
    """Return ``host:pid@start`` of the calling process; ``start`` is 0 where the system does not tell."""
    pid = os.getpid()
    return f"{socket.gethostname()[:64]}:{pid}@{_start_mark(pid) or 0}"


def is_alive(identity: str) -> bool | None:
    """Tell whether the named process lives. None when that cannot be known from here (another host, odd name)."""
    host, _, rest = identity.rpartition(":")
    number, _, start = rest.partition("@")
    if host != socket.gethostname()[:64] or not number.isdigit():
        return None
    if not _PROC.is_dir() or start in ("", "0"):
        return None if _has_process(int(number)) else False
    return _start_mark(int(number)) == start


def process_id(identity: str) -> int | None:
    """The process id inside an identity of this host, else None."""
    host, _, rest = identity.rpartition(":")
    number = rest.partition("@")[0]
    return int(number) if host == socket.gethostname()[:64] and number.isdigit() else None


def _start_mark(pid: int) -> str | None:
    """Clock ticks between the machine's boot and the start of ``pid``; None when it is gone or a zombie."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    state_and_rest = stat.rpartition(")")[2].split()  # the command name before it may hold spaces and brackets
    return None if state_and_rest[0] in "ZX" else state_and_rest[19]


def _has_process(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
