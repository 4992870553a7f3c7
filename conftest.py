"""Every test process works in a data folder of its own, made before Django reads its settings."""

import os
import tempfile
from pathlib import Path

import pytest

_data = Path(tempfile.mkdtemp(prefix="ecm-test-"))
os.environ["CONFIG_DIR"] = str(_data)
os.environ.setdefault("ECM_DEBUG", "0")
os.environ.setdefault("RATE_LIMIT_ENABLED", "1")


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings

    # Hashed file names need a collectstatic run; pages under test link to the plain ones.
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # argon2 is slow by design


def pytest_unconfigure(config: pytest.Config) -> None:
    import shutil

    shutil.rmtree(_data, ignore_errors=True)
