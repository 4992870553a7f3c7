import json
import shutil
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ecm_site.benchmarks import ChildFailed, data_folder, manage, run_child

PREFIX = "bench_"


class Command(BaseCommand):
    help = "Measures this installation's code in a scratch folder and prints a table with ratios to floors of the same run."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        subparsers = parser.add_subparsers(dest="benchmark", required=True, metavar="BENCHMARK")
        for name, module in sorted(_benchmarks()):
            summary = (module.__doc__ or "").strip().partition("\n")[0]
            subparser = subparsers.add_parser(name, help=summary, description=summary)
            subparser.add_argument("--json", action="store_true", help="Print one JSON object instead of the table.")
            subparser.add_argument("--scratch", type=Path, help="Work here and leave everything for another look.")
            module.add_arguments(subparser)

    def handle(self, *args: Any, **options: Any) -> None:
        module = dict(_benchmarks())[options["benchmark"]]
        kept: Path | None = options["scratch"]
        folder = (kept or Path(tempfile.mkdtemp(prefix="ecm-bench-"))).resolve()
        if Path(settings.CONFIG_DIR) in (folder, data_folder(folder)):
            raise CommandError("The scratch folder must not hold the real data folder.")
        data_folder(folder).mkdir(parents=True, exist_ok=True)
        try:
            for database in ("default", "queue"):
                run_child(manage("migrate", "--verbosity", "0", "--database", database), folder)
            results = module.run({**options, "scratch": folder, "say": self._say})
        except ChildFailed as failure:
            raise CommandError(str(failure)) from failure
        finally:
            if kept is None:
                shutil.rmtree(folder, ignore_errors=True)
        self.stdout.write(json.dumps(results.as_json()) if options["json"] else results.as_table())

    def _say(self, text: str) -> None:
        """Tell on a terminal what goes on."""
        if sys.stderr.isatty():
            self.stderr.write(text)


def _benchmarks() -> Iterator[tuple[str, ModuleType]]:
    for config in apps.get_app_configs():
        if Path(config.path).parent != Path(settings.BASE_DIR):
            continue  # not one of ours
        for found in iter_modules([config.path]):
            if found.name.startswith(PREFIX):
                module = import_module(f"{config.name}.{found.name}")
                if hasattr(module, "run"):
                    yield found.name.removeprefix(PREFIX), module
