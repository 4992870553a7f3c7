"""Settings of real worker processes that tests start: the test's own database files, the demo tasks, and a clock to move."""

import os
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

from ecm_site.settings import *  # noqa: F403
from ecm_site.settings import DATABASES, INSTALLED_APPS

for _database in DATABASES.values():
    _database["NAME"] = _database["TEST"]["NAME"]  # type: ignore[index]

INSTALLED_APPS = [*INSTALLED_APPS, "tasks_app.tests.demo_tasks"]

_real_now = timezone.now
_offset_file = Path(os.environ["DEMO_FOLDER"]) / "clock_offset"


def _now() -> datetime:
    """The time, moved by the seconds that the test wrote into a file."""
    try:
        return _real_now() + timedelta(seconds=float(_offset_file.read_text()))
    except (FileNotFoundError, ValueError):  # not moved, or being written right now
        return _real_now()


timezone.now = _now
