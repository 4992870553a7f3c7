#!/usr/bin/env python
"""Django's command-line entry point. Operators call it as ``./ecm manage …``."""

import gc
import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecm_site.settings")
    gc.disable()  # what is loaded stays: looking for garbage among it would take a third of the start
    from django.core.management import ManagementUtility
    from django.core.management.base import BaseCommand

    class Utility(ManagementUtility):
        def fetch_command(self, subcommand: str) -> BaseCommand:
            gc.enable()  # the project is loaded
            return super().fetch_command(subcommand)

    Utility(sys.argv).execute()


if __name__ == "__main__":
    main()
