"""``manage.py create_channels``: channels for all streams of a provider, as the bulk creation dialog would make them."""

import json
import time
from argparse import ArgumentParser
from dataclasses import replace
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Max

from channels_app.bulk_create import BulkOutcome, PlanChanged, PlanRefused, bulk_create
from channels_app.bulk_options import BulkOptions, ConflictChoice, ExistingChoice, Selection, options_from_settings
from channels_app.bulk_plan import LeftOut, Plan
from channels_app.errors import EditRefused
from channels_app.models import Channel
from channels_app.numbering import format_range, next_free_start, parse_number
from ecm_site.conf import get_settings
from ecm_site.wording import counted
from m3u_app.models import Account, StreamGroup


class Command(BaseCommand):
    help = (
        "Create channels from the streams of a provider: one channel group per provider group, the same channel merged. "
        "Running it again adds only what is new. Exit code 0 only on success."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", required=True, metavar="NAME", help="the provider")
        parser.add_argument("--group", action="append", default=[], metavar="NAME", help="only this group; repeatable")
        parser.add_argument("--start", metavar="N", help="first channel number; default: behind the highest one")
        parser.add_argument("--channel-group", metavar="NAME", help="put everything into this one channel group")
        parser.add_argument(
            "--existing",
            choices=[choice.value for choice in ExistingChoice],
            default=ExistingChoice.ADD.value,
            help="streams whose channel exists: add them to it, skip them, or create a second channel (default: add)",
        )
        parser.add_argument(
            "--conflict",
            choices=[choice.value for choice in ConflictChoice if choice is not ConflictChoice.ASK],
            help="numbers that are taken: push the others down, insert at the end, or allow duplicates (default: stop)",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        try:
            outcome = _create(options)
        except CommandError as error:
            if options["json"]:
                self.stdout.write(json.dumps({"error": str(error)}))
            raise
        if options["json"]:
            self.stdout.write(json.dumps(_as_dict(outcome, time.monotonic() - began)))
        else:
            self.stdout.write(outcome.message)


def _create(options: dict[str, Any]) -> BulkOutcome:
    account = _account(options["account"])
    selection = _selection(account, options["group"])
    choices = _choices(options)
    try:
        return bulk_create(selection, choices)
    except PlanRefused as refused:
        if not _is_done_already(refused.plan):
            raise CommandError(_sentence(refused.plan, account)) from refused
        return BulkOutcome("Nothing to do: all of these streams are in the lineup already.")
    except PlanChanged as changed:
        raise CommandError("The lineup is being changed by somebody else right now. Try again in a moment.") from changed
    except EditRefused as refused:
        raise CommandError(str(refused)) from refused


def _account(name: str) -> Account:
    accounts = Account.objects.only("id", "name")
    found = accounts.filter(name=name).first() or accounts.filter(name__iexact=name.strip()).first()
    if found is None:
        raise CommandError(f"There is no account called “{name}”.{_known(name, accounts.values_list('name', flat=True))}")
    return found


def _selection(account: Account, names: list[str]) -> Selection:
    if not names:
        return Selection(account_ids=(account.pk,))
    groups = dict(StreamGroup.objects.filter(account=account).values_list("name", "pk"))
    by_key = {name.strip().casefold(): pk for name, pk in groups.items()}
    found = []
    for name in names:
        group_id = groups.get(name) or by_key.get(name.strip().casefold())
        if group_id is None:
            raise CommandError(f"“{account.name}” has no group called “{name}”.{_known(name, groups)}")
        found.append(group_id)
    return Selection(group_ids=tuple(dict.fromkeys(found)))


def _choices(options: dict[str, Any]) -> BulkOptions:
    return replace(
        options_from_settings(get_settings()),
        separate=options["channel_group"] is None,
        group_name=options["channel_group"] or "",
        start=_start(options["start"]),
        existing=ExistingChoice(options["existing"]),
        conflict=ConflictChoice(options["conflict"]) if options["conflict"] else ConflictChoice.ASK,
    )


def _start(text: str | None) -> Decimal:
    if text is None:
        return next_free_start(Channel.objects.aggregate(highest=Max("number"))["highest"])
    try:
        number = parse_number(text)
    except ValueError as error:
        raise CommandError(f"--start: {error}") from error
    if number is None:
        raise CommandError("--start: Enter a starting number.")
    return number


def _is_done_already(plan: Plan) -> bool:
    """Nothing left to create is a success: running twice must not fail. Nothing to begin with is not."""
    return plan.is_empty and set(plan.problems) == {""} and bool(plan.left_out.get(LeftOut.ALREADY) or plan.stream_count)


def _sentence(plan: Plan, account: Account) -> str:
    if not plan.stream_count:
        return f"“{account.name}” has no streams here to make channels of. Refresh it, or switch its groups on."
    if "conflict" in plan.problems:
        taken = format_range([row.number for row in plan.conflicts if row.number is not None])
        return (
            f"{counted(len(plan.conflicts), 'existing channel')} in the way, at {taken}. "
            "Choose with --conflict push, end or allow, or another --start."
        )
    return " ".join(plan.problems.values())


def _known(name: str, names: Any) -> str:
    known = list(names)
    close = get_close_matches(name, known, n=3) or sorted(known)[:5]
    return f" Did you mean {', '.join(f'“{each}”' for each in close)}?" if close else ""


def _as_dict(outcome: BulkOutcome, seconds: float) -> dict[str, Any]:
    return {
        "channels_created": len(outcome.channel_ids),
        "streams_assigned": outcome.streams_assigned + outcome.streams_added,
        "streams_added": outcome.streams_added,
        "merged": outcome.merged,
        "groups_created": len(outcome.groups_created),
        "moved": outcome.pushed,
        "vanished": len(outcome.vanished),
        "batch_id": outcome.batch_id,
        "seconds": round(seconds, 3),
    }
