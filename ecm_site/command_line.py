"""How ``manage.py`` starts commands: soon, because operators and cron jobs start many short ones."""

import gc

from django.core.management import ManagementUtility
from django.core.management.base import BaseCommand

CHECKED = ("django", "django_q")
"""Commands of these packages check the project before they begin, as always: ``migrate`` and ``check`` above all."""
FORKS = ("run_worker",)
"""Commands that fork: what the check loads on its way, the pages, is shared by all processes then."""


class CommandLine(ManagementUtility):
    """The search for garbage begins when the project is loaded, and ECM's own commands do not check the whole project each
    time: ``./ecm test`` does."""

    def fetch_command(self, subcommand: str) -> BaseCommand:
        gc.enable()
        command = super().fetch_command(subcommand)
        if type(command).__module__.partition(".")[0] not in CHECKED and subcommand not in FORKS:
            command.requires_system_checks = []
        return command


def run(arguments: list[str]) -> None:
    gc.disable()  # what is loaded stays: looking for garbage among it takes a third of the start
    CommandLine(arguments).execute()
