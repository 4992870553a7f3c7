"""Every test process works in a data folder of its own, made before Django reads its settings."""

import gc
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import django.conf
import pytest

from tests import parallel_order, prepared_databases

# Loading and collecting leave little garbage, and looking for it takes a third of that time: see pytest_collection_finish.
gc.disable()

_data = Path(tempfile.mkdtemp(prefix="ecm-test-"))
os.environ["CONFIG_DIR"] = str(_data)
os.environ.setdefault("ECM_DEBUG", "0")
os.environ.setdefault("RATE_LIMIT_ENABLED", "1")
os.environ.setdefault("ECM_LOG_FORMAT", "text")  # what processes that tests start say is read line by line
# Named here and not in pyproject.toml: from there pytest-django would read the settings before this file is even loaded,
# and tests would work in the real data folder.
if django.conf.settings.configured:
    raise pytest.UsageError("Unset DJANGO_SETTINGS_MODULE: with it the tests would work in the real data folder.")
os.environ["DJANGO_SETTINGS_MODULE"] = "ecm_site.settings"
django.setup()
# Parallel test processes inherit the environment; each must come by here to get a data folder of its own.
del os.environ["DJANGO_SETTINGS_MODULE"]

pytest_plugins = ["tests.browser.fixtures"]


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings

    if getattr(config.option, "numprocesses", None) and not hasattr(
        config, "workerinput"
    ):  # this process starts the others and runs no test itself
        prepared_databases.begin()
        gc.enable()  # nor does it collect any
    # Hashed file names need a collectstatic run; pages under test link to the plain ones.
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    # Each test client would look through all collected files first: a tenth of a second, some four thousand times.
    settings.WHITENOISE_AUTOREFRESH = True
    _empty_tables_quickly()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # argon2 is slow by design


def _empty_tables_quickly() -> None:
    """After each test with real transactions all tables are emptied. What Django itself keeps about models (their types and
    permissions) never changes: it stays, and is not made anew a thousand times. ECM's own work after it is done as ever."""
    from django.contrib.auth.management import create_permissions
    from django.contrib.contenttypes.management import create_contenttypes
    from django.core.management.commands import flush
    from django.db.models.signals import post_migrate

    command: Any = flush
    statements, tell = command.sql_flush, command.emit_post_migrate_signal
    kept = ('DELETE FROM "django_content_type"', 'DELETE FROM "auth_permission"')
    permissions: dict[str, Any] = {"dispatch_uid": "django.contrib.auth.management.create_permissions"}

    def sql_flush(*args: Any, **options: Any) -> list[str]:
        return [sql for sql in statements(*args, **options) if not sql.startswith(kept)]

    def emit_post_migrate_signal(*args: Any, **options: Any) -> None:
        post_migrate.disconnect(create_contenttypes)
        post_migrate.disconnect(**permissions)
        try:
            tell(*args, **options)
        finally:
            post_migrate.connect(create_contenttypes)
            post_migrate.connect(create_permissions, **permissions)

    command.sql_flush, command.emit_post_migrate_signal = sql_flush, emit_post_migrate_signal


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Parallel test processes have a data folder each: their database files need no suffix, and keep the names by which
    worker processes that tests start find them."""


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """A parallel test process begins with copies of files that have all their tables; alone it makes its own."""
    from django.db import connections

    if not prepared_databases.are_shared():
        return False
    for connection in connections.all():
        database = connection.settings_dict
        prepared_databases.copy(Path(database["NAME"]).name, Path(database["TEST"]["NAME"]))
    return True


@pytest.fixture(autouse=True)
def default_settings() -> None:
    """No test inherits the settings record that another one saved."""
    (_data / "settings.json").unlink(missing_ok=True)


@pytest.fixture(autouse=True)
def disconnected_at_the_end(request: pytest.FixtureRequest) -> Iterator[None]:
    """Emptying the tables after a test with real transactions must not queue what it deletes for a mirrored server."""
    marker = request.node.get_closest_marker("django_db")
    if marker is None or not marker.kwargs.get("transaction"):
        yield
        return
    request.getfixturevalue("transactional_db")
    yield
    from tasks_app.models import MirrorState

    MirrorState.objects.update(connected=False)


def pytest_unconfigure(config: pytest.Config) -> None:
    import shutil

    shutil.rmtree(_data, ignore_errors=True)
    if not hasattr(config, "workerinput"):
        prepared_databases.remove()


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name packed bytes by their size: archives carry the time of packing, and parallel runs must agree on all names."""
    if isinstance(val, bytes) and not val.isascii():
        return f"{argname}-{len(val)}-bytes"
    return None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Browsers and killed processes live by the clock of a busy machine: such a test may try three times more, and the report
    names each that had to. All others must pass at once. What takes many minutes runs only when asked for: ``-m nightly``.
    """
    if "nightly" not in config.option.markexpr:
        nightly = [item for item in items if item.get_closest_marker("nightly")]
        if nightly:
            config.hook.pytest_deselected(items=nightly)
            items[:] = [item for item in items if not item.get_closest_marker("nightly")]
    for item in items:
        if item.get_closest_marker("browser") or item.get_closest_marker("processes"):
            item.add_marker(pytest.mark.flaky(reruns=3, reruns_delay=2))
    if hasattr(config, "workerinput"):
        parallel_order.arrange(items)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: the search for garbage, rarer than usual, need not walk through it each time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    return parallel_order.scheduler(config, log) if config.option.dist == "load" else None
