"""``manage.py check_dispatcharr``: is the Dispatcharr server of the settings there, and may we work with it?"""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from ecm_site.conf import get_settings
from ecm_site.dispatcharr.check import ConnectionReport, check_connection
from ecm_site.dispatcharr.credentials import Credentials

EXIT_PROBLEM = 1
EXIT_NOT_CONFIGURED = 3


class Command(BaseCommand):
    help = "Try the Dispatcharr server of the settings and say what was found. Exit code 1: something is wrong; 3: no server."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        record = get_settings()
        if not record.dispatcharr_url:
            report = ConnectionReport(address="", problem="No Dispatcharr server is entered in the settings.", where="address")
        else:
            report = check_connection(record.dispatcharr_url, Credentials.from_settings(record))
        self.stdout.write(json.dumps(report.as_json(), indent=2) if options["json"] else in_words(report))
        if not report.ok:
            sys.exit(EXIT_PROBLEM if record.dispatcharr_url else EXIT_NOT_CONFIGURED)


def in_words(report: ConnectionReport) -> str:
    """The report as lines for a terminal."""
    lines = [f"Dispatcharr {report.version} at {report.address}"] if report.version else []
    if report.user:
        lines.append(f"Signed in as {report.user}, {report.level_words}.")
    if report.counts:
        lines.append(f"It has {report.counts_words}.")
    lines += report.notes
    lines.append(report.problem or "All is well.")
    if report.advice:
        lines.append(f"Better with an API key. {report.advice}")
    return "\n".join(lines)
