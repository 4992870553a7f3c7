import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from tasks_app.task_listing import list_tasks


class Command(BaseCommand):
    help = "Lists the tasks with their switch, their next run and how they ended last."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON object on stdout and nothing else there.")

    def handle(self, *args: Any, **options: Any) -> None:
        tasks = list_tasks()
        if options["json"]:
            self.stdout.write(json.dumps({"tasks": tasks}, ensure_ascii=False))
            return
        width = max((len(task["task_id"]) for task in tasks), default=0)
        for task in tasks:
            next_run = task["next_run_at"] or ("by hand" if not task["schedules_enabled"] else "none")
            state = task["status"] if task["status"] != "idle" else "on" if task["enabled"] else "off"
            last = f"{task['last_status']} {task['last_run_at']}" if task["last_run_at"] else "never ran"
            self.stdout.write(f"{task['task_id']:<{width}}  {state:<7}  next {next_run:<20}  last {last}")
