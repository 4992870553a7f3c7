"""``manage.py unlock_user``: let a name sign in again at once after too many wrong passwords (50 §14)."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from ecm_site.sign_in_limits import clear_failures


class Command(BaseCommand):
    help = "Forget the failed sign-ins of a name, so that it need not wait."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        forgotten = clear_failures(options["username"])
        self.stdout.write(f"Forgot {forgotten} failed sign-ins of {options['username']}.")
