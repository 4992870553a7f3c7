"""``manage.py sync_dispatcharr``: deliver what waits, then bring over what the mirrored server has."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tasks_app.engine import AlreadyRunning, run_here
from tasks_app.mirror.mirror_tasks import STANDALONE
from tasks_app.mirror.pull import steps
from tasks_app.mirror.state import SYNC_TASK, is_connected

EXIT_FAILED = 1
EXIT_STANDALONE = 3


class Command(BaseCommand):
    help = (
        "Sync with the mirrored Dispatcharr server now: deliver all changes that wait for it, then bring over what it has."
        " Exit code 1: it failed; 3: no server is mirrored."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        kinds = ", ".join(step.name for step in steps())
        parser.add_argument(
            "--kind",
            action="append",
            default=[],
            metavar="KIND",
            help="Bring over only this kind; may be given several times. All changes that wait are delivered first all the"
            f" same. One of: {kinds}.",
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object on stdout and nothing else there.")

    def handle(self, *args: Any, **options: Any) -> None:
        as_json = options["json"]
        try:
            steps(options["kind"])
        except LookupError as problem:
            known = ", ".join(step.name for step in steps())
            self._refuse(f"{problem} Known: {known}.", "CONFIG_INVALID", as_json)
        if not is_connected():
            self._refuse(STANDALONE, "NOT_CONNECTED", as_json, code=EXIT_STANDALONE)
        try:
            run = run_here(SYNC_TASK, {"kinds": options["kind"]})
        except AlreadyRunning as busy:
            self._refuse(str(busy), "ALREADY_RUNNING", as_json)
        if as_json:
            answer = {"success": bool(run.success), "run_id": run.pk, "status": run.status, "message": run.message}
            self.stdout.write(json.dumps({**answer, **run.details}, ensure_ascii=False))
        else:
            self.stdout.write(run.message)
        if not run.success:
            sys.exit(EXIT_FAILED)

    def _refuse(self, sentence: str, error: str, as_json: bool, *, code: int = EXIT_FAILED) -> None:
        if not as_json:
            raise CommandError(sentence, returncode=code)
        self.stdout.write(json.dumps({"success": False, "error": error, "message": sentence}, ensure_ascii=False))
        sys.exit(code)
