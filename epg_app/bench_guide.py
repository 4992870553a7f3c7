"""Guide import: the first one, the next day's, an unchanged one, one that no channel uses, and one while others work.

The floor is a bare ElementTree.iterparse over the same file, clearing each programme so that memory stays flat.
"""

import json
import subprocess
import sys
from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ecm_site.benchmarks import Child, Results, manage, percentile, run_json, scratch_environment
from epg_app.bench_guide_file import write_guide

MAX_RATIO = 3
MAX_MEGABYTES = 300
MAX_WAIT_MS = 1000


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--channels", type=int, default=5000, help="Guide channels (default 5000).")
    parser.add_argument("--days", type=int, default=7, help="Days of programmes (default 7).")
    parser.add_argument("--file", type=Path, help="Measure this guide instead of a generated one.")
    parser.add_argument("--without-others", action="store_true", help="Leave out the import beside other work.")


def run(options: dict[str, Any]) -> Results:
    """Measure in the scratch folder; every import is a process of its own, so that its memory is its own."""
    folder: Path = options["scratch"]
    say = options["say"]
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    size = {"channels": options["channels"], "days": options["days"]}
    guide: Path | None = options["file"]
    if guide is None:
        guide = folder / "guide.xml"
        say(f"Writing a guide of {size['channels']:,} channels and {size['days']} days")
        write_guide(guide, start=today, **size)
    say("Floor: bare iterparse")
    floor = min(_floor(folder, guide)["seconds"] for _ in range(2))
    say("First import")
    first, first_child = _import(folder, guide, "Bench A", "--keep-unmapped")
    say("The same file again")
    again, _ = _import(folder, guide, "Bench A")
    results = Results("Guide import")
    results.facts = {
        "guide": f"{first['entries']:,} channels, {first['in_file']:,} programmes, {first['file_bytes'] / 1_048_576:,.0f} MB",
        "stored": f"{first['programmes']:,} programmes, {first['skipped']:,} skipped",
    }
    results.add("floor: bare iterparse", floor, "s")
    results.add("first import", first["seconds"], "s", ratio=first["seconds"] / floor, floor="iterparse", limit=MAX_RATIO)
    results.add("peak memory, first import", first_child.peak_mb, "MB", limit=MAX_MEGABYTES)
    results.add("refresh, file not changed", again["seconds"], "s")
    if options["file"] is None:
        _next_day(folder, today, size, floor, results)
    say("A guide that no channel uses")
    unused, _ = _import(folder, guide, "Bench unused")
    results.add("import, no channel uses it", unused["seconds"], "s", ratio=unused["seconds"] / floor, floor="iterparse")
    if not options["without_others"]:
        say("Import beside others")
        _beside_others(folder, guide, results)
    return results


def _next_day(folder: Path, today: datetime, size: dict[str, int], floor: float, results: Results) -> None:
    """Refresh with the guide of the day after: most programmes are there already."""
    tomorrow = folder / "tomorrow.xml"
    write_guide(tomorrow, start=today + timedelta(days=1), **size)
    report, child = _import(folder, tomorrow, "Bench A")
    ratio = report["seconds"] / floor
    results.add("refresh, next day's guide", report["seconds"], "s", ratio=ratio, floor="iterparse", limit=MAX_RATIO)
    results.add("peak memory, next day's guide", child.peak_mb, "MB", limit=MAX_MEGABYTES)
    tomorrow.unlink()


def _beside_others(folder: Path, guide: Path, results: Results) -> None:
    """Import into one more source while others write and open pages."""
    stop = folder / "stop"
    stop.unlink(missing_ok=True)
    bystanders = [
        subprocess.Popen(
            [sys.executable, "-m", "m3u_app.bench_bystander", kind, str(stop)],
            stdout=subprocess.PIPE,
            env=scratch_environment(folder),
        )
        for kind in ("write", "read")
    ]
    try:
        busy, child = _import(folder, guide, "Bench B", "--keep-unmapped")
    finally:
        stop.touch()
        answers = [process.communicate(timeout=120)[0] for process in bystanders]
    waits: list[float] = json.loads(answers[0])
    pages: dict[str, list[float]] = json.loads(answers[1])
    results.add("first import beside others", busy["seconds"], "s")
    results.add("peak memory beside others", child.peak_mb, "MB", limit=MAX_MEGABYTES)
    results.add(f"other writers, p95 of {len(waits):,}", percentile(waits, 0.95) * 1000, "ms")
    results.add("other writers, longest wait", max(waits, default=0) * 1000, "ms", limit=MAX_WAIT_MS)
    for name, times in pages.items():
        results.add(f"page {name}, p95 of {len(times):,}", percentile(times, 0.95) * 1000, "ms", limit=200)


def _import(folder: Path, guide: Path, source: str, *flags: str) -> tuple[dict[str, Any], Child]:
    return run_json(manage("import_xmltv", str(guide), "--source", source, "--json", *flags), folder)


def _floor(folder: Path, guide: Path) -> dict[str, Any]:
    return run_json([sys.executable, "-m", "epg_app.bench_guide_floor", str(guide)], folder)[0]
