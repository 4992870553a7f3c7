"""``manage.py serve``: web server and task worker together, in the foreground, until Ctrl-C or SIGTERM."""

import http.client
import os
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ecm_site.serving.databases import prepare_databases
from ecm_site.serving.instance_lock import AlreadyServing, hold_data_folder
from ecm_site.serving.listening import CannotListen, listen, local_address
from ecm_site.serving.supervisor import STOP_SECONDS, Child, Supervisor

START_SECONDS = 90.0  # a slow disk and a cold cache included
HOPELESS_CRASHES = 4  # before the first answer: something is wrong that restarting does not heal


class Command(BaseCommand):
    help = "Run the web server and the task worker together. Stops both on Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bind", default=settings.ECM_BIND, help="address to listen on (ECM_BIND)")
        parser.add_argument("--port", type=int, default=settings.ECM_PORT, help="port to listen on (ECM_PORT)")
        parser.add_argument("--no-worker", action="store_true", help="run the web server alone")

    def handle(self, *args: Any, **options: Any) -> None:
        address = local_address(options["bind"], options["port"])
        try:
            lock = hold_data_folder(settings.CONFIG_DIR, address)
            opened = listen(options["bind"], options["port"])
        except (AlreadyServing, CannotListen) as error:
            raise CommandError(str(error)) from None
        with lock, opened:
            prepare_databases()
            os.environ["ECM_PORT"] = str(options["port"])  # the fetch guard refuses our own port, wherever it was set
            os.environ["ECM_LISTEN_FD"] = str(opened.fileno())
            web = Child(
                "web server",
                [sys.executable, "-m", "gunicorn", "-c", "python:ecm_site.serving.gunicorn_conf", "ecm_site.wsgi:application"],
                pass_fds=(opened.fileno(),),
            )
            children = [web]
            if not options["no_worker"]:
                worker = [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), "run_worker"]
                # It has to close its runs before the supervisor loses patience.
                children.append(Child("task worker", [*worker, "--stop-seconds", str(STOP_SECONDS - 2), "--follow-parent"]))
            os.chdir(settings.BASE_DIR)  # gunicorn imports the project from here
            announce = _Announce(self, address, web)
            Supervisor(children, announce.look).run()
        self.stdout.write("ECM has stopped.")


class _Announce:
    """Says the address once the server answers there, and gives up when it never will."""

    def __init__(self, command: Command, address: str, web: Child) -> None:
        self.command = command
        self.address = address
        self.web = web
        self.deadline = time.monotonic() + START_SECONDS
        self.answered = False

    def look(self) -> None:
        if self.answered:
            return
        if _answers(self.address):
            self.answered = True
            self.command.stdout.write(f"\nECM is ready: {self.address}\nStop it with Ctrl-C.\n")
            self.command.stdout.flush()
        elif self.web.crashes >= HOPELESS_CRASHES or time.monotonic() > self.deadline:
            raise CommandError("The web server does not start. The lines above say why.")


def _answers(address: str) -> bool:
    where = urlsplit(address)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=2)
    try:
        connection.request("GET", "/api/health")
        connection.getresponse()  # any answer will do: with ECM_ALLOWED_HOSTS set, ours is "400, wrong host"
    except (OSError, http.client.HTTPException):
        return False
    else:
        return True
    finally:
        connection.close()
