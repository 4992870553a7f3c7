"""Others at work while an import runs: one that writes and one that opens pages. Processes of their own run them."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

PAUSE = 0.05  # seconds between two tries


def write_again_and_again(stop: Path) -> list[float]:
    """Write one small row in a transaction again and again until ``stop`` exists; returns how long each took."""
    from django.db import transaction

    from tasks_app.models import WorkerBeat

    WorkerBeat.objects.get_or_create(worker="bystander")
    waits = []
    _ready(stop, "write")
    while not stop.exists():
        started = time.perf_counter()
        with transaction.atomic():
            WorkerBeat.objects.filter(worker="bystander").update(started_at="2026-01-01T00:00:00Z")
        waits.append(time.perf_counter() - started)
        time.sleep(PAUSE)
    return waits


def open_pages(stop: Path) -> dict[str, list[float]]:
    """Open the pages an operator looks at until ``stop`` exists; returns how long each answer took, by page."""
    from django.contrib.auth import get_user_model
    from django.test import Client
    from django.urls import NoReverseMatch, reverse

    user, _ = get_user_model().objects.get_or_create(username="bystander", defaults={"is_staff": True, "is_superuser": True})
    client = Client()
    client.force_login(user)
    times: dict[str, list[float]] = {}
    for name in ("channels:manager", "m3u:accounts"):
        try:
            client.get(reverse(name))  # the first one loads templates
        except NoReverseMatch:
            continue
        times[name] = []
    _ready(stop, "read")
    while not stop.exists():
        for name, found in times.items():
            started = time.perf_counter()
            answer = client.get(reverse(name))
            found.append(time.perf_counter() - started)
            if answer.status_code != 200:
                raise RuntimeError(f"{name} answered {answer.status_code}")
        time.sleep(PAUSE)
    return times


def ready_file(stop: Path, kind: str) -> Path:
    """The file by which a bystander says that it has started."""
    return stop.with_name(f"{stop.name}-{kind}-ready")


def _ready(stop: Path, kind: str) -> None:
    ready_file(stop, kind).touch()


def main() -> None:
    """``write STOP_FILE`` or ``read STOP_FILE``; prints the measurements as JSON when the stop file appears."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecm_site.settings")
    import django

    django.setup()
    from django.conf import settings

    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    result: Any = write_again_and_again(Path(sys.argv[2])) if sys.argv[1] == "write" else open_pages(Path(sys.argv[2]))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
