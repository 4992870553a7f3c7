"""Facts that stand in several files agree, and locks are complete."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from ecm_site.version import VERSION

ROOT = Path(__file__).resolve().parent.parent


def wishes(name: str) -> list[str]:
    """Package names in a ``requirements*.in`` file."""
    lines = (ROOT / name).read_text().splitlines()
    return [re.split(r"[~=<>!]", line)[0].strip() for line in lines if line and not line.startswith(("#", "-"))]


def pins(name: str) -> dict[str, str]:
    lines = [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==\S+", line) for line in lines), f"{name} holds more than exact versions"
    return {line.partition("==")[0].lower().replace("_", "-"): line.partition("==")[2] for line in lines}


def test_there_is_one_version() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION
    assert json.loads((ROOT / "package.json").read_text())["version"] == VERSION
    assert json.loads((ROOT / "package-lock.json").read_text())["version"] == VERSION
    assert VERSION in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("name", ["requirements", "requirements-dev", "requirements-node"])
def test_every_wished_package_is_locked(name: str) -> None:
    assert {wish.lower() for wish in wishes(f"{name}.in")} <= set(pins(f"{name}.txt"))


def test_the_two_python_locks_name_no_package_twice() -> None:
    assert set(pins("requirements.txt")) & set(pins("requirements-dev.txt")) == set()


def test_the_front_end_lock_is_exact_and_names_no_download_addresses() -> None:
    wished = json.loads((ROOT / "package.json").read_text())["dependencies"]
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wished.values())
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wished} == wished
    locked = {name: package for name, package in packages.items() if name}
    assert all("integrity" in package and "resolved" not in package for package in locked.values())


@pytest.mark.parametrize("name", wishes("requirements.in") + wishes("requirements-dev.in"))
def test_every_python_package_has_its_reason_written_down(name: str) -> None:
    table = (ROOT / "docs" / "architecture.md").read_text().partition("## What we stand on")[2]
    assert name.lower() in table.lower()


def test_every_environment_variable_is_in_the_readme() -> None:
    read = set()
    for path in [*(ROOT / "ecm_site").rglob("*.py"), *(ROOT / "tools").rglob("*.py")]:
        if "tests" not in path.parts:
            read |= set(re.findall(r"""(?:env_\w+\(|environ(?:\.get\(|\[))"([A-Z_]+)\"""", path.read_text()))
    assert {"CONFIG_DIR", "ECM_PORT"} <= read
    told = (ROOT / "README.md").read_text()
    internal = {"ECM_LISTEN_FD", "PATH", "DJANGO_SETTINGS_MODULE"}
    assert {name for name in read - internal if f"`{name}`" not in told} == set()
