import json
import sys
from argparse import ArgumentParser
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError

from epg_app.import_from import SourceRefused, choose_source, refresh_here
from epg_app.request_refresh import lock_key
from tasks_app.engine import AlreadyRunning
from tasks_app.models import RunStatus
from tasks_app.progress_line import ProgressLine


class Command(BaseCommand):
    help = "Imports an XMLTV guide from a file or an address into a guide source, which is made if it does not exist."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("place", metavar="PATH_OR_URL", help="The guide: plain, gz, xz or zip.")
        parser.add_argument(
            "--source",
            required=True,
            metavar="NAME",
            help="The guide source. An existing one that reads another guide is switched to this one.",
        )
        parser.add_argument(
            "--keep-unmapped", action="store_true", help="Also keep programmes of guide channels that no channel uses."
        )
        parser.add_argument(
            "--accept-smaller", action="store_true", help="Accept it even when most programmes of the last guide are gone."
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object on stdout and nothing else there.")

    def handle(self, *args: Any, **options: Any) -> None:
        as_json: bool = options["json"]
        try:
            chosen = choose_source(options["place"], options["source"].strip(), keep_unmapped=options["keep_unmapped"])
            if chosen.source_changed:
                self.stderr.write(f"“{options['source']}” now reads this guide.")
            with ProgressLine(lock_key(chosen.source_id), sys.stderr):
                run = refresh_here(chosen.source_id, accept_smaller=options["accept_smaller"])
        except (SourceRefused, AlreadyRunning) as problem:
            self._fail(str(problem), as_json)
        if run.status != RunStatus.COMPLETED:
            self._fail(run.message, as_json)
        if as_json:
            self.stdout.write(json.dumps(run.details[str(chosen.source_id)]))
        else:
            self.stdout.write(run.message)

    def _fail(self, message: str, as_json: bool) -> NoReturn:
        if as_json:
            self.stdout.write(json.dumps({"error": message}))
        raise CommandError(message)
