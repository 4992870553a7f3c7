"""Every page while the mirrored server hangs on every request, a pull and a delivery hang on it, and the worker does too.

The real web server and task worker on a mirrored lineup. Found by following links from the menu, so a new page is measured
without being listed. Floors: the same page while the server is well, and an answer that does nothing.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.management import call_command

from channels_app.bench_server import require_test_tree, running_server
from channels_app.bench_sync import connect_to
from ecm_site.bench_pages_walk import Visitor, is_fine, open_again_and_again, walk
from ecm_site.benchmarks import Results, cpu_seconds, family, manage, percentile, run_json, scratch_environment

DEFAULT_CHANNELS = 20_000
DEFAULT_STREAMS = 100_000
DEFAULT_ROUNDS = 30
DEFAULT_WAITING = 1_000
PROFILES = 5
LIMIT_MS = 200.0  # p95, issue 5
AT_ONCE = 4
TRIVIAL = "/api/version"
READY_SECONDS = 120.0
WARM_UP = 2
"""Visits to each page that do not count: caches fill, and processes import."""
_MODULE = "ecm_site.bench_pages"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--channels", type=int, default=DEFAULT_CHANNELS, help="With three streams each.")
    parser.add_argument("--streams", type=int, default=DEFAULT_STREAMS)
    parser.add_argument("--waiting", type=int, default=DEFAULT_WAITING, help="How many changes wait for the server.")
    parser.add_argument("--rounds", type=int, default=DEFAULT_ROUNDS, help="How often each page is opened.")
    parser.add_argument("--shown", type=int, default=20, help="How many pages the table lists, worst first; 0 for all.")
    parser.add_argument("--in-draft", action="store_true", help="The administrator has a draft open.")
    parser.add_argument("--seed", type=int, default=1)


@dataclass
class Taken:
    """Seconds of the visits to one page."""

    well: list[float] = field(default_factory=list)
    hanging: list[float] = field(default_factory=list)
    at_once: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def p95_ms(self, name: str) -> float:
        return percentile(getattr(self, name), 0.95) * 1000

    def half_ms(self, name: str) -> float:
        return percentile(getattr(self, name), 0.5) * 1000


def run(options: dict[str, Any]) -> Results:
    """Mirror a server in the scratch folder, let it hang, and open every page."""
    folder, say = options["scratch"], options["say"]
    require_test_tree("pages")
    call_command("collectstatic", interactive=False, verbosity=0)  # pages name their files by content
    say(f"Mirroring a server with {options['streams']:,} streams and {options['channels']:,} channels")
    with ExitStack() as stack:
        size = (options["streams"], options["channels"])
        server = stack.enter_context(running_server(*size, "quick", profiles=PROFILES))
        connect_to(folder, server.address)
        run_json([sys.executable, "-m", "channels_app.bench_sync", "pull", "0"], folder)
        house = _step(folder, "furnish", str(options["waiting"]), str(int(options["in_draft"])))
        web = stack.enter_context(_serving(folder, options["say"]))
        visitor = Visitor(web.port, house["cookie"])
        found = [(path, answer) for path, answer in walk(visitor.get, selection=house["selection"])]
        broken = [f"{path}: {answer.status}" for path, answer in found if not is_fine(answer)]
        if broken:
            said = _last_words(folder / "serve.log")
            raise RuntimeError(f"{len(broken)} of {len(found)} pages are broken: {', '.join(broken[:10])}. {said}")
        pages = {path: Taken() for path, _ in found}
        say(f"Opening {len(pages)} pages while the server is well")
        open_again_and_again(visitor.get, [*pages] * WARM_UP, AT_ONCE)
        _open(visitor, pages, "well", max(1, options["rounds"] // 3), options["seed"])
        server.hang()
        for what in ("pull", "deliver"):
            stack.enter_context(_hanging(folder, what))
        say(f"Opening {len(pages)} pages while it hangs")
        _open(visitor, pages, "hanging", options["rounds"], options["seed"] + 1)
        _open_with_cpu(visitor, pages, web.process.pid, options["seed"] + 2)
        _open(visitor, pages, "at_once", options["rounds"], options["seed"] + 3, at_once=AT_ONCE)
        edits = [_rename(visitor, pk) for pk in house["channels"][: options["rounds"]]]
        bare = open_again_and_again(visitor.get, [TRIVIAL] * options["rounds"], 1)[TRIVIAL]
        asked = server.tally()
        hung = _step(folder, "still-hanging")
    results = _results(options, pages, bare)
    results.add("renaming a channel meanwhile, p95", percentile(edits, 0.95) * 1000, "ms", limit=LIMIT_MS)
    results.facts |= {
        "house": house["facts"],
        "pages": f"{len(pages)}, one of each kind that links lead to",
        "requests that the server took and never answered": f"{asked['unanswered']:,}",
        "said about it": hung["said"],
    }
    return results


def _open(visitor: Visitor, pages: dict[str, Taken], name: str, rounds: int, seed: int, *, at_once: int = 1) -> None:
    """Open each page ``rounds`` times, in an order of its own each time, and note the seconds under ``name``."""
    pick = random.Random(seed)  # noqa: S311 - not for secrets
    everything = list(pages)
    for _ in range(rounds):
        pick.shuffle(everything)
        for path, seconds in open_again_and_again(visitor.get, everything, at_once).items():
            getattr(pages[path], name).extend(seconds)


def _open_with_cpu(visitor: Visitor, pages: dict[str, Taken], pid: int, seed: int, rounds: int = 3) -> None:
    """What a page costs in processor time of the web server, which other work on the machine does not change."""
    everything = list(pages)
    pick = random.Random(seed)  # noqa: S311 - not for secrets
    members = family(pid)
    for _ in range(rounds):
        pick.shuffle(everything)
        for path in everything:
            before = cpu_seconds(members)
            visitor.get(path)
            pages[path].cpu.append(cpu_seconds(members) - before)


def _rename(visitor: Visitor, channel_id: int) -> float:
    answer = visitor.edit(f"/channels/{channel_id}/name/", value=f"Renamed {channel_id}")
    if answer.status != 204:
        raise RuntimeError(f"Renaming answers {answer.status}: {answer.text[:300]}")
    return answer.seconds


def _results(options: dict[str, Any], pages: dict[str, Taken], bare: list[float]) -> Results:
    results = Results("Pages while the mirrored server hangs")
    worst = sorted(pages.items(), key=lambda item: -item[1].p95_ms("hanging"))
    floor_ms = percentile(bare, 0.5) * 1000
    for name, told in (("hanging", "one after another"), ("at_once", f"{AT_ONCE} at once")):
        every = [seconds for taken in pages.values() for seconds in getattr(taken, name)]
        above = sum(taken.p95_ms(name) > LIMIT_MS for taken in pages.values())
        results.add(f"pages whose p95 is above {LIMIT_MS:g} ms, {told}", above, "pages", limit=0.0)
        results.add(f"all visits, {told}, p95 of {len(every):,}", percentile(every, 0.95) * 1000, "ms", limit=LIMIT_MS)
    hanging, well = (sum(taken.half_ms(name) for taken in pages.values()) for name in ("hanging", "well"))
    results.add("all medians together", hanging, "ms", ratio=hanging / well, floor="the server being well")
    results.add(f"floor: an answer that does nothing ({TRIVIAL}), median", floor_ms, "ms")
    results.heads = (
        "page",
        "p50",
        "p95",
        "longest",
        f"{AT_ONCE} at once: p50",
        "their p95",
        "their longest",
        "server well: p50",
        "CPU",
    )
    for path, taken in worst[: options["shown"] or None]:
        cells = [
            *(taken.half_ms("hanging"), taken.p95_ms("hanging"), max(taken.hanging) * 1000),
            *(taken.half_ms("at_once"), taken.p95_ms("at_once"), max(taken.at_once) * 1000),
            *(taken.half_ms("well"), taken.half_ms("cpu")),
        ]
        results.rows.append((_short(path), *(f"{cell:,.0f} ms" for cell in cells)))
    return results


def _short(path: str) -> str:
    return path if len(path) <= 70 else f"{path[:69]}…"


@dataclass
class _Web:
    process: "subprocess.Popen[bytes]"
    port: int


@contextmanager
def _serving(folder: Path, say: Any) -> Iterator[_Web]:
    """``manage.py serve``, web server and worker, in the scratch folder; the family of its process does all the work."""
    port = _free_port()
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            manage("serve", "--bind", "127.0.0.1", "--port", str(port)),
            env=scratch_environment(folder),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_until_ready(process, folder / "serve.log")
            yield _Web(process, port)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                say("The server had to be killed")
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _last_words(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]


def _wait_until_ready(process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while "ECM is ready" not in log.read_text(errors="replace"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"The web server did not start: {_last_words(log)}")
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _hanging(folder: Path, what: str) -> Iterator[None]:
    """A process that pulls or delivers again and again, and so hangs. Not as runs: those never work at the same time."""
    with (folder / f"{what}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", _MODULE, what], env=scratch_environment(folder), stdout=log, stderr=subprocess.STDOUT
        )
        try:
            yield
        finally:
            process.kill()
            process.wait()


def _step(folder: Path, *arguments: str) -> dict[str, Any]:
    found, _ = run_json([sys.executable, "-m", _MODULE, *arguments], folder)
    return found


def main() -> None:
    """``STEP ARGUMENTS``: work in the data folder of this environment and print JSON."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecm_site.settings")
    import django

    django.setup()
    from ecm_site.bench_pages_work import STEPS

    print(json.dumps(STEPS[sys.argv[1]](*sys.argv[2:])))


if __name__ == "__main__":
    main()
