import json
import sys
from argparse import ArgumentParser
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError

from m3u_app.import_playlist import SourceRefused, choose_account, refresh_here
from m3u_app.request_refresh import lock_key
from tasks_app.engine import AlreadyRunning
from tasks_app.models import RunStatus
from tasks_app.progress_line import ProgressLine


class Command(BaseCommand):
    help = "Imports an M3U playlist from a file or an address into a playlist account, which is made if it does not exist."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", metavar="PATH_OR_URL", help="The playlist: plain, gz, xz or zip.")
        parser.add_argument(
            "--account",
            required=True,
            metavar="NAME",
            help="The account. An existing one that reads another source is switched to this one.",
        )
        parser.add_argument(
            "--accept-shrunken", action="store_true", help="Accept it even when most streams of the account are gone."
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object on stdout and nothing else there.")

    def handle(self, *args: Any, **options: Any) -> None:
        as_json: bool = options["json"]
        try:
            chosen = choose_account(options["source"], options["account"].strip())
            if chosen.source_changed:
                self.stderr.write(f"“{options['account']}” now reads this source.")
            with ProgressLine(lock_key(chosen.account_id), sys.stderr):
                run = refresh_here(chosen.account_id, accept_shrunken=options["accept_shrunken"])
        except (SourceRefused, AlreadyRunning) as problem:
            self._fail(str(problem), as_json)
        if run.status != RunStatus.COMPLETED:
            self._fail(run.message, as_json)
        if as_json:
            self.stdout.write(json.dumps(run.details))
        else:
            self.stdout.write(run.message)

    def _fail(self, message: str, as_json: bool) -> NoReturn:
        if as_json:
            self.stdout.write(json.dumps({"error": message}))
        raise CommandError(message)
