"""``manage.py outbox``: what waits for delivery to the mirrored server, and answers to what cannot be delivered."""

import json
from argparse import ArgumentParser
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError

from tasks_app.journal import Actor, acting_as
from tasks_app.mirror.answers import Answered, drop, retry
from tasks_app.mirror.mirror_tasks import STANDALONE
from tasks_app.mirror.queue import QueueFilter, QueueRow, queue_page, queue_summary
from tasks_app.mirror.state import is_connected
from tasks_app.models import OutboxEntry, OutboxState
from tasks_app.task_listing import iso

MOST = 10_000
EXIT_FAILED = 1
EXIT_STANDALONE = 3
"""As of ``sync_dispatcharr``."""


class Command(BaseCommand):
    help = (
        "Show the changes that wait for the mirrored Dispatcharr server; try some again, or give them up."
        " Exit code 1: it failed; 3: no server is mirrored."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON object on stdout and nothing else there.")
        parser.add_argument(
            "--state",
            choices=OutboxState.values,
            default="",
            help="Only changes in this state; parked: they cannot be delivered, conflict: both sides changed them.",
        )
        parser.add_argument("--limit", type=int, default=100, help="How many changes are listed (default %(default)s).")
        answers = parser.add_mutually_exclusive_group()
        answers.add_argument("--retry", nargs="+", type=int, metavar="ID", help="Try these again at once.")
        answers.add_argument(
            "--drop",
            nargs="+",
            type=int,
            metavar="ID",
            help="Give these up: rows here go back to what both sides had last; rows that the server never had are deleted.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["limit"] <= MOST:
            raise CommandError(f"--limit must lie between 1 and {MOST}.")
        if not is_connected():
            self._refuse(STANDALONE, "NOT_CONNECTED", options, code=EXIT_STANDALONE)
        chosen = options["retry"] or options["drop"]
        if chosen:
            self._answer(chosen, options)
        else:
            self._list(options)

    def _answer(self, chosen: list[int], options: dict[str, Any]) -> None:
        unknown = sorted(set(chosen) - set(OutboxEntry.objects.filter(pk__in=chosen).values_list("pk", flat=True)))
        if unknown:
            self._refuse(f"No change waits under {', '.join(map(str, unknown))}. Nothing was done.", "NOT_FOUND", options)
        with acting_as(Actor(None, "command line", user_initiated=True)):
            answered: Answered = retry(chosen) if options["retry"] else drop(chosen)
        if options["json"]:
            self.stdout.write(json.dumps({"success": not answered.refused, **vars(answered)}, ensure_ascii=False))
        else:
            self.stdout.write(f"{answered.done} settled, {answered.asked} left to the next delivery.")
            for sentence in answered.refused:
                self.stderr.write(sentence)
        if answered.refused:
            raise SystemExit(EXIT_FAILED)

    def _refuse(self, sentence: str, error: str, options: dict[str, Any], *, code: int = EXIT_FAILED) -> NoReturn:
        if not options["json"]:
            raise CommandError(sentence, returncode=code)
        self.stdout.write(json.dumps({"success": False, "error": error, "message": sentence}, ensure_ascii=False))
        raise SystemExit(code)

    def _list(self, options: dict[str, Any]) -> None:
        summary = queue_summary()
        page = queue_page(QueueFilter(state=options["state"]), 1, size=options["limit"])
        if options["json"]:
            counts = {"waiting": summary.waiting, "parked": summary.parked, "conflicts": summary.conflicts}
            oldest = iso(summary.oldest) if summary.oldest else None
            rows = [_as_dict(row) for row in page.rows]
            self.stdout.write(
                json.dumps({**counts, "oldest": oldest, "total": page.total, "changes": rows}, ensure_ascii=False)
            )
            return
        self.stdout.write(
            f"{summary.waiting} waiting, {summary.parked} cannot be delivered, {summary.conflicts} changed on both sides"
        )
        for row in page.rows:
            reason = f"  {row.reason}" if row.reason else ""
            self.stdout.write(f"{row.id:>8}  {row.state:<8}  {row.action:<7}  {row.kind_label} “{row.name}”{reason}")
        if page.total > len(page.rows):
            self.stdout.write(f"… and {page.total - len(page.rows)} more")


def _as_dict(row: QueueRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "local_id": row.local_id,
        "name": row.name,
        "action": row.action,
        "state": row.state,
        "reason": row.reason,
        "since": iso(row.since),
        "attempts": row.attempts,
        "next_attempt_at": iso(row.next_attempt_at) if row.next_attempt_at else None,
        "deleted": row.deleted,
        "differences": [vars(one) for one in row.differences],
    }
