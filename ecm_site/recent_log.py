"""The newest log lines of all our processes together, for the log viewer: two files that take turns (50 O-6).

Every process appends whole lines to one file. Who finds it full renames it, under a lock, over the older one; the others
notice that their file has been renamed and open the new one. So the log needs no process of its own and never grows
beyond :data:`LARGEST_FILE` twice.
"""

import fcntl
import json
import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

LARGEST_FILE = 6 * 1024 * 1024  # bytes; two of them hold well over 10,000 lines of ordinary length
LONGEST_LINE = 16_000  # characters; a traceback fits, a playlist that somebody logs does not
RECENT_LINES = 10_000
FILE_NAME = "ecm.log"
_LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}


@dataclass(frozen=True)
class LogLine:
    at: datetime
    level: str
    logger: str
    text: str
    trace_id: str
    exception: str = ""


class RecentLogHandler(logging.Handler):
    """Appends to ``folder``/ecm.log. A full disk costs log lines and one complaint, never the work."""

    def __init__(self, folder: str | Path) -> None:
        super().__init__()
        self._path = Path(folder) / FILE_NAME
        self._handle: int | None = None
        self._identity: tuple[int, int] | None = None
        self._complained = False

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
            if len(line) > LONGEST_LINE:
                line = self._shortened(line)
            self._append(f"{line}\n".encode("utf-8", "backslashreplace"))
        except OSError as error:
            if not self._complained:
                self._complained = True
                print(f"The log file cannot be written: {error}", file=sys.stderr)  # not logged: that would come here again
        except Exception:  # whatever is wrong with one log call must not break the work it tells about
            self.handleError(record)

    def close(self) -> None:
        self._close_file()
        super().close()

    @staticmethod
    def _shortened(line: str) -> str:
        fields: dict[str, Any] = json.loads(line)
        for name in ("msg", "exception"):
            if name in fields:
                fields[name] = fields[name][: LONGEST_LINE // 3] + "…"
        return json.dumps(fields, ensure_ascii=False)[:LONGEST_LINE]

    def _append(self, data: bytes) -> None:
        handle = self._current_file()
        os.write(handle, data)  # in append mode one write is one piece, also between processes
        if os.fstat(handle).st_size > LARGEST_FILE:
            self._turn_over()

    def _current_file(self) -> int:
        try:
            found = os.stat(self._path)
            current = (found.st_dev, found.st_ino)
        except FileNotFoundError:
            current = None
        if self._handle is None or current != self._identity:
            self._close_file()
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            opened = os.fstat(self._handle)
            self._identity = (opened.st_dev, opened.st_ino)
        return self._handle

    def _turn_over(self) -> None:
        with _locked(self._path.with_name(".turn")):
            if self._path.exists() and self._path.stat().st_size > LARGEST_FILE:  # nobody else was quicker
                os.replace(self._path, _older(self._path))

    def _close_file(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
        self._handle = self._identity = None


def recent_lines(folder: str | Path, *, limit: int = RECENT_LINES, level: str = "", containing: str = "") -> list[LogLine]:
    """The newest lines, newest first. ``level`` leaves out lower ones, ``containing`` (any case) those without the words."""
    lowest = _LEVELS.get(level, 0)
    marks = tuple(f'"level": "{name}"' for name, number in _LEVELS.items() if number >= lowest) if lowest else ()
    wanted = json.dumps(containing.strip(), ensure_ascii=False)[1:-1].lower()
    kept: deque[str] = deque(maxlen=limit)
    for raw in raw_lines(folder):  # reading JSON is the slow part: only what may be shown is read
        if marks and not any(mark in raw for mark in marks):
            continue
        if wanted and wanted not in raw.lower():
            continue
        kept.append(raw)
    lines = [_read(raw) for raw in reversed(kept)]
    return [line for line in lines if line is not None and _LEVELS.get(line.level, 0) >= lowest]


def raw_lines(folder: str | Path) -> Iterator[str]:
    """All lines that are kept, oldest first, as they stand in the files."""
    path = Path(folder) / FILE_NAME
    for part in (_older(path), path):
        try:
            with part.open(encoding="utf-8", errors="replace") as file:
                for line in file:
                    yield line.rstrip("\n")
        except FileNotFoundError:
            continue


def _read(raw: str) -> LogLine | None:
    """A line of the file; None for one that a crash or a full disk cut off."""
    try:
        fields = json.loads(raw)
        return LogLine(
            at=datetime.fromisoformat(fields["ts"]),
            level=str(fields["level"]),
            logger=str(fields["logger"]),
            text=str(fields["msg"]),
            trace_id=str(fields["trace_id"]),
            exception=str(fields.get("exception", "")),
        )
    except (ValueError, KeyError, TypeError):
        return None


def _older(path: Path) -> Path:
    return path.with_name(f"{path.name}.1")


_thread_lock = threading.Lock()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with _thread_lock:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
