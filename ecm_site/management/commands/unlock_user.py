"""``manage.py unlock_user``: let a name sign in again at once after too many wrong passwords (50 §14)."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from ecm_site.unlock_sign_in import unlock_sign_in
from ecm_site.wording import counted
from tasks_app.journal import Actor, acting_as


class Command(BaseCommand):
    help = "Forget the failed sign-ins of a name, so that it need not wait."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        with acting_as(Actor(user_name="command line")):
            forgotten = unlock_sign_in(options["username"])
        self.stdout.write(f"Forgot {counted(forgotten, 'failed sign-in')} of {options['username']}.")
