"""In which order parallel test processes take tests: those that wait for others stand among those that compute.

A test with a browser or with real processes waits half of its time. With more test processes than processors, and such tests
spread out, the processors always have something to do, and nobody waits in the end for one long test.
"""

from collections.abc import Iterator
from typing import Any

import pytest

_SHARE = 0.9
"""Part of the way over which those that wait are spread: what is quick comes last, so that all processes end together."""

TOGETHER = {
    "tests/browser/test_every_page.py": "newcomer",
    "tests/browser/test_main_path.py": "newcomer",
    "tests/browser/test_source_faults.py": "source faults",
}
"""Files whose tests share something that takes long to make: one process does all of them. They are the longest, too."""


def arrange(items: list[pytest.Item]) -> None:
    """Put the tests into that order. No process may have one without transactions after one with them (as pytest-django sorts
    them): those leave the tables empty, also of what migrations put in. Tests that share something big are the first."""
    big = [item for item in items if _file(item.nodeid) in TOGETHER]
    plain = [item for item in items if _file(item.nodeid) not in TOGETHER]
    plain_database = [item for item in plain if _uses_database(item) and not _has_transactions(item)]
    apart = [item for item in plain if not _uses_database(item) and _waits(item)]
    later = [item for item in plain if _has_transactions(item) or not (_uses_database(item) or _waits(item))]
    waiting = [item for item in later if _waits(item)]
    computing = [item for item in later if not _waits(item)]
    items[:] = [*big, *_spread(apart, plain_database), *_spread(waiting, computing)]


def _spread(some: list[pytest.Item], others: list[pytest.Item]) -> Iterator[pytest.Item]:
    """All of both, each in its order, ``some`` at equal distances from the beginning on."""
    distance = len(others) * _SHARE / max(1, len(some))
    taken = 0
    for number, item in enumerate(some):
        yield item
        upto = int((number + 1) * distance)
        yield from others[taken:upto]
        taken = upto
    yield from others[taken:]


def scheduler(config: pytest.Config, log: Any) -> Any:
    """Gives each test process a test when it has less than three, in the order of :func:`arrange`, and keeps together what
    belongs together."""
    from xdist.scheduler import LoadScopeScheduling

    class InOrder(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return TOGETHER.get(_file(nodeid), nodeid)

    config.option.loadscopereorder = False
    return InOrder(config, log)


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def _waits(item: pytest.Item) -> bool:
    return item.get_closest_marker("browser") is not None or item.get_closest_marker("processes") is not None


def _uses_database(item: pytest.Item) -> bool:
    return item.get_closest_marker("django_db") is not None or "db" in _fixtures(item) or _has_transactions(item)


def _has_transactions(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    wanted = marker is not None and (marker.kwargs.get("transaction") or marker.kwargs.get("reset_sequences"))
    return bool(wanted) or not {"transactional_db", "live_server"}.isdisjoint(_fixtures(item))


def _fixtures(item: pytest.Item) -> list[str]:
    return list(getattr(item, "fixturenames", []))
