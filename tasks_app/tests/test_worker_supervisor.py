"""The worker's parent outlives a pool that cannot be started, and never leaves one behind that nobody stops."""

import errno

import pytest

from tasks_app.worker import supervisor
from tasks_app.worker.supervisor import Supervisor


class Pool:
    """Stands for the worker processes: ``refuses`` starts fail as on a full disk, then one works."""

    def __init__(self, refuses: int = 0) -> None:
        self.refuses, self.starts, self.asked, self.alive = refuses, 0, False, True

    def start(self) -> None:
        self.starts += 1
        if self.starts > 1 and self.refuses:
            self.refuses -= 1
            raise OSError(errno.ENOSPC, "No space left on device")
        self.alive = True

    def is_alive(self) -> bool:
        return self.alive

    def ask_to_stop(self) -> None:
        self.asked = True

    def wait(self, seconds: float) -> bool:
        return self.asked

    def kill(self) -> None:
        self.alive = False


@pytest.fixture
def parent(monkeypatch: pytest.MonkeyPatch, db: None) -> Supervisor:
    monkeypatch.setattr(supervisor, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr("signal.signal", lambda *args: None)
    monkeypatch.setattr("tasks_app.shutdown.start_draining", lambda: None)
    made = Supervisor(stop_seconds=0.1)
    monkeypatch.setattr(made, "_rounds", Rounds(made))
    made._backoff = 0.001
    return made


class Rounds:
    """Rounds of nothing: the pool dies in the first, and all is to end once it runs again (or ``fails``)."""

    fails: Exception | None = None

    def __init__(self, parent: Supervisor) -> None:
        self.parent, self.gone = parent, 0

    def begin(self) -> None:
        return

    def go_round(self) -> None:
        self.gone += 1
        if self.fails is not None:
            raise self.fails
        pool = self.parent._cluster
        if self.gone == 1:
            pool.alive = False  # type: ignore[attr-defined]
        elif pool.is_alive():
            self.parent._stop.set()


def test_a_pool_that_cannot_be_started_for_want_of_room_is_tried_again(
    parent: Supervisor, caplog: pytest.LogCaptureFixture
) -> None:
    pool = parent._cluster = Pool(refuses=2)  # type: ignore[assignment]
    parent.run()
    assert pool.starts == 4  # the first, two that failed, and the one that worked
    assert pool.asked
    assert "could not be started" in caplog.text


def test_a_parent_that_fails_stops_its_pool_before_it_ends(parent: Supervisor) -> None:
    pool = parent._cluster = Pool()  # type: ignore[assignment]
    parent._rounds.fails = RuntimeError("a mistake in the loop")  # type: ignore[attr-defined]
    with pytest.raises(RuntimeError, match="a mistake"):
        parent.run()
    assert pool.asked
