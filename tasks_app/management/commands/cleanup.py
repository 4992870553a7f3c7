"""``manage.py cleanup``: delete what is old now, or with ``--dry-run`` only say what would go (50 §10, §14)."""

import json
import sys
from argparse import ArgumentParser
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError

from tasks_app.cleanup.run_steps import run_steps
from tasks_app.cleanup.steps import LONGEST_DAYS, SHORTEST_DAYS, all_steps
from tasks_app.cleanup.task import Cleanup
from tasks_app.engine import AlreadyRunning, run_here
from tasks_app.scheduling.parameters import (
    InvalidParameters,
    clean_parameters,
    effective_parameters,
    stored_configuration,
)


class Command(BaseCommand):
    help = "Deletes what is older than its setting and compacts the database. With --dry-run it only counts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Say what would go; change nothing.")
        for step in all_steps():
            if step.days_parameter:
                words = f"{step.title} older than this go ({SHORTEST_DAYS}-{LONGEST_DAYS}, usually {step.default_days})."
                parser.add_argument(_option(step.days_parameter), type=int, metavar="DAYS", help=words)
            if step.switch:
                parser.add_argument(
                    f"--no-{_option(step.switch)[2:]}",
                    dest=step.switch,
                    action="store_false",
                    default=None,
                    help="Leave that out.",
                )
        parser.add_argument("--json", action="store_true", help="Print one JSON object on stdout and nothing else there.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            known = Cleanup.default_parameters or {}
            given = clean_parameters(Cleanup, {name: options[name] for name in known if options.get(name) is not None})
            if options["dry_run"]:
                values = effective_parameters(Cleanup, given, configuration=stored_configuration(Cleanup.task_id))
                report = run_steps(values, dry_run=True)
                steps = [result.as_json() for result in report.results]
                self._tell(options["json"], not report.failed, report.sentence(), steps, dry_run=True)
                return
            run = run_here(Cleanup.task_id, given)
        except InvalidParameters as problem:
            sentences = [f"{_option(name)}: {' '.join(errors)}" for name, errors in problem.errors.items()]
            self._refuse(options["json"], " ".join(sentences))
        except AlreadyRunning as busy:
            self._refuse(options["json"], str(busy))
        self._tell(options["json"], bool(run.success), run.message, run.details.get("steps", []), run_id=run.pk)
        if not run.success:
            sys.exit(1)

    def _refuse(self, as_json: bool, message: str) -> NoReturn:
        if not as_json:
            raise CommandError(message)
        self.stdout.write(json.dumps({"success": False, "message": message}, ensure_ascii=False))
        sys.exit(1)

    def _tell(self, as_json: bool, success: bool, message: str, steps: list[dict[str, Any]], **more: Any) -> None:
        if as_json:
            self.stdout.write(json.dumps({"success": success, "message": message, **more, "steps": steps}, ensure_ascii=False))
            return
        widest = max((len(step["title"]) for step in steps), default=0)
        for step in steps:
            kept = f"older than {step['days']} days" if step["days"] else ""
            found = step["error"] or f"{step['deleted'] + step['emptied']:,}"
            self.stdout.write(f"{step['title']:<{widest}}  {kept:<21}  {found:>8}  {step['note']}".rstrip())
        self.stdout.write(message)


def _option(parameter: str) -> str:
    return f"--{parameter.replace('_', '-')}"
