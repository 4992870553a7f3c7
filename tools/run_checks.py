"""``./ecm test``: formatter, linters, types, migrations, deployment check, tests – all of them, then a summary."""

import os
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tools.shell import LauncherError, install_system_packages, say

if TYPE_CHECKING:
    from tools.prepare import Checkout

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CODE = ["ecm_site", "tasks_app", "m3u_app", "epg_app", "channels_app", "tests", "tools", "conftest.py", "manage.py"]
DEPLOYMENT = ["check", "--deploy", "--fail-level", "WARNING"]
WAITING = 2
TYPED = ["ecm_site", "tasks_app", "m3u_app", "epg_app", "channels_app"]


def run_checks(checkout: "Checkout") -> int:
    """Run everything even when something fails, and return 0 only when nothing did."""
    require_programs()
    python = str(checkout.python)
    manage = [python, "manage.py"]
    outcomes = [
        _step(checkout, "icons", [python, "tools/vendor.py"]),  # first: pages under test show what it makes
        _step(checkout, "formatting", [python, "-m", "ruff", "format", "--check", *CODE]),
        _step(checkout, "lint", [python, "-m", "ruff", "check", *CODE]),
    ]
    with ThreadPoolExecutor(1) as beside:  # the tests often wait; what they leave of the processors is enough for the rest
        rest = [
            beside.submit(_step, checkout, title, command, beside=True, **env)
            for title, command, env in (
                ("types", [python, "-m", "mypy", *TYPED], {}),
                ("templates", [python, "-m", "djlint", "templates", "--lint", "--quiet"], {}),
                ("migrations", [*manage, "makemigrations", "--check", "--dry-run"], {}),
                ("deployment", [*manage, *DEPLOYMENT], {}),
                ("deployment behind TLS", [*manage, *DEPLOYMENT], {"ECM_BEHIND_TLS": "1"}),
            )
        ]
        tests = _step(checkout, "tests", _pytest(checkout, parallel()))
        outcomes += [*(step.result() for step in rest), tests]
    say("")
    for title, passed, seconds in outcomes:
        say(f"{'ok    ' if passed else 'FAILED'}  {title} ({seconds:.0f} s)")
    return 0 if all(passed for _, passed, _ in outcomes) else 1


def parallel() -> list[str]:
    """Options of pytest for all tests at once: some always wait, for a browser or another process, so there is work for two
    more than there are processors. ``tests/parallel_order.py`` says in which order they come. Examples that Hypothesis makes
    are the same each time: whether a change may go in must not be a matter of luck. pytest alone goes on looking for new ones.
    """
    return ["-n", str((os.cpu_count() or 1) + WAITING), "--hypothesis-profile=ci"]


def run_tests(checkout: "Checkout", arguments: list[str]) -> int:
    """Run pytest alone with the caller's own arguments."""
    require_programs()
    return subprocess.run(_pytest(checkout, arguments), check=False, cwd=checkout.root, env=_environment()).returncode


def require_programs() -> None:
    """Browser tests need Chromium, some fixtures need ffmpeg. Raises :class:`LauncherError` when they cannot be had."""
    packages = []
    if find_browser() is None:
        packages.append("chromium")
    if shutil.which("ffmpeg") is None:
        packages.append("ffmpeg")
    if not packages:
        return
    install_system_packages(packages, f"The tests need {' and '.join(packages)}.")
    if find_browser() is None or shutil.which("ffmpeg") is None:
        raise LauncherError(
            f"{' and '.join(packages)} still cannot be started. Where the package is only a pointer to a snap (Ubuntu), "
            "install Google Chrome or another Chromium and name it: ECM_CHROMIUM=/path/to/chrome ./ecm test"
        )


def find_browser() -> str | None:
    """The Chromium that browser tests drive: ``ECM_CHROMIUM``, or the first one on the path that really starts."""
    wished = os.environ.get("ECM_CHROMIUM")
    if wished:
        return wished if shutil.which(wished) else None
    for name in BROWSERS:
        path = shutil.which(name)
        # Ubuntu's package is a script that only tells to install a snap: ask it for its version.
        if path and subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0:
            return path
    return None


def _pytest(checkout: "Checkout", arguments: list[str]) -> list[str]:
    return [str(checkout.python), "-m", "pytest", *arguments]


def _step(checkout: "Checkout", title: str, command: list[str], *, beside: bool = False, **env: str) -> tuple[str, bool, float]:
    """Run one check. ``beside`` another one: what it says comes as a whole when it is over."""
    if not beside:
        say(f"--- {title}")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ecm-check-") as data:  # checks must not touch, or depend on, real data
        answer = subprocess.run(
            command,
            check=False,
            cwd=checkout.root,
            env=_environment(CONFIG_DIR=data, **env),
            stdout=subprocess.PIPE if beside else None,
            stderr=subprocess.STDOUT if beside else None,
            text=True,
        )
    if beside:
        say(f"\n--- {title}\n{answer.stdout}".rstrip())
    return title, answer.returncode == 0, time.monotonic() - started


def _environment(**changes: str) -> dict[str, str]:
    """The caller's environment without the settings of the caller's own install. Compiled modules are kept: hundreds of
    processes that tests start would each compile the whole project again."""
    without = ("ECM_", "CONFIG_DIR", "PYTHONDONTWRITEBYTECODE")
    env = {name: value for name, value in os.environ.items() if not name.startswith(without)}
    browser = find_browser()
    return {**env, **({"ECM_CHROMIUM": browser} if browser else {}), **changes}
