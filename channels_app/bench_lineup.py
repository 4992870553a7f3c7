"""The channel manager at 20,000 channels and half a million streams: pages, search, staging, exit dialog, commit."""

import json
import os
import sys
from argparse import ArgumentParser
from typing import Any

from ecm_site.benchmarks import Results, manage, percentile, run_json
from m3u_app.bench_playlist import write_playlist

DEFAULT_CHANNELS = 20_000
DEFAULT_STREAMS = 500_000
DEFAULT_OPERATIONS = 2_000
PAGE_LIMIT_MS = 150.0  # p95, issue 4
SEARCH_LIMIT_MS = 50.0
EDIT_LIMIT_MS = 100.0
COMMIT_LIMIT_S = 2.0
LOCK_LIMIT_S = 1.0


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--channels", type=int, default=DEFAULT_CHANNELS, help="With five streams each.")
    parser.add_argument("--streams", type=int, default=DEFAULT_STREAMS, help="Entries of the generated playlist.")
    parser.add_argument("--operations", type=int, default=DEFAULT_OPERATIONS, help="How many are staged and applied.")
    parser.add_argument("--rounds", type=int, default=15, help="How often each page is asked for.")
    parser.add_argument("--seed", type=int, default=1)


def run(options: dict[str, Any]) -> Results:
    """Make a lineup in the scratch folder and measure it there, in a process of its own."""
    folder, say = options["scratch"], options["say"]
    playlist = folder / "bench.m3u"
    say(f"Importing {options['streams']:,} streams")
    write_playlist(playlist, options["streams"], seed=options["seed"])
    run_json(manage("import_m3u", str(playlist), "--account", "Bench", "--json"), folder)
    say(f"Making and measuring a lineup of {options['channels']:,} channels")
    asked = [str(options[name]) for name in ("channels", "operations", "rounds", "seed")]
    found, child = run_json([sys.executable, "-m", "channels_app.bench_lineup", *asked], folder)
    results = Results("Channel manager")
    results.facts = {
        "lineup": f"{options['channels']:,} channels in {found['groups']:,} groups, the biggest of {found['biggest']:,};"
        f" {found['links']:,} channel-streams of {options['streams']:,} streams",
        "inside a draft": f"with {found['staged']:,} staged operations; its file: {found['draft_megabytes']:,.0f} MB",
        "peak memory": f"{child.peak_mb:,.0f} MB",
    }
    for where in ("live", "draft"):
        _add_pages(results, found["pages"][where], "" if where == "live" else " (in a draft)")
    _add_staging(results, found)
    _add_commit(results, found, options["operations"])
    return results


def _add_pages(results: Results, pages: dict[str, dict[str, Any]], where: str) -> None:
    for name, taken in pages.items():
        limit = SEARCH_LIMIT_MS if name.startswith("search") else PAGE_LIMIT_MS
        told = f"{name}{where}, p95 ({taken['queries']} queries, {taken['bytes'] / 1024:,.0f} KB)"
        results.add(told, percentile(taken["seconds"], 0.95) * 1000, "ms", limit=limit)


def _add_staging(results: Results, found: dict[str, Any]) -> None:
    results.add("opening a draft", found["open"] * 1000, "ms")
    results.add("one staged edit, median", percentile(found["edits"], 0.5) * 1000, "ms")
    results.add("one staged edit, p95", percentile(found["edits"], 0.95) * 1000, "ms", limit=EDIT_LIMIT_MS)
    results.add("the same edit outside, p95", percentile(found["live_edits"], 0.95) * 1000, "ms")
    results.add("undo of one edit, p95", percentile(found["undos"], 0.95) * 1000, "ms", limit=EDIT_LIMIT_MS)
    results.add("all operations staged in one step", found["batch"], "s")


def _add_commit(results: Results, found: dict[str, Any], operations: int) -> None:
    results.add("reading what the draft comes to", found["net"] * 1000, "ms", limit=300.0)
    results.add("exit dialog, p95", percentile(found["exit"], 0.95) * 1000, "ms", limit=PAGE_LIMIT_MS * 2)
    floor = found["floor"]
    results.add(f"floor: {operations:,} rows read, updated and journalled with bare SQL", floor, "s")
    commit = found["commit"]
    results.add(f"commit of {operations:,} operations", commit, "s", limit=COMMIT_LIMIT_S)
    results.add("…against the floor", commit, "s", ratio=commit / floor, floor="SQL")
    results.add("…of that with the write lock held", found["locked"], "s", limit=LOCK_LIMIT_S)
    results.add(f"undoing the batch of {operations:,}", found["undo_batch"], "s")
    results.add(f"bulk-commit request of {operations:,} operations", found["api"], "s")


def main() -> None:
    """``CHANNELS OPERATIONS ROUNDS SEED``: make and measure the lineup of this environment's data folder; print JSON."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecm_site.settings")
    import django

    django.setup()
    from channels_app.bench_lineup_work import measure

    channels, operations, rounds, seed = (int(argument) for argument in sys.argv[1:5])
    print(json.dumps(measure(channels, operations, rounds, seed)))


if __name__ == "__main__":
    main()
