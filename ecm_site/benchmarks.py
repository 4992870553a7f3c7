"""What the ``bench`` commands share: a scratch data folder, child processes that are measured, and the table.

A benchmark is a module ``bench_<name>`` in an app with ``add_arguments(parser)`` and ``run(options) -> Results``; the
command finds it by its name. It always works in a scratch data folder of its own: real data is never touched.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings


@dataclass(frozen=True)
class Measurement:
    """One line of the table. ``limit`` is the target in the unit of ``value``, or of ``ratio`` where there is one."""

    name: str
    value: float
    unit: str
    ratio: float | None = None
    floor: str = ""
    limit: float | None = None

    @property
    def holds(self) -> bool | None:
        """Whether the target is met; None without a target."""
        if self.limit is None:
            return None
        return (self.value if self.ratio is None else self.ratio) <= self.limit


@dataclass
class Results:
    """``facts`` describe what was measured (rows, file size); they stand above the table.

    ``rows`` are a second table below it, with one cell for each of ``heads``: where every thing has several figures.
    """

    title: str
    facts: dict[str, str] = field(default_factory=dict)
    lines: list[Measurement] = field(default_factory=list)
    heads: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(
        self,
        name: str,
        value: float,
        unit: str,
        *,
        ratio: float | None = None,
        floor: str = "",
        limit: float | None = None,
    ) -> None:
        self.lines.append(Measurement(name, value, unit, ratio, floor, limit))

    def as_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "facts": self.facts,
            "lines": [{**asdict(line), "holds": line.holds} for line in self.lines],
            "rows": [dict(zip(self.heads, row, strict=True)) for row in self.rows],
        }

    def as_table(self) -> str:
        """A Markdown table that also reads well in a terminal."""
        rows = [("what", "measured", "ratio to floor", "target", "")]
        for line in self.lines:
            ratio = "" if line.ratio is None else f"{line.ratio:.2f} × {line.floor}"
            target = (
                ""
                if line.limit is None
                else (f"≤ {line.limit:g} ×" if line.ratio is not None else f"≤ {line.limit:g} {line.unit}")
            )
            verdict = {None: "", True: "ok", False: "MISSED"}[line.holds]
            rows.append((line.name, f"{_number(line.value)} {line.unit}", ratio, target, verdict))
        text = [f"## {self.title}", "", *(f"- {name}: {value}" for name, value in self.facts.items()), "", *_drawn(rows)]
        if self.rows:
            text += ["", *_drawn([self.heads, *self.rows])]
        return "\n".join(text)


@dataclass(frozen=True)
class Child:
    """A finished child process. ``peak_mb`` is its largest resident memory, ``cpu_seconds`` the processor time it used."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    output: str


class ChildFailed(Exception):
    """A measured process ended badly; the message holds the end of what it said."""


def data_folder(scratch: Path) -> Path:
    """The data folder inside a scratch folder; playlists and notes of a benchmark lie beside it."""
    return scratch / "data"


def scratch_environment(scratch: Path) -> dict[str, str]:
    """Environment for child processes that work in the scratch folder's own data folder."""
    return {**os.environ, "CONFIG_DIR": str(data_folder(scratch)), "LOG_LEVEL": "WARNING", "ECM_DEBUG": "0"}


def manage(*arguments: str) -> list[str]:
    """Command line of a management command in a process of its own."""
    return [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), *arguments]


def run_child(command: Sequence[str], scratch: Path) -> Child:
    """Run a process to its end and measure it. Raises :class:`ChildFailed`."""
    log = scratch / "child.log"
    with log.open("wb") as errors, (scratch / "child.out").open("w+b") as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=errors, env=scratch_environment(scratch))
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read().decode()
    if process.returncode != 0:
        raise ChildFailed(f"{' '.join(command)}: {said[-500:]} {log.read_text()[-2000:]}")
    return Child(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, said)


def run_json(command: Sequence[str], scratch: Path) -> tuple[dict[str, Any], Child]:
    """As :func:`run_child` for a command that prints one JSON object."""
    child = run_child(command, scratch)
    return json.loads(child.output), child


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` (0–1) of ``values`` do not exceed."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def family(pid: int) -> list[int]:
    """``pid`` and all living processes below it."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(text) for text in children.read_text().split()]
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """Processor time so far of all threads, to the nanosecond: the usual hundredths of a second are too coarse here."""
    nanoseconds = 0
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            nanoseconds += int(thread.read_text(encoding="utf-8").split()[0])
    return nanoseconds / 1e9


def _drawn(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table whose first row is its head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
