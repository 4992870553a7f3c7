"""``manage.py reset_password``: the way back in (50 §14)."""

import getpass
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from ecm_site.check_sign_in import find_user
from ecm_site.set_password import set_password


class Command(BaseCommand):
    help = "Give a user a new password. Ends the user's sign-ins and lets a waiting name in again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("-u", "--username", default="", help="whose password; without it you choose from a list")
        parser.add_argument("-p", "--password", default="", help="the new password; without it you are asked twice")
        parser.add_argument("--force", action="store_true", help="accept a password that the rules refuse")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = self._user(options["username"])
            password = options["password"] or self._ask_password()
            set_password(user, password, force=options["force"])
        except DatabaseError as error:
            raise CommandError(f"The database cannot be read or written: {error}") from None
        except ValidationError as error:
            raise CommandError(" ".join(error.messages) + " Use --force to take it anyway.") from None
        except (EOFError, KeyboardInterrupt):
            raise CommandError("Cancelled; nothing was changed.") from None
        self.stdout.write(f"The password of {user.username} is changed.")
        if not user.is_active:
            self.stdout.write("This user is deactivated and still cannot sign in.")

    def _user(self, name: str) -> User:
        if name:
            user = find_user(name)
            if user is None:
                raise CommandError(f"There is no user {name}.")
            return user
        users = list(User.objects.order_by("pk"))
        if not users:
            raise CommandError("There are no users yet. Open ECM in a browser to set it up.")
        self.stdout.write(f"{'':>3}  {'Name':<20} {'E-mail':<30} {'Admin':<6} Active")
        for number, user in enumerate(users, start=1):
            admin, active = ("yes" if flag else "no" for flag in (user.is_superuser, user.is_active))
            self.stdout.write(f"{number:>3}  {user.username:<20} {user.email:<30} {admin:<6} {active}")
        answer = input("Number or name: ").strip()
        if answer.isdigit() and 1 <= int(answer) <= len(users):
            return users[int(answer) - 1]
        return self._user(answer) if answer else self._fail("Nothing was chosen.")

    def _ask_password(self) -> str:
        password = getpass.getpass("New password: ")
        if not password:
            self._fail("The password is empty.")
        if getpass.getpass("Again: ") != password:
            self._fail("The two passwords are different.")
        return password

    @staticmethod
    def _fail(sentence: str) -> Any:
        raise CommandError(f"{sentence} Nothing was changed.")
