"""Imports one provider day after day and compares the changes that are written down with those that were made."""

import json
import os
import sys
from argparse import ArgumentParser
from collections import defaultdict
from pathlib import Path
from typing import Any

from ecm_site.benchmarks import Results, run_json
from m3u_app.bench_churn_playlist import DEFAULT_RATE, Provider

DEFAULT_ENTRIES = 50_000
DEFAULT_DAYS = 5
TARGET = 0.98
NEW_LOGIN_DAY = "the last day, with a new server and login"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--entries", type=int, default=DEFAULT_ENTRIES, help="Streams of the first day.")
    parser.add_argument("--days", type=int, default=DEFAULT_DAYS, help="How many days follow, the last with a new login.")
    parser.add_argument("--rate", type=float, default=DEFAULT_RATE, help="Share of the streams that change in a day.")
    parser.add_argument("--seed", type=int, default=1)


def run(options: dict[str, Any]) -> Results:
    """Measure in the scratch folder: precision and recall must reach TARGET each."""
    arguments = [str(options[name]) for name in ("entries", "days", "rate", "seed")]
    found, child = run_json(
        [sys.executable, "-m", "m3u_app.bench_churn", str(options["scratch"]), *arguments], options["scratch"]
    )
    results = Results("Change tracking")
    results.facts = {
        "provider": f"{options['entries']:,} streams, {options['days']} days, {options['rate']:.1%} of them touched a day",
        "changes made": ", ".join(f"{counts[1]:,} {kind}" for kind, counts in found["days"].items()),
        "new login": f"{found['login']['kept']:,} of {found['login']['streams']:,} streams kept their rows on {NEW_LOGIN_DAY}",
    }
    for kind, (reported, real, right) in found["days"].items():
        # Misses, not hits: the table's targets are upper limits.
        results.add(
            f"{kind}: precision {_share(right, reported):.4f}, wrong", 1 - _share(right, reported), "", limit=1 - TARGET
        )
        results.add(f"{kind}: recall {_share(right, real):.4f}, missed", 1 - _share(right, real), "", limit=1 - TARGET)
    lost = 1 - _share(found["login"]["kept"], found["login"]["streams"])
    results.add("streams that lose their row to a new login", lost, "", limit=1 - TARGET)
    results.add("peak memory", child.peak_mb, "MB", limit=400)
    return results


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def measure(folder: Path, entries: int, days: int, rate: float, seed: int) -> dict[str, Any]:
    """Import day after day in this environment's data folder; returns [reported, real, right] by kind."""
    from m3u_app.bench_churn_score import score_newest
    from m3u_app.import_playlist import choose_account, refresh_here
    from m3u_app.models import Stream

    provider = Provider(entries, seed=seed, rate=rate)
    playlist = folder / "provider.m3u"
    provider.write(playlist)
    account_id = choose_account(str(playlist), "Churn").account_id
    refresh_here(account_id, accept_shrunken=False)
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    login: dict[str, int] = {}
    for day in range(1, days + 1):
        truth = provider.next_day()
        known = dict(Stream.objects.filter(account_id=account_id, is_stale=False).values_list("url", "pk"))
        if day == days:
            provider.write(playlist, host="edge7.provider.example", login="u8f3k2m9qz/nb1v6c7x4p")
        else:
            provider.write(playlist)
        refresh_here(account_id, accept_shrunken=False)
        for kind, score in score_newest(account_id, truth).items():
            for position, value in enumerate((score.found, score.real, score.right)):
                totals[kind][position] += value
        if day == days:
            staying = len(known) - len(truth.removed)
            kept = Stream.objects.filter(
                account_id=account_id, is_stale=False, pk__in=Stream.objects.filter(pk__lte=max(known.values()))
            )
            login = {"streams": staying, "kept": kept.count()}
    return {"days": totals, "login": login}


def main() -> None:
    """``FOLDER ENTRIES DAYS RATE SEED``: measure in the data folder of this environment and print JSON."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecm_site.settings")
    import django

    django.setup()
    folder, entries, days, rate, seed = sys.argv[1:6]
    print(json.dumps(measure(Path(folder), int(entries), int(days), float(rate), int(seed))))


if __name__ == "__main__":
    main()
