"""Imports a big playlist: first time, again unchanged, and beside others who write and open pages."""

import json
import os
import shutil
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ecm_site.benchmarks import Child, Results, data_folder, manage, percentile, run_json, scratch_environment
from m3u_app.bench_bystander import ready_file
from m3u_app.bench_playlist import write_next_day, write_playlist

DEFAULT_ENTRIES = 500_000
CALM_SECONDS = 4
START_LIMIT = 60  # seconds until a bystander must be at work
BYSTANDERS = ("write", "read")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--entries", type=int, default=DEFAULT_ENTRIES, help="Size of the generated playlist.")
    parser.add_argument("--file", type=Path, help="Use this playlist instead of a generated one.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without-others", action="store_true", help="Leave out the run beside other processes.")


def run(options: dict[str, Any]) -> Results:
    """Measure in the scratch folder; see the targets beside each line."""
    folder, say = options["scratch"], options["say"]
    playlist = options["file"]
    if playlist is None:
        playlist = folder / "bench.m3u"
        say(f"Writing {options['entries']:,} entries")
        write_playlist(playlist, options["entries"], seed=options["seed"])
    say("Floor: plain parse")
    parses = [_floor(folder, "parse", playlist) for _ in range(2)]
    parse, parse_cpu = min(float(found["seconds"]) for found, _ in parses), min(child.cpu_seconds for _, child in parses)
    say("First import")
    first, first_child = _import(folder, playlist, "Bench A")
    say("Unchanged refresh")
    again = [_import(folder, playlist, "Bench A") for _ in range(2)]
    unchanged, unchanged_child = min(again, key=lambda result: float(result[0]["seconds"]))
    say("Refresh of the next day")
    churned, churned_child, changed = _next_day(folder, playlist)
    say("Floor: raw executemany")
    inserted, _ = _floor(folder, "insert", data_folder(folder) / "ecm.sqlite3", folder / "floor.sqlite3")
    insert, insert_cpu = float(inserted["seconds"]), float(inserted["cpu_seconds"])
    (folder / "floor.sqlite3").unlink(missing_ok=True)
    results = Results("Playlist import")
    results.facts = {
        "playlist": f"{first['entries']:,} entries, {playlist.stat().st_size / 1_048_576:,.0f} MB, {first['groups']:,} groups",
        "streams": f"{first['created']:,} imported, {unchanged['unchanged']:,} unchanged at the refresh",
    }
    results.add("floor: plain Python parse", parse, "s")
    results.add("floor: one executemany of the same rows", insert, "s")
    results.add(
        "first import", first["seconds"], "s", ratio=first["seconds"] / (parse + insert), floor="(parse + executemany)", limit=3
    )
    results.add(
        "refresh, nothing changed", unchanged["seconds"], "s", ratio=unchanged["seconds"] / parse, floor="parse", limit=2
    )
    # On a busy machine the clock measures the neighbours too; the processor time of whole processes, start included, does not.
    results.add(
        "first import, processor time",
        first_child.cpu_seconds,
        "s",
        ratio=first_child.cpu_seconds / (parse_cpu + insert_cpu),
        floor="(parse + executemany)",
    )
    results.add(
        "refresh, processor time",
        unchanged_child.cpu_seconds,
        "s",
        ratio=unchanged_child.cpu_seconds / parse_cpu,
        floor="parse",
    )
    results.add("peak memory, first import", first_child.peak_mb, "MB", limit=400)
    results.add("peak memory, refresh", unchanged_child.peak_mb, "MB", limit=400)
    results.add(
        f"refresh, {changed:,} entries changed",
        churned["seconds"],
        "s",
        ratio=churned["seconds"] / unchanged["seconds"],
        floor="the unchanged refresh",
        limit=1.5,
    )
    results.add(
        "the same, processor time",
        churned_child.cpu_seconds,
        "s",
        ratio=churned_child.cpu_seconds / unchanged_child.cpu_seconds,
        floor="the unchanged refresh",
    )
    results.add("peak memory, changed refresh", churned_child.peak_mb, "MB", limit=400)
    if not options["without_others"]:
        say("Import beside others")
        _beside_others(folder, playlist, results)
    return results


def _beside_others(folder: Path, playlist: Path, results: Results) -> None:
    """Import the same playlist into a second account, with as many rows there already, while others work."""
    calm_pages = _watched(folder, lambda: time.sleep(CALM_SECONDS))[1]
    import_result: list[tuple[dict[str, Any], Child]] = []
    waits, pages = _watched(folder, lambda: import_result.append(_import(folder, playlist, "Bench B")))
    busy, child = import_result[0]
    results.add("first import beside others", busy["seconds"], "s")
    results.add("peak memory beside others", child.peak_mb, "MB", limit=400)
    results.add(f"other writers, p95 of {len(waits):,}", percentile(waits, 0.95) * 1000, "ms")
    results.add("other writers, longest wait", max(waits, default=0) * 1000, "ms", limit=1000)
    for name, times in pages.items():
        calm = percentile(calm_pages.get(name, []), 0.95) * 1000
        results.add(f"page {name} before the import, p95", calm, "ms")
        results.add(f"page {name} during it, p95 of {len(times):,}", percentile(times, 0.95) * 1000, "ms", limit=200)


def _watched(folder: Path, work: Callable[[], object]) -> tuple[list[float], dict[str, list[float]]]:
    """Do ``work`` while one process writes and one opens pages; returns the waits of the one and the times of the other."""
    stop = folder / "stop"
    ready = [ready_file(stop, kind) for kind in BYSTANDERS]
    for file in (stop, *ready):
        file.unlink(missing_ok=True)
    bystanders = [
        subprocess.Popen(
            [sys.executable, "-m", "m3u_app.bench_bystander", kind, str(stop)],
            stdout=subprocess.PIPE,
            env=scratch_environment(folder),
        )
        for kind in BYSTANDERS
    ]
    try:
        deadline = time.monotonic() + START_LIMIT
        while not all(file.exists() for file in ready) and time.monotonic() < deadline:
            time.sleep(0.1)
        work()
    finally:
        stop.touch()
        answers = [process.communicate(timeout=120)[0] for process in bystanders]
    return json.loads(answers[0]), json.loads(answers[1])


def _next_day(folder: Path, playlist: Path) -> tuple[dict[str, Any], Child, int]:
    """Refresh "Bench A" with the playlist of the day after; returns also how many entries changed.

    Twice from the same state, and the better one counts, as for the unchanged refresh.
    """
    tomorrow, database = folder / "tomorrow.m3u", data_folder(folder) / "ecm.sqlite3"
    changed = write_next_day(playlist, tomorrow)
    before = folder / "before.sqlite3"
    shutil.copyfile(database, before)  # nobody has it open: the last one to close it emptied its log
    found = []
    for _ in range(2):
        shutil.copyfile(before, database)
        os.sync()  # or the import would wait for these files to reach the disk
        found.append(_import(folder, tomorrow, "Bench A"))
    before.unlink()
    churned, child = min(found, key=lambda result: float(result[0]["seconds"]))
    return churned, child, changed


def _import(folder: Path, playlist: Path, account: str) -> tuple[dict[str, Any], Child]:
    return run_json(manage("import_m3u", str(playlist), "--account", account, "--json"), folder)


def _floor(folder: Path, *arguments: str | Path) -> tuple[dict[str, Any], Child]:
    return run_json([sys.executable, "-m", "m3u_app.bench_floor", *map(str, arguments)], folder)
