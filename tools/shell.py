"""Running other programs for the launcher, and saying plainly what went wrong."""

import os
import shutil
import subprocess
import sys
from pathlib import Path


class LauncherError(Exception):
    """The launcher cannot go on; the message says what to do."""


def say(text: str) -> None:
    """Tell the operator; on stderr, because commands print JSON on stdout."""
    print(text, file=sys.stderr, flush=True)


def run(command: list[str | Path], *, failing: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    """Run ``command`` with its output on stderr. Raises :class:`LauncherError` with the sentence ``failing``."""
    try:
        subprocess.run(command, check=True, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    except (OSError, subprocess.CalledProcessError) as error:
        raise LauncherError(f"{failing}\n({error})") from None


def succeeds(command: list[str | Path]) -> bool:
    try:
        return subprocess.run(command, check=False, capture_output=True, stdin=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def install_system_packages(packages: list[str], reason: str) -> None:
    """Install Debian packages when we may; otherwise raise :class:`LauncherError` saying exactly what to type."""
    wish = f"apt-get install {' '.join(packages)}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        prefix = "sudo " if shutil.which("apt-get") else "the packages of your system that correspond to: "
        raise LauncherError(f"{reason} Install:\n    {prefix}{wish}\nthen start again.")
    say(f"{reason} Installing {', '.join(packages)} …")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    failing = f"{reason} Installing failed. Try by hand:\n    apt-get update && {wish}"
    run(["apt-get", "update", "-qq"], failing=failing, env=env)
    run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], failing=failing, env=env)
