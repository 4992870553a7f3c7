"""``manage.py user_role``: who may do what, and who decided it; makes somebody a viewer or an editor (50 U-5, §14)."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from ecm_site.change_role import WORDS, change_role
from ecm_site.check_sign_in import find_user
from ecm_site.models import DecidedBy
from ecm_site.roles import Role, role_of
from tasks_app.journal import Actor, acting_as

CHOICES = (Role.VIEWER.value, Role.EDITOR.value)


class Command(BaseCommand):
    help = "List what users may do, or make one a viewer or an editor. Administrators are made in the raw data (staff status)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", nargs="?", help="Whom to change; without it all users are listed.")
        parser.add_argument("role", nargs="?", choices=CHOICES)

    def handle(self, *args: Any, username: str | None, role: str | None, **options: Any) -> None:
        if not username:
            self._list()
            return
        if role is None:
            raise CommandError(f"Say what {username} is to be: {' or '.join(CHOICES)}.")
        user = find_user(username)
        if user is None:
            raise CommandError(f"There is no user {username}.")
        if role_of(user) is Role.ADMINISTRATOR:
            raise CommandError(f"{user.username} is an administrator. Take the staff status away first (Raw data → Users).")
        with acting_as(Actor(user_name="command line")):
            change_role(user, Role(role))
        self.stdout.write(f"{user.username} is {WORDS[Role(role)]} now, whatever the Dispatcharr server says.")

    def _list(self) -> None:
        for user in User.objects.select_related("ecm_role").order_by("username"):
            role, noted = role_of(user), getattr(user, "ecm_role", None)
            follows = " (follows the Dispatcharr server)" if noted and noted.decided_by == DecidedBy.SERVER else ""
            closed = "" if user.is_active else " (deactivated)"
            self.stdout.write(f"{user.username}: {role}{follows if role is not Role.ADMINISTRATOR else ''}{closed}")
