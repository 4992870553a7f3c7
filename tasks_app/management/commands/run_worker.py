from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from tasks_app.worker.supervisor import STOP_SECONDS, Supervisor


class Command(BaseCommand):
    help = "Does the background work: runs tasks, starts what is due, mends what was interrupted. Stop it with Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--follow-parent", action="store_true", help="Stop when the process that started this one is gone.")
        parser.add_argument(
            "--stop-seconds",
            type=float,
            default=STOP_SECONDS,
            help="How long running work may take to stop before it is interrupted (default %(default)s).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        executor = MigrationExecutor(connections["default"])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise CommandError("The database is not up to date. Run “manage.py migrate” first, then start the worker.")
        Supervisor(follow_parent=options["follow_parent"], stop_seconds=options["stop_seconds"]).run()
