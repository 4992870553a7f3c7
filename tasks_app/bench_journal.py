"""The journal at a million entries: writing, pages, search, statistics, export, deleting what is old."""

import json
import os
import sys
from argparse import ArgumentParser
from typing import Any

from ecm_site.benchmarks import Results, percentile, run_json

DEFAULT_ENTRIES = 1_000_000
PAGE_LIMIT_MS = 100.0  # p95, issue 2
WRITES = 10_000


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--entries", type=int, default=DEFAULT_ENTRIES, help="Size of the journal.")
    parser.add_argument("--rounds", type=int, default=15, help="How often each page is asked for.")
    parser.add_argument("--seed", type=int, default=1)


def run(options: dict[str, Any]) -> Results:
    """Fill a journal in the scratch folder and measure it there, in a process of its own."""
    folder, say = options["scratch"], options["say"]
    say(f"Writing and measuring {options['entries']:,} entries")
    asked = [str(options[name]) for name in ("entries", "rounds", "seed")]
    found, child = run_json([sys.executable, "-m", "tasks_app.bench_journal", *asked], folder)
    results = Results("Journal")
    results.facts = {
        "journal": f"{options['entries']:,} entries over 90 days, {found['megabytes']:,.0f} MB with all indexes",
        "processor time in all": f"{child.cpu_seconds:,.0f} s, peak memory {child.peak_mb:,.0f} MB",
    }
    _add_writes(results, found)
    for name, times in found["pages"].items():
        results.add(f"{name}, p95", percentile(times["seconds"], 0.95) * 1000, "ms", limit=PAGE_LIMIT_MS)
        results.add(f"{name}, processor time a page", sum(times["cpu"]) / len(times["cpu"]) * 1000, "ms")
    results.add("floor: scan for a rare text", found["scan"] * 1000, "ms")
    rare = percentile(found["search"], 0.5)
    results.add("rare text by the index, median", rare * 1000, "ms", ratio=rare / found["scan"], floor="scan", limit=0.2)
    results.add("export of everything as CSV", found["export_rows"] / found["export"] / 1000, "thousand entries/s")
    results.add("deleting what is old", found["purge_rows"] / found["purge"] / 1000, "thousand entries/s")
    results.add("longest turn of deleting", found["purge_turn"] * 1000, "ms", limit=500.0)
    return results


def _add_writes(results: Results, found: dict[str, Any]) -> None:
    one, many = found["floor_one"], found["floor_many"]
    results.add(f"floor: {WRITES:,} bare inserts into the same indexes, one a transaction", one, "s")
    results.add(
        f"{WRITES:,} entries, one a transaction",
        found["write_one"],
        "s",
        ratio=found["write_one"] / one,
        floor="inserts",
        limit=6.0,
    )
    results.add("…processor time an entry", found["write_one_cpu"] / WRITES * 1e6, "µs")
    results.add(f"floor: one executemany of {WRITES:,} rows into the same indexes", many, "s")
    results.add(
        f"{WRITES:,} entries of one bulk operation",
        found["write_many"],
        "s",
        ratio=found["write_many"] / many,
        floor="executemany",
    )
    results.add(f"taking {WRITES:,} new entries into the text index", found["index"], "s")
    results.add("longest turn of that", found["index_turn"] * 1000, "ms", limit=500.0)


def main() -> None:
    """``ENTRIES ROUNDS SEED``: fill and measure the journal of this environment's data folder; print JSON."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecm_site.settings")
    import django

    django.setup()
    from tasks_app.bench_journal_work import measure

    entries, rounds, seed = (int(argument) for argument in sys.argv[1:4])
    print(json.dumps(measure(entries, rounds, seed)))


if __name__ == "__main__":
    main()
