"""Demo tasks for this process, real worker processes, and a signed-in person."""

import importlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from tasks_app import registry
from tasks_app.mirror import bulk_mirrors, kinds
from tasks_app.mirror.state import mirror_state
from tasks_app.mirror.triggers import ensure_triggers
from tasks_app.models import MirrorState
from tasks_app.tests.mirror_toys import TABLES, BoxKind, ToyKind, ToyServer, sql
from tasks_app.tests.workers import Worker


@pytest.fixture
def demo_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEMO_FOLDER", str(tmp_path))
    return tmp_path


@pytest.fixture
def demo_tasks(demo_folder: Path) -> Iterator[Path]:
    """Make the demo tasks known to this process for one test; the folder holds the marks they leave."""
    before = dict(registry._tasks)
    module = importlib.import_module("tasks_app.tests.demo_tasks.tasks")
    for task in (module.DemoCount, module.DemoDeaf, module.DemoFail):
        registry._tasks[task.task_id] = task
    yield demo_folder
    registry._tasks.clear()
    registry._tasks.update({name: task for name, task in before.items() if not name.startswith("demo_")})


@pytest.fixture
def start_worker(demo_tasks: Path, transactional_db: None) -> Iterator[Callable[..., Worker]]:
    """Start real ``run_worker`` processes on the test's own database files; all are gone when the test ends."""
    workers: list[Worker] = []

    def start(*arguments: str) -> Worker:
        worker = Worker(arguments, {**os.environ, "DEMO_FOLDER": str(demo_tasks)})
        workers.append(worker)
        worker.wait_until_ready()
        return worker

    yield start
    for worker in workers:
        worker.end()


@pytest.fixture
def toy_server(db: None, monkeypatch: pytest.MonkeyPatch) -> ToyServer:
    """A connected house that mirrors boxes and toys only."""
    monkeypatch.setattr(kinds, "_kinds", {"box": BoxKind(), "toy": ToyKind()})
    monkeypatch.setattr(bulk_mirrors, "_mirrors", {})
    for statement in TABLES:
        sql(statement)
    ensure_triggers()
    mirror_state()
    MirrorState.objects.update(connected=True)
    return ToyServer()


@pytest.fixture
def alice(db: None) -> Client:
    user = get_user_model().objects.create_superuser("alice", password="correct horse")
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def time_machine_at() -> Iterator[Callable[..., object]]:
    """The clock stands still, and the test may move it: ``time_machine_at(moment)``."""
    import time_machine

    with time_machine.travel("2026-05-04T10:00:00+00:00", tick=False) as traveller:
        yield traveller.move_to
