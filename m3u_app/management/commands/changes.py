import json
from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from ecm_site.wording import counted
from m3u_app.changes.export import shapes
from m3u_app.changes.filters import ChangeFilter
from m3u_app.changes.models import ChangeType
from m3u_app.changes.queries import summarise
from m3u_app.models import Account

UNITS = {"h": "hours", "d": "days", "w": "weeks"}


class Command(BaseCommand):
    help = "Lists what providers added, took away and changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", default="", help="Name or id of an account; without it all.")
        parser.add_argument("--since", default="7d", help="24h, 7d, 2w, or a date or moment such as 2026-03-08 (default 7d).")
        parser.add_argument("--type", default="", choices=["", *ChangeType.values], help="Only this kind of change.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        since = _moment(options["since"])
        wanted = ChangeFilter(account_id=_account_id(options["account"]), change_type=options["type"], since=since)
        found = shapes(wanted.changes().select_related("account").defer("names").order_by("at", "id").iterator(chunk_size=500))
        summary = summarise(wanted)
        if options["json"]:
            totals = {kind: summary.of(kind) for kind in ChangeType.values}
            said = {
                "since": since.isoformat(timespec="seconds"),
                "total": summary.rows,
                "summary": totals,
                "changes": list(found),
            }
            self.stdout.write(json.dumps(said))
            return
        for change in found:
            label = ChangeType(change["change_type"]).label
            head = f"{change['change_time']}  {change['account']}  {label}: {change['group_name']}"
            self.stdout.write(f"{head} ({change['count']:,})")
            for name in change["stream_names"][:20]:
                self.stdout.write(f"    {name}")
        self.stdout.write(f"{counted(summary.rows, 'change')} since {since:%Y-%m-%d %H:%M} UTC.")


def _account_id(text: str) -> int:
    if not text:
        return 0
    found = Account.objects.filter(name=text).values_list("pk", flat=True).first()
    if found is None and text.isascii() and text.isdecimal() and len(text) < 19:
        found = Account.objects.filter(pk=int(text)).values_list("pk", flat=True).first()
    if found is None:
        raise CommandError(f"There is no account called “{text}”.")
    return found


def _moment(text: str) -> datetime:
    number, unit = text[:-1], text[-1:]
    if number.isascii() and number.isdecimal() and len(number) < 5 and unit in UNITS:
        return timezone.now() - timedelta(**{UNITS[unit]: int(number)})
    try:
        moment = parse_datetime(text)
        day = parse_date(text) if moment is None else None
    except ValueError:
        moment = day = None
    if day is not None:
        moment = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - made aware below
    if moment is None:
        raise CommandError(f"--since: “{text[:40]}” cannot be read. Write 24h, 7d, 2w, 2026-03-08 or 2026-03-08 14:30.")
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
