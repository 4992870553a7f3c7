import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from m3u_app.describe_accounts import described_accounts

COLUMNS = (("name", 32), ("type", 5), ("status", 14), ("streams", 9), ("groups", 13), ("priority", 8), ("updated_at", 20))


class Command(BaseCommand):
    help = "Lists the provider accounts with their state. Addresses and logins are not shown."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON array on stdout and nothing else there.")

    def handle(self, *args: Any, **options: Any) -> None:
        accounts = described_accounts()
        if options["json"]:
            self.stdout.write(json.dumps(accounts, ensure_ascii=False))
            return
        if not accounts:
            self.stdout.write("There is no account yet.")
            return
        self.stdout.write("  ".join(title.replace("_", " ").ljust(width) for title, width in COLUMNS).rstrip())
        for account in accounts:
            values = account | {"groups": f"{account['groups_enabled']:,} / {account['groups']:,}"}
            cells = [_cell(values[name])[:width].ljust(width) for name, width in COLUMNS]
            self.stdout.write("  ".join(cells).rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return "never"
    return f"{value:,}" if isinstance(value, int) else " ".join(str(value).split())
