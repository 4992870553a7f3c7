"""Opens the page of changes, filtered, sorted and searched in every way, among a million recorded changes."""

import json
import os
import random
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from ecm_site.benchmarks import Results, percentile, run_json
from m3u_app.bench_playlist import CATEGORIES, COUNTRIES, FIRST, QUALITIES, SECOND

DEFAULT_STREAMS = 1_000_000
DEFAULT_LINES = 200_000
DAYS = 180
ACCOUNTS = 10
LIMIT_MS = 100.0
ROUNDS = 3


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--streams", type=int, default=DEFAULT_STREAMS, help="Changes of single streams, over half a year.")
    parser.add_argument("--lines", type=int, default=DEFAULT_LINES, help="Lines of the page they make up.")
    parser.add_argument("--seed", type=int, default=1)


def run(options: dict[str, Any]) -> Results:
    """Fill the scratch folder's database, then open the page as a browser would."""
    options["say"]("Writing changes")
    arguments = [str(options[name]) for name in ("streams", "lines", "seed")]
    found, child = run_json([sys.executable, "-m", "m3u_app.bench_changes", *arguments], options["scratch"])
    results = Results("Changes page")
    results.facts = {
        "recorded": f"{found['streams']:,} changes of streams in {found['lines']:,} lines, {DAYS} days, {ACCOUNTS} accounts",
        "database": f"{found['megabytes']:,.0f} MB",
    }
    every: list[float] = []
    for name, seconds in found["times"].items():
        times = [value * 1000 for value in seconds]
        every += times
        results.add(f"{name}, p95 of {len(times)}", percentile(times, 0.95), "ms")
    results.add(f"all pages, median of {len(every)}", percentile(every, 0.5), "ms")
    results.add(f"all pages, p95 of {len(every)}", percentile(every, 0.95), "ms", limit=LIMIT_MS)
    results.add("peak memory", child.peak_mb, "MB")
    return results


def fill(streams: int, lines: int, seed: int) -> None:
    """Write batches of all accounts over DAYS days; every line has its share of ``streams``."""
    from django.db import transaction
    from django.utils import timezone

    from m3u_app.changes.models import ChangeBatch, StreamChangeKind
    from m3u_app.changes.record import INSERT_NOTE
    from m3u_app.changes.sum_up import Group, Sums, sum_up
    from m3u_app.models import Account
    from m3u_app.raw_sql import insert_many
    from m3u_app.write_turns import WriteTurns

    pick = random.Random(seed)  # noqa: S311 - test data
    accounts = [Account.objects.create(name=f"Provider {number + 1}") for number in range(ACCOUNTS)]
    groups = [Group(number + 1, f"{country}| {category}") for number, (country, category) in enumerate(_pairs())]
    batches = DAYS * ACCOUNTS
    per_batch, per_line = max(1, lines // batches), max(1, streams // max(lines, 1))
    names = _names(pick)
    kinds = [StreamChangeKind.ADDED, StreamChangeKind.REMOVED, StreamChangeKind.RENAMED, StreamChangeKind.MOVED]
    start = timezone.now() - timedelta(days=DAYS)
    turns = WriteTurns()
    for number in range(batches):
        at = start + timedelta(days=number / ACCOUNTS)
        account = accounts[number % ACCOUNTS]
        batch = ChangeBatch.objects.create(
            account=account, at=at, summarised=True, total_streams=50_000, total_groups=len(groups)
        )
        sums, rows = Sums(), []
        for _ in range(per_batch):
            key = (pick.choice(kinds), pick.choice(groups).id)
            sums.streams[key] += per_line
            rows += [
                (batch.pk, key[0].value, key[1], pick.randint(1, 10**6), next(names), "", "", "[]") for _ in range(per_line)
            ]
        with transaction.atomic():
            insert_many(INSERT_NOTE, rows)
        sum_up(batch, groups, sums, turns)


def measure(seed: int) -> dict[str, list[float]]:
    """Open pages by a client without a network; seconds by kind of page."""
    from django.contrib.auth import get_user_model
    from django.test import Client
    from django.urls import reverse

    from m3u_app.changes.models import Change, StreamChange

    pick = random.Random(seed)  # noqa: S311 - test data
    user = get_user_model().objects.create_superuser("bench")
    client = Client()
    client.force_login(user)
    url = reverse("m3u_changes:list")
    newest = StreamChange.objects.latest("pk").pk
    parts = []
    for _ in range(12):
        name = StreamChange.objects.get(pk=pick.randint(1, newest)).name
        length = pick.choice((3, 4, 6, 9))
        begin = pick.randint(0, max(0, len(name) - length))
        parts.append(name[begin : begin + length].strip() or name)
    lines = Change.objects.count()
    queries = {
        "last 7 days": ["", "?size=100", "?page=2", "?range=24h"],
        "filtered": [f"?account={number}&range=30d" for number in (1, 5)]
        + ["?type=streams_removed&range=90d", "?enabled=yes&range=90d", "?account=3&type=streams_added&range=all", "?in_use=1"],
        "any time": ["?range=all", "?range=90d", "?range=90d&page=40", f"?range=all&page={lines // 100}"],
        "sorted": [f"?sort={sort}" for sort in ("account", "type", "group", "count", "enabled")] + ["?sort=count&range=90d"],
        "sorted, any time": [f"?sort={sort}&range=all" for sort in ("account", "type", "group", "count", "enabled")],
        "one group": ["?range=all&group=US|+SPORTS", "?range=90d&group=DE|+NEWS"],
        "searched": [f"?q={part}" for part in parts[:4]] + [f"?range=90d&q={part}" for part in parts[4:8]],
        "searched, any time": [f"?range=all&q={part}" for part in parts[8:]],
    }
    client.get(url)  # the first one loads templates
    times: dict[str, list[float]] = {name: [] for name in queries}
    for _ in range(ROUNDS):
        for name, found in queries.items():
            for query in found:
                started = time.perf_counter()
                answer = client.get(url + query)
                times[name].append(time.perf_counter() - started)
                if answer.status_code != 200:
                    raise RuntimeError(f"{query} answered {answer.status_code}")
    return times


def _pairs() -> list[tuple[str, str]]:
    return [(country, category) for country in COUNTRIES for category in CATEGORIES]


def _names(pick: random.Random) -> Iterator[str]:
    while True:
        number = pick.randint(1, 400)
        yield f"{pick.choice(COUNTRIES)}: {pick.choice(FIRST)} {pick.choice(SECOND)} {number}{pick.choice(QUALITIES)}"


def main() -> None:
    """``STREAMS LINES SEED``: fill the data folder of this environment, measure there, and print JSON."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecm_site.settings")
    import django

    django.setup()
    from pathlib import Path

    from django.conf import settings

    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    from m3u_app.changes.models import Change, StreamChange

    streams, lines, seed = (int(value) for value in sys.argv[1:4])
    fill(streams, lines, seed)
    said: dict[str, Any] = {"streams": StreamChange.objects.count(), "lines": Change.objects.count(), "times": measure(seed)}
    said["megabytes"] = Path(str(settings.DATABASES["default"]["NAME"])).stat().st_size / 1_048_576
    said["at"] = datetime.now().astimezone().isoformat()
    print(json.dumps(said))


if __name__ == "__main__":
    main()
