"""``manage.py publish_lineup``: publish now, and optionally write copies of the files somewhere."""

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from channels_app.publishing.publish_lineup import write_copies
from channels_app.publishing.request_publish import TASK_ID
from ecm_site.conf import get_settings
from tasks_app import engine
from tasks_app.models import RunStatus, TaskRun

WAIT_SECONDS = 900  # for a publish that is running already


class Command(BaseCommand):
    help = "Load the guide of newly linked channels, then publish playlist, guide and tuner. Exit code 0 only on success."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--out", metavar="DIR", type=Path, help="also write the files into this folder")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run, files = _published(options["out"])
        except CommandError as error:
            if options["json"]:
                self.stdout.write(json.dumps({"error": str(error)}))
            raise
        if options["json"]:
            counts = {name: run.details[name] for name in ("channels", "programmes", "left_out", "tuner_channels", "seconds")}
            self.stdout.write(json.dumps({**counts, "files": files}))
        else:
            self.stdout.write(run.message)
            for path in files:
                self.stdout.write(f"  {path}")


def _published(out: Path | None) -> tuple[TaskRun, list[str]]:
    """Publish, and copy the files to ``out``. Returns the run and the paths that the caller may want."""
    run = _publish()
    if run.status != RunStatus.COMPLETED or not run.success:
        raise CommandError(run.message or f"Publishing ended as {run.status}.")
    if not out:
        return run, run.details["files"]
    base = get_settings().public_base_url.rstrip("/") or f"http://127.0.0.1:{settings.ECM_PORT}"
    try:
        return run, write_copies(out.resolve(), base)
    except OSError as error:
        raise CommandError(f"The files could not be written to {out}: {error.strerror}.") from error


def _publish() -> TaskRun:
    """Run in this process; a publish that a worker began just now is waited for, as it may have missed the last change."""
    ends = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return engine.run_here(TASK_ID)
        except engine.AlreadyRunning as busy:
            if time.monotonic() >= ends:
                raise CommandError(f"{busy} It has been waited for long enough.") from busy
            time.sleep(0.5)
