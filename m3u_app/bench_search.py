"""Searches streams by parts of their names among half a million."""

import json
import os
import random
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ecm_site.benchmarks import Results, manage, percentile, run_json
from m3u_app.bench_playlist import write_playlist

DEFAULT_ENTRIES = 500_000
PAGE = 50
COUNT_LIMIT = 1000
WORDS = ("sport", "news", "sky", "hd", "4k", "us: ", "uk", "fhd", "movies", "é", "ᴴᴰ", "zzz", "x", "%", '"')
ROUNDS = 3


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--entries", type=int, default=DEFAULT_ENTRIES, help="Size of the generated playlist.")
    parser.add_argument("--file", type=Path, help="Use this playlist instead of a generated one.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--texts", type=int, default=150, help="How many parts of names are searched for.")


def run(options: dict[str, Any]) -> Results:
    """Import a playlist into the scratch folder and search it there."""
    folder, say = options["scratch"], options["say"]
    playlist = options["file"]
    if playlist is None:
        playlist = folder / "bench.m3u"
        say(f"Writing {options['entries']:,} entries")
        write_playlist(playlist, options["entries"], seed=options["seed"])
    say("Importing")
    imported, _ = run_json(manage("import_m3u", str(playlist), "--account", "Bench", "--json"), folder)
    say("Searching")
    command = [sys.executable, "-m", "m3u_app.bench_search", str(options["texts"]), str(options["seed"])]
    times, _ = run_json(command, folder)
    floor = percentile(times["floor"], 0.5) * 1000
    results = Results("Stream search")
    results.facts = {
        "streams": f"{imported['streams_total']:,}",
        "texts": f"{len(times['long']) // ROUNDS:,} of three letters and more, {len(times['short']) // ROUNDS:,} of one or two",
    }
    results.add("floor: scan of all names, median", floor, "ms")
    for kind, label, limit in (
        ("long", f"3+ letters: {PAGE} streams and the count, p95", 20.0),
        ("short", f"1–2 letters: {PAGE} streams and the count, p95", None),
        ("grouped", "3+ letters: all matches counted by group, p95", None),
    ):
        found = [seconds * 1000 for seconds in times[kind]]
        results.add(label.replace("p95", "median"), percentile(found, 0.5), "ms")
        results.add(label, percentile(found, 0.95), "ms", limit=limit)
    return results


def measure(texts: int, seed: int) -> dict[str, list[float]]:
    """Search for parts of names that are there and for words people type; returns seconds by kind of search."""
    from m3u_app.models import Stream
    from m3u_app.search import count_matches, grouped_counts, matching_streams

    def first_page(text: str) -> None:
        list(matching_streams(Stream.objects.all(), text).order_by("id").values_list("id", "name", "group_id")[:PAGE])
        count_matches(text, COUNT_LIMIT)

    def scan(text: str) -> None:
        Stream.objects.filter(name__icontains=text).order_by().count()

    chosen = sorted({*WORDS, *_parts_of_names(texts, seed)})
    random.Random(seed).shuffle(chosen)  # noqa: S311 - not for secrets
    times: dict[str, list[float]] = {"long": [], "short": [], "grouped": [], "floor": []}
    for _ in range(ROUNDS):
        for text in chosen:
            times["long" if len(text) >= 3 else "short"].append(_timed(first_page, text))
            if len(text) >= 3:
                times["grouped"].append(_timed(lambda part: grouped_counts(Stream.objects.all(), part), text))
    times["floor"] = [_timed(scan, text) for text in chosen[:10]]
    return times


def _parts_of_names(count: int, seed: int) -> set[str]:
    from m3u_app.models import Stream

    pick = random.Random(seed)  # noqa: S311 - not for secrets
    newest = Stream.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    parts: set[str] = set()
    while newest and len(parts) < count:
        name = Stream.objects.filter(pk__gte=pick.randint(1, newest)).order_by("pk").values_list("name", flat=True)[0]
        length = pick.choice((2, 3, 4, 5, 6, 8, 12))
        start = pick.randint(0, max(0, len(name) - length))
        part = name[start : start + length].strip()
        if part:
            parts.add(part)
    return parts


def _timed(work: Callable[[str], object], text: str) -> float:
    started = time.perf_counter()
    work(text)
    return time.perf_counter() - started


def main() -> None:
    """``TEXTS SEED``: search in the data folder of this environment and print the times as JSON."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecm_site.settings")
    import django

    django.setup()
    print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]))))


if __name__ == "__main__":
    main()
