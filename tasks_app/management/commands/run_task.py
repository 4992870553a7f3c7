import json
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tasks_app.engine import AlreadyRunning, InvalidParameters, run_here, start_run
from tasks_app.models import Schedule, TaskRun, Trigger
from tasks_app.registry import UnknownTask, all_tasks, get_task
from tasks_app.scheduling.parameters import clean_parameters

POLL_SECONDS = 0.5


class Command(BaseCommand):
    help = "Does one task now, in this process, and succeeds only if the task does."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("task_id", help=f"One of: {', '.join(task.task_id for task in all_tasks())}")
        parser.add_argument(
            "--param",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="A parameter of the task; numbers, true/false and JSON lists are understood. May be given several times.",
        )
        parser.add_argument("--schedule", type=int, metavar="ID", help="Take the parameters of this schedule of the task.")
        parser.add_argument("--queue", action="store_true", help="Hand the run to the worker instead of doing it here.")
        parser.add_argument("--wait", action="store_true", help="With --queue: wait for the end and report it.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object on stdout and nothing else there.")

    def handle(self, *args: Any, **options: Any) -> None:
        as_json = options["json"]
        try:
            parameters = _checked(options["task_id"], dict(_parameter(text) for text in options["param"]))
            chosen = options["schedule"]
            if options["queue"]:
                run = start_run(options["task_id"], parameters, triggered_by=Trigger.COMMAND, schedule_id=chosen)
                if options["wait"]:
                    run = self._wait_for(run, as_json)
            else:
                run = run_here(options["task_id"], parameters, schedule_id=chosen)
        except AlreadyRunning as busy:
            self._refuse(str(busy), "ALREADY_RUNNING", as_json, run_id=busy.run.pk)
        except Schedule.DoesNotExist:
            self._refuse(f"{options['task_id']} has no schedule {options['schedule']}.", "CONFIG_INVALID", as_json)
        except InvalidParameters as problem:
            self._refuse(_by_name(problem), "CONFIG_INVALID", as_json, errors=problem.errors)
        except UnknownTask as problem:
            self._refuse(str(problem.args[0]), "CONFIG_INVALID", as_json)
        self._tell(run, as_json)
        if not run.is_active and not run.success:
            sys.exit(1)

    def _wait_for(self, run: TaskRun, as_json: bool) -> TaskRun:
        shown = ""
        while run.is_active:
            time.sleep(POLL_SECONDS)
            run.refresh_from_db()
            state = f"{run.get_status_display()} {run.phase} {run.current}/{run.total}" if run.total else run.phase
            if state != shown and not as_json:
                self.stderr.write(state)
                shown = state
        return run

    def _tell(self, run: TaskRun, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(_as_dict(run), ensure_ascii=False))
            return
        self.stdout.write(f"{run.title} (run {run.pk}): {run.get_status_display()}")
        if run.message:
            self.stdout.write(run.message)
        if not run.is_active:
            self.stdout.write(f"{run.success_count} succeeded, {run.failed_count} failed, {run.skipped_count} skipped")

    def _refuse(self, sentence: str, code: str, as_json: bool, **more: Any) -> None:
        if not as_json:
            raise CommandError(sentence)
        self.stdout.write(json.dumps({"success": False, "error": code, "message": sentence, **more}, ensure_ascii=False))
        sys.exit(1)


def _checked(task_id: str, given: dict[str, Any]) -> dict[str, Any]:
    """What was typed, checked like a form; parameters that only ECM gives are allowed here too, for whoever knows them."""
    task = get_task(task_id)
    internal = {name: value for name, value in given.items() if name in task.internal_parameters}
    return {**internal, **clean_parameters(task, {name: given[name] for name in given.keys() - internal.keys()})}


def _by_name(problem: InvalidParameters) -> str:
    """All sentences, each with the parameter that it is about; a form would show them beside their fields."""
    return " ".join(
        text if not name or name in text else f"{name}: {text}" for name, texts in problem.errors.items() for text in texts
    )


def _parameter(text: str) -> tuple[str, Any]:
    name, separator, value = text.partition("=")
    if not separator or not name.strip():
        raise InvalidParameters(f"“{text}” is not a parameter. Write it as name=value.")
    try:
        return name.strip(), json.loads(value)
    except ValueError:
        return name.strip(), value


def _as_dict(run: TaskRun) -> dict[str, Any]:
    duration = run.duration
    return {
        "run_id": run.pk,
        "task_id": run.task_id,
        "title": run.title,
        "status": run.status,
        "success": bool(run.success),
        "message": run.message,
        "error": run.error,
        "success_count": run.success_count,
        "failed_count": run.failed_count,
        "skipped_count": run.skipped_count,
        "seconds": round(duration.total_seconds(), 3) if duration else 0.0,
        "details": run.details,
    }
