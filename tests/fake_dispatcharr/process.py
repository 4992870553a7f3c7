"""The fake server as a process of its own, for benchmarks: ``python -m tests.fake_dispatcharr.process STREAMS CHANNELS PACE
[PROFILES]``.

Says where it listens in one line of JSON, then answers each line of its input with another: how many requests came since the
last one, and for how many seconds it was at work on them. After the line "hang" it answers no request any more. With the pace
"recorded" it takes as long for an answer as the real server was measured to (NOTES §11); with "quick" as long as it needs.
"""

import json
import sys
import threading
import time
from collections import Counter, defaultdict
from typing import Any

from tests.fake_dispatcharr import Guide, Playlist, World
from tests.fake_dispatcharr.faults import Kind
from tests.fake_dispatcharr.server import FakeServer, _Handler, _Listener

# Seconds per row and per request; medians of two cores, client included.
RECORDED: tuple[tuple[str, str, float, float], ...] = (
    ("POST", "/streams/by-ids/", 13.2 / 100_000, 0.01),
    ("GET", "/streams/ids/", 0.59 / 100_000, 0.01),
    ("GET", "/channels/channels/", 0.51 / 1_032, 0.01),
    ("GET", "/channels/summary/", 0.016 / 1_032, 0.01),
    ("PATCH", "/edit/bulk/", 3.2 / 1_000, 0.02),
    ("POST", "/assign/", 0.37 / 1_000, 0.01),
    ("DELETE", "/channels/bulk-delete/", 8.1 / 1_000, 0.01),
    ("POST", "/channels/channels/", 0.0, 0.029),
)
OTHERS = 0.01
FOR_EVER = 7 * 24 * 3600.0
WITH_STREAMS = 15.4 / 1_000
"""Of an edit that sets streams, per channel; 3.2 of 1,000 without."""


class Tally:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.requests: Counter[str] = Counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def add(self, what: str, seconds: float) -> None:
        with self.lock:
            self.requests[what] += 1
            self.seconds[what] += seconds

    def taken(self) -> dict[str, Any]:
        with self.lock:
            found = {
                "requests": sum(self.requests.values()),
                "seconds": sum(self.seconds.values()),
                "by_path": {what: [count, round(self.seconds[what], 3)] for what, count in self.requests.most_common()},
            }
            self.requests.clear()
            self.seconds.clear()
            return found


class TimedServer(FakeServer):
    """``recorded``: keep to the real server's pace."""

    def __init__(self, world: World, *, recorded: bool) -> None:
        self.tally = Tally()
        self.recorded = recorded
        super().__init__(world)

    def start(self) -> None:
        handler = type("Handler", (_TimedHandler,), {"fake": self})
        self._http = _Listener(("127.0.0.1", self.port), handler)
        self.port = int(self._http.server_address[1])
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()


class _TimedHandler(_Handler):
    """Counts from the arrival of a request to the last byte of its answer."""

    fake: TimedServer
    _arrived = 0.0

    def do_GET(self) -> None:  # noqa: N802 - the name that http.server looks for
        self._arrived = started = time.perf_counter()
        super().do_GET()
        path = self.path.partition("?")[0]
        self.fake.calls.clear()  # they hold everything that was ever sent
        what = f"{self.command} {''.join('N' if part.isdigit() else part for part in _split(path))}"
        self.fake.tally.add(what, time.perf_counter() - started)

    do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815

    def _answer(self, reply: Any, *, half: bool) -> None:
        if self.fake.recorded:
            asked = self.fake.calls[-1].body if self.fake.calls else None
            wanted = _recorded_seconds(self.command, self.path.partition("?")[0], asked, reply.body)
            time.sleep(max(0.0, self._arrived + wanted - time.perf_counter()))
        super()._answer(reply, half=half)


def _recorded_seconds(method: str, path: str, asked: Any, answered: Any) -> float:
    for known, ending, per_row, per_request in RECORDED:
        if method == known and path.endswith(ending):
            if path.endswith("/edit/bulk/"):
                return per_request + sum(WITH_STREAMS if "streams" in row else per_row for row in asked)
            return per_request + per_row * max(_rows(asked), _rows(answered))
    return OTHERS


def _rows(body: Any) -> int:
    if isinstance(body, list):
        return len(body)
    if isinstance(body, dict):
        return max((len(part) for part in body.values() if isinstance(part, list)), default=0)
    return 0


def _split(path: str) -> list[str]:
    parts: list[str] = []
    for part in path.split("/"):
        parts += ["/", part]
    return parts[1:]


def made_world(streams: int, channels: int, profiles: int = 0) -> World:
    """Ten accounts' worth of streams in one, a guide, and ``channels`` of three streams each in groups and ``profiles``."""
    world = World(seed=3, refresh_seconds=0.5)
    playlist = Playlist.generated(streams, groups=200)
    world.add_account("Bench", playlist)
    world.add_source("Guide", Guide.generated(min(streams // 4, 5_000), playlist=playlist))
    groups = [world.add_group(f"Lineup {number}") for number in range(40)]
    for number in range(profiles):
        world.memberships[world.insert("channel_profiles", {"id": 0, "name": f"Profile {number}"})["id"]] = {}
    for number in range(channels):
        world.add_channel(
            f"Channel {number}",
            channel_number=float(number + 1),
            channel_group_id=groups[number % len(groups)],
            streams=[number * 3 + 1, number * 3 + 2, number * 3 + 3],
            tvg_id=f"ch{number}.example",
        )
    return world


def main() -> None:
    streams, channels, pace = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    profiles = int(sys.argv[4]) if len(sys.argv) > 4 else 0
    server = TimedServer(made_world(streams, channels, profiles), recorded=pace == "recorded")
    print(json.dumps({"url": server.url, "user": server.user, "password": server.password}), flush=True)
    for line in sys.stdin:
        if line.strip() == "hang":
            server.calls.clear()
            server.faults.order(Kind.SLOW, times=sys.maxsize, seconds=FOR_EVER)
        print(json.dumps({**server.tally.taken(), "unanswered": len(server.calls)}), flush=True)
    server.stop()


if __name__ == "__main__":
    main()
