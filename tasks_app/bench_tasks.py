"""Measures the worker: from asking for a run to its start, and what it costs while there is nothing to do."""

import json
import os
import signal
import subprocess
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from ecm_site.benchmarks import Results, cpu_seconds, family, manage, percentile, run_json, scratch_environment

READY_SECONDS = 60.0
SETTLE_SECONDS = 8.0  # the first tick and the first look after the queue are over by then
TASK_ID = "undo_batch"  # looks for a batch that does not exist: as good as no work at all
_FLOOR = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1])
while True:
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    time.sleep(0.5)
"""


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--runs", type=int, default=40, help="How many runs are asked for, one after the other.")
    parser.add_argument("--idle-seconds", type=float, default=20.0, help="How long the idle worker is watched.")


def run(options: dict[str, Any]) -> Results:
    """Start a worker in the scratch folder, watch it idle, then hand it runs."""
    folder, say = options["scratch"], options["say"]
    log = (folder / "worker.log").open("wb")
    worker = subprocess.Popen(
        manage("run_worker", "--follow-parent"),
        stdout=log,
        stderr=subprocess.STDOUT,
        env=scratch_environment(folder),
        start_new_session=True,
    )
    floor = subprocess.Popen([sys.executable, "-c", _FLOOR, str(folder / "floor.sqlite3")])
    try:
        say("Waiting for the worker")
        run_json([sys.executable, "-m", "tasks_app.bench_tasks", "wait"], folder)
        time.sleep(SETTLE_SECONDS)
        say(f"Watching it idle for {options['idle_seconds']:g} s")
        idle = _shares({"worker": worker.pid, "floor": floor.pid}, options["idle_seconds"])
        memory, processes = _memory_mb(worker.pid), len(family(worker.pid))
        say(f"Asking for {options['runs']} runs")
        times, _ = run_json([sys.executable, "-m", "tasks_app.bench_tasks", "ask", str(options["runs"])], folder)
    finally:
        floor.kill()
        floor.wait()
        worker.send_signal(signal.SIGTERM)
        worker.wait(40)
        log.close()
    return _results(options, idle, memory, processes, times)


def _results(
    options: dict[str, Any], idle: dict[str, float], memory: float, processes: int, times: dict[str, list[float]]
) -> Results:
    results = Results("Background work")
    results.facts = {"runs": f"{options['runs']:,}", "watched idle": f"{options['idle_seconds']:g} s, {processes} processes"}
    started = [seconds * 1000 for seconds in times["started"]]
    over = [seconds * 1000 for seconds in times["over"]]
    stored = percentile(times["stored"], 0.5) * 1000
    bare = percentile(times["floor"], 0.5) * 1000
    half = percentile(started, 0.5)
    results.add("floor: the queue alone, from asking to done, median", bare, "ms")
    results.add("asking for a run: row and queue entry, median", stored, "ms")
    results.add("from asking to start, median", half, "ms", ratio=half / bare, floor="queue alone")
    results.add("from asking to start, p95", percentile(started, 0.95), "ms", limit=1000.0)
    results.add("from asking to the stored end, p95", percentile(over, 0.95), "ms")
    results.add("floor: one process that reads SQLite twice a second", 100 * idle["floor"], "% of a core")
    results.add(
        "idle worker, all processes",
        100 * idle["worker"],
        "% of a core",
        ratio=idle["worker"] / idle["floor"] if idle["floor"] else None,
        floor="bare reader",
    )
    results.add("memory of the idle worker, shared parts counted once", memory, "MB")
    return results


def _shares(roots: dict[str, int], seconds: float) -> dict[str, float]:
    """Processor time that each root process and all below it use, as a share of one core."""
    before = {name: cpu_seconds(family(pid)) for name, pid in roots.items()}
    started = time.perf_counter()
    time.sleep(seconds)
    passed = time.perf_counter() - started
    return {name: (cpu_seconds(family(pid)) - before[name]) / passed for name, pid in roots.items()}


def _memory_mb(pid: int) -> float:
    kilobytes = 0
    for member in family(pid):
        for line in Path(f"/proc/{member}/smaps_rollup").read_text(encoding="utf-8").splitlines():
            if line.startswith("Pss:"):
                kilobytes += int(line.split()[1])
    return kilobytes / 1024


# --- inside the scratch folder -----------------------------------------------------------------------------------------


def wait_until_ready() -> dict[str, bool]:
    """Return once a worker has reported. Raises ``TimeoutError``."""
    from tasks_app.models import WorkerBeat

    deadline = time.monotonic() + READY_SECONDS
    while not WorkerBeat.objects.exists():
        if time.monotonic() > deadline:
            raise TimeoutError("the worker did not start")
        time.sleep(0.1)
    return {"ready": True}


def ask(count: int) -> dict[str, list[float]]:
    """Ask for runs one after the other; returns seconds."""
    from tasks_app.engine import start_run
    from tasks_app.models import TaskRun

    times: dict[str, list[float]] = {"stored": [], "started": [], "over": [], "floor": _bare_handovers(max(5, count // 2))}
    for number in range(count):
        _pause(number)
        began = time.perf_counter()
        run = start_run(TASK_ID, {"batch_id": f"bench-{number}"})
        times["stored"].append(time.perf_counter() - began)
        while TaskRun.objects.filter(pk=run.pk, completed_at=None).exists():
            time.sleep(0.02)
        run.refresh_from_db()
        if run.started_at is None or run.completed_at is None:
            raise RuntimeError(f"{run} did not begin")
        times["started"].append((run.started_at - run.queued_at).total_seconds())
        times["over"].append((run.completed_at - run.queued_at).total_seconds())
    return times


def _bare_handovers(count: int) -> list[float]:
    """What the queue alone takes until a process has done something trivial: no run, no bookkeeping."""
    from django.conf import settings
    from django_q.brokers import get_broker
    from django_q.tasks import async_task

    times = []
    for number in range(count):
        _pause(number)
        mark = Path(settings.CONFIG_DIR) / f"floor-{number}"
        began = time.perf_counter()
        async_task("os.mkdir", str(mark), broker=get_broker())
        while not mark.exists():
            time.sleep(0.005)
        times.append(time.perf_counter() - began)
    return times


def _pause(number: int) -> None:
    """Ask at moments that have nothing to do with the worker's rhythm."""
    time.sleep(0.05 + (number * 0.137) % 0.6)


def main() -> None:
    """``wait`` or ``ask COUNT``: work in the data folder of this environment and print JSON."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecm_site.settings")
    import django

    django.setup()
    print(json.dumps(ask(int(sys.argv[2])) if sys.argv[1] == "ask" else wait_until_ready()))


if __name__ == "__main__":
    main()
