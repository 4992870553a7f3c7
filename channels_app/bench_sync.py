"""Mirroring a Dispatcharr server: first pull, one that finds nothing new, a thousand edits and a thousand creations delivered.

The server is the fake one of the test tree, in a process of its own, which says how long it was at work: that is the floor. It
answers as fast as it can, or at the pace that the real server was measured to have (``--pace recorded``).
"""

import json
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from channels_app.bench_server import require_test_tree, running_server
from ecm_site.benchmarks import Results, data_folder, run_json

DEFAULT_STREAMS = 100_000
DEFAULT_CHANNELS = 5_000
DEFAULT_CHANGES = 1_000
MAX_RATIO = 1.3


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--streams", type=int, default=DEFAULT_STREAMS)
    parser.add_argument("--channels", type=int, default=DEFAULT_CHANNELS, help="With three streams each.")
    parser.add_argument("--changes", type=int, default=DEFAULT_CHANGES, help="How many edits, and how many creations.")
    parser.add_argument("--pace", choices=("recorded", "quick"), default="recorded", help="How fast the server answers.")


def run(options: dict[str, Any]) -> Results:
    """Each step is a process of its own, so that its memory is its own."""
    folder, say = options["scratch"], options["say"]
    require_test_tree("sync")
    say(f"Starting a server with {options['streams']:,} streams and {options['channels']:,} channels")
    results = Results("Mirroring a server")
    results.facts = {
        "server": f"fake, at {'the recorded pace' if options['pace'] == 'recorded' else 'its own pace'}:"
        f" {options['streams']:,} streams, {options['channels']:,} channels",
    }
    with running_server(options["streams"], options["channels"], options["pace"]) as server:
        connect_to(folder, server.address)
        for name, step, changes in (
            ("first pull", "pull", 0),
            ("pull, nothing new", "pull", 0),
            (
                f"{options['changes']:,} channels renamed, renumbered and given another order of streams",
                "edit",
                options["changes"],
            ),
            (f"{options['changes']:,} channels created", "create", options["changes"]),
            ("pull after that", "pull", 0),
        ):
            say(name[0].upper() + name[1:])
            server.tally()
            found, child = run_json([sys.executable, "-m", "channels_app.bench_sync", step, str(changes)], folder)
            _add(results, name, found, child.peak_mb, server.tally())
    return results


def _add(results: Results, name: str, found: dict[str, Any], peak_mb: float, tally: dict[str, Any]) -> None:
    floor = max(tally["seconds"], 0.001)
    told = f"{name} ({tally['requests']:,} requests, {peak_mb:,.0f} MB)"
    results.add(told, found["seconds"], "s", ratio=found["seconds"] / floor, floor="the server's own time", limit=MAX_RATIO)
    if found["rows"]:
        writing = sum(
            count for what, (count, _) in tally["by_path"].items() if not what.startswith("GET") and "by-ids" not in what
        )
        results.add(f"… requests that write, of {found['rows']:,} changed rows", writing, "requests")
        for what, (count, seconds) in tally["by_path"].items():
            results.facts[f"{name[:24]}… {what}"] = f"{count:,} in {seconds:.2f} s"
    if found["waiting"]:
        results.facts[f"left after “{name}”"] = f"{found['waiting']:,} changes"


def connect_to(folder: Path, address: dict[str, str]) -> None:
    """Into the scratch folder's own settings, by a process that works there."""
    run_json(
        [sys.executable, "-m", "channels_app.bench_sync", "connect", json.dumps(address)],
        folder,
    )
    if not (data_folder(folder) / "settings.json").exists():
        raise OSError("The scratch folder's settings were not written.")


def main() -> None:
    """``STEP ARGUMENT``: one step in this environment's data folder; prints JSON."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecm_site.settings")
    import django

    django.setup()
    from channels_app.bench_sync_work import STEPS

    print(json.dumps(STEPS[sys.argv[1]](sys.argv[2])))


if __name__ == "__main__":
    main()
