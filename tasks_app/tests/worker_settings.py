"""Settings of real worker processes that tests start: the test's own database files, and the demo tasks."""

from ecm_site.settings import *  # noqa: F403
from ecm_site.settings import DATABASES, INSTALLED_APPS

for _database in DATABASES.values():
    _database["NAME"] = _database["TEST"]["NAME"]  # type: ignore[index]

INSTALLED_APPS = [*INSTALLED_APPS, "tasks_app.tests.demo_tasks"]
