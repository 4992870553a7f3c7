"""Processes share one sign-in through the data folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from ecm_site.conf import save_settings
from tests.fake_dispatcharr import FakeServer

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.processes
def test_three_commands_at_once_sign_in_once(fake: FakeServer) -> None:
    save_settings(dispatcharr_url=fake.url, dispatcharr_user=fake.user, dispatcharr_password=fake.password)
    environment = os.environ | {"CONFIG_DIR": str(settings.CONFIG_DIR), "DJANGO_SETTINGS_MODULE": "ecm_site.settings"}
    command = [sys.executable, "manage.py", "check_dispatcharr", "--json"]
    started = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)
    ]
    ended = [(process.communicate(timeout=90), process.returncode) for process in started]
    assert [code for _output, code in ended] == [0, 0, 0], ended
    assert len(fake.auth.sign_ins) == 1
