"""Opens and searches the groups of an account that has thousands of them; what filters cost on a large playlist."""

import json
import os
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ecm_site.benchmarks import Results, manage, percentile, run_json
from m3u_app.bench_playlist import write_playlist

DEFAULT_GROUPS = 5000
DEFAULT_ENTRIES = 200_000
ROUNDS = 20
TEXTS = ("sport", "news", "1", "12", "country 4", "zzz")
FILTERS = ((r"\b(news|weather)\b", "name"), (r"^(XX|YY)\|", "group"), (r"\.(mkv|mp4)$", "url"), ("adult|xxx", "name"))


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--groups", type=int, default=DEFAULT_GROUPS, help="Groups of the account.")
    parser.add_argument("--entries", type=int, default=DEFAULT_ENTRIES, help="Entries of the playlist that filters look at.")


def run(options: dict[str, Any]) -> Results:
    """Make an account with groups in the scratch folder and ask for its pages; then decide about every entry of a playlist."""
    folder: Path = options["scratch"]
    playlist = folder / "bench.m3u"
    options["say"]("Writing the playlist")
    write_playlist(playlist, options["entries"])
    options["say"]("Importing")
    imported, _ = run_json(manage("import_m3u", str(playlist), "--account", "Bench", "--json"), folder)
    options["say"]("Asking for pages of groups, deciding about entries")
    command = [sys.executable, "-m", "m3u_app.bench_groups", str(options["groups"])]
    times, child = run_json(command, folder)
    results = Results("Groups and filters")
    results.facts = {
        "groups": f"{options['groups']:,}, the list sends them in pages of 100",
        "filters": f"{len(FILTERS)} on {imported['entries']:,} entries, one of them on the address",
    }
    for kind, label, limit in (("first", "first page", 150.0), ("search", "search as typed", 150.0)):
        found = [seconds * 1000 for seconds in times[kind]]
        results.add(f"groups: {label}, median", percentile(found, 0.5), "ms")
        results.add(f"groups: {label}, p95", percentile(found, 0.95), "ms", limit=limit)
    results.add("floor: reading the playlist", times["read"], "s")
    ratio = times["filtered"] / times["read"]
    results.add("reading it and deciding about every entry", times["filtered"], "s", ratio=ratio, floor="reading")
    results.add("preview of a new filter", times["preview"], "s", limit=2.5)
    results.add("entries counted by then", times["previewed"], "entries")
    results.add("peak memory", child.peak_mb, "MB")
    return results


def measure(groups: int) -> dict[str, Any]:
    """Pages through Django, templates and all; filters on every entry of the account "Bench"."""
    from django.contrib.auth.models import User
    from django.test import Client
    from django.urls import reverse

    from m3u_app.edit_filters import FilterValues
    from m3u_app.filter_preview import preview_filter
    from m3u_app.importing.filtering import FilterChain, Rule
    from m3u_app.models import Account, StreamGroup
    from m3u_app.providers.registry import reopen

    bench = Account.objects.get(name="Bench")
    crowded = Account.objects.create(name="Crowded", server_url="http://provider.example/x.m3u")
    StreamGroup.objects.bulk_create(
        StreamGroup(account=crowded, name=f"Country {n % 97} | Sports & News {n}", enabled=n % 3 > 0, stream_count=n % 400)
        for n in range(groups)
    )
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(User.objects.create_superuser("bench"))
    url = reverse("m3u:groups", args=[crowded.pk])

    def page(**query: str) -> None:
        answer = client.get(url, query)
        if answer.status_code != 200:
            raise RuntimeError(f"the page answered {answer.status_code}")

    page()  # templates are compiled now
    chain = FilterChain([Rule(target, pattern, case_sensitive=False) for pattern, target in FILTERS])

    def read(decide: Callable[[str, str, str], object] | None) -> None:
        source = reopen(bench)
        if source is None:
            raise RuntimeError("the playlist is gone")
        with source:
            for batch in source.batches(b""):
                for _, raw in batch:
                    entry = source.parse(raw)
                    if entry is not None and decide is not None:
                        decide(entry.group, entry.name, entry.url)

    found: dict[str, Any] = {
        "first": [_timed(page) for _ in range(ROUNDS)],
        "search": [_timed(partial(page, q=text)) for text in TEXTS for _ in range(3)],
        "read": _timed(lambda: read(None)),
        "filtered": _timed(lambda: read(chain.decide)),
    }
    started = time.perf_counter()
    found["previewed"] = preview_filter(bench, FilterValues("name", "news|sport")).total
    found["preview"] = time.perf_counter() - started
    return found


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    """``GROUPS``: measure in the data folder of this environment and print the times as JSON."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecm_site.settings")
    import django

    django.setup()
    print(json.dumps(measure(int(sys.argv[1]))))


if __name__ == "__main__":
    main()
