import json
import sys
from argparse import ArgumentParser
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError

from m3u_app.account_values import RESERVED_NAME
from m3u_app.find_account import find_account
from m3u_app.import_playlist import refresh_here
from m3u_app.models import Account
from m3u_app.providers.registry import has_copy
from m3u_app.request_refresh import lock_key
from tasks_app.engine import AlreadyRunning
from tasks_app.models import RunStatus
from tasks_app.progress_line import ProgressLine


class Command(BaseCommand):
    help = "Refreshes one provider account here and now, as the button does, and prints what changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME", help="The account's name; capitals do not matter.")
        parser.add_argument(
            "--accept-shrunken", action="store_true", help="Accept it even when most streams of the account are gone."
        )
        parser.add_argument(
            "--from-copy", action="store_true", help="Read the last playlist again instead of downloading: applies filters."
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object on stdout and nothing else there.")

    def handle(self, *args: Any, **options: Any) -> None:
        as_json: bool = options["json"]
        account_id = self._find(options["name"].strip(), as_json)
        if options["from_copy"] and not has_copy(find_account(account_id)):
            self._fail("The last playlist of this account is not kept. Leave --from-copy away.", as_json)
        try:
            with ProgressLine(lock_key(account_id), sys.stderr):
                run = refresh_here(account_id, accept_shrunken=options["accept_shrunken"], from_copy=options["from_copy"])
        except AlreadyRunning as problem:
            self._fail(str(problem), as_json)
        if run.status != RunStatus.COMPLETED:
            self._fail(run.message, as_json)
        self.stdout.write(json.dumps(run.details) if as_json else run.message)

    def _find(self, name: str, as_json: bool) -> int:
        found = Account.objects.exclude(name__iexact=RESERVED_NAME).filter(name__iexact=name)
        account_id = found.values_list("pk", flat=True).first()
        if account_id is None:
            self._fail(f"There is no account called “{name}”. list_accounts names them.", as_json)
        return account_id

    def _fail(self, message: str, as_json: bool) -> NoReturn:
        if as_json:
            self.stdout.write(json.dumps({"error": message}))
        raise CommandError(message)
