"""Commands start soon and leave the search for garbage on."""

import gc
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.conf import settings

from ecm_site.command_line import CommandLine, run


@pytest.fixture(autouse=True)
def garbage() -> Iterator[None]:
    yield
    gc.enable()


@pytest.mark.parametrize(("name", "checks"), [("import_m3u", False), ("serve", False), ("run_worker", True), ("migrate", True)])
def test_own_commands_do_not_check_the_whole_project(name: str, checks: bool) -> None:
    assert bool(CommandLine(["manage.py", name]).fetch_command(name).requires_system_checks) is checks


def test_garbage_is_looked_for_again_when_the_command_begins() -> None:
    with pytest.raises(SystemExit):
        run(["manage.py", "run_task", "--no-such-option"])
    assert gc.isenabled()


def test_an_unknown_command_is_told() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "impord_m3u"], cwd=settings.BASE_DIR, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "Unknown command: 'impord_m3u'. Did you mean import_m3u?" in done.stderr
