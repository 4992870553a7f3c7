import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from tasks_app.registry import UnknownTask, get_task
from tasks_app.task_listing import coming_runs, iso

MOST = 1000


class Command(BaseCommand):
    help = "Shows when schedules run next."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("task_id", nargs="?", default="", help="Only schedules of this task.")
        parser.add_argument("--count", type=int, default=3, help="How many runs of each schedule (default %(default)s).")
        parser.add_argument("--json", action="store_true", help="Print one JSON object on stdout and nothing else there.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["count"] <= MOST:
            raise CommandError(f"--count must lie between 1 and {MOST}.")
        try:
            if options["task_id"]:
                get_task(options["task_id"])
        except UnknownTask as problem:
            raise CommandError(str(problem.args[0])) from None
        now = timezone.now()
        runs = coming_runs(now, count=options["count"], task_id=options["task_id"])
        if options["json"]:
            self.stdout.write(json.dumps({"now": iso(now), "runs": [run.as_json() for run in runs]}, ensure_ascii=False))
            return
        if not runs:
            self.stdout.write("No schedule is on. Tasks run when somebody starts them.")
        for run in runs:
            name = f" ({run.schedule_name})" if run.schedule_name else ""
            self.stdout.write(f"{iso(run.at)}  {'due  ' if run.at <= now else ''}{run.task_id}  {run.words}{name}")
