"""Brings a checkout to the point where ``manage.py`` works: virtual environment, packages, front end, databases.

Each step is stamped, so that a second start does nothing and needs no network. Only the standard library is used here:
nothing else is installed yet.
"""

import contextlib
import fcntl
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools import stamps, vendor  # noqa: E402
from tools.shell import LauncherError, install_system_packages, run, say, succeeds  # noqa: E402

OLDEST_NODE = 18  # npm 9 and later read our lock file; nothing of Node itself runs later
SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
STATIC_SUFFIXES = (".css", ".js", ".svg", ".png", ".ico", ".txt", ".woff2")
APPS = ("ecm_site", "tasks_app", "m3u_app", "epg_app", "channels_app")


class Checkout:
    """Where things lie. ``data`` follows CONFIG_DIR as the caller meant it: relative to where the caller stands."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        self.venv = root / ".venv"
        self.python = self.venv / "bin" / "python"
        self.build = root / "build"
        self.data = Path(os.environ.get("CONFIG_DIR", "").strip() or root / "data").absolute()

    def stamp(self, name: str) -> stamps.Stamp:
        folder = self.venv if name.startswith("packages") else self.build / "stamps"
        return stamps.Stamp(folder / f"{name}.stamp")

    def environment(self) -> dict[str, str]:
        """What our own programs are started with."""
        return {**os.environ, "CONFIG_DIR": str(self.data)}


@contextlib.contextmanager
def alone(checkout: Checkout) -> Iterator[None]:
    """Two launchers in one checkout prepare one after the other."""
    try:
        checkout.build.mkdir(exist_ok=True)
        lock = (checkout.build / "prepare.lock").open("w")
    except OSError as error:
        raise LauncherError(
            f"{checkout.build} cannot be written ({error.strerror}). ECM needs a folder it may write to."
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another ./ecm is preparing this folder; waiting for it …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def prepare(checkout: Checkout, *, for_tests: bool = False) -> None:
    """Do whatever is missing. Raises :class:`LauncherError` with words that say what to do."""
    with alone(checkout):
        make_data_folder(checkout)
        make_virtual_environment(checkout)
        install_python_packages(checkout, "requirements")
        if for_tests:
            install_python_packages(checkout, "requirements-dev")
        install_front_end(checkout)
        build_front_end(checkout)
        migrate(checkout)


def make_data_folder(checkout: Checkout) -> None:
    try:
        checkout.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LauncherError(f"The data folder {checkout.data} cannot be made: {error.strerror}. Set CONFIG_DIR.") from None
    if not os.access(checkout.data, os.W_OK | os.X_OK):
        raise LauncherError(f"The data folder {checkout.data} cannot be written. Change its owner or set CONFIG_DIR.")


def make_virtual_environment(checkout: Checkout) -> None:
    if succeeds([checkout.python, "-c", "import sys, pip; sys.exit(sys.version_info < (3, 11))"]):
        return
    if not succeeds([sys.executable, "-c", "import ensurepip, venv"]):
        version = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        install_system_packages([version], "This Python cannot make virtual environments yet.")
    say("Making the Python environment …")
    shutil.rmtree(checkout.venv, ignore_errors=True)  # half of one is left when an earlier start was interrupted
    run([sys.executable, "-m", "venv", checkout.venv], failing=f"The Python environment {checkout.venv} could not be made.")


def install_python_packages(checkout: Checkout, name: str) -> None:
    locked = checkout.root / f"{name}.txt"
    stamp = checkout.stamp(f"packages-{name}")
    mark = stamps.of_contents([locked], platform.python_version())
    if stamp.matches(mark):
        return
    say(f"Installing Python packages ({locked.name}); this takes a minute the first time …")
    stamp.clear()
    run(
        [checkout.python, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "-r", locked],
        failing="The Python packages could not be installed. Check the network and the message above, then start again.",
    )
    stamp.write(mark)


def install_front_end(checkout: Checkout) -> None:
    stamp = checkout.stamp("front-end-packages")
    mark = stamps.of_contents([checkout.root / "package.json", checkout.root / "package-lock.json"])
    if stamp.matches(mark) and (checkout.root / "node_modules").is_dir():
        return
    npm, env = find_npm(checkout)
    say("Installing front-end packages …")
    stamp.clear()
    if SYSTEM_CERTIFICATES.is_file():  # Node brings its own list, which does not know what this machine trusts besides
        env.setdefault("NODE_EXTRA_CA_CERTS", str(SYSTEM_CERTIFICATES))
    env["npm_config_cache"] = str(checkout.root / ".cache" / "npm")  # works without a home folder too
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    run(
        [npm, "ci", *options],
        cwd=checkout.root,
        env=env,
        failing="The front-end packages could not be installed. Check the network and the message above, then start again.",
    )
    stamp.write(mark)


def find_npm(checkout: Checkout) -> tuple[str, dict[str, str]]:
    """Return npm and an environment to run it in: the system's own where it is new enough, else one from PyPI."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _node_version(node) >= OLDEST_NODE:
        return npm, dict(os.environ)
    say("There is no Node.js of version 18 or later here; fetching one for this folder alone.")
    install_python_packages(checkout, "requirements-node")
    programs = checkout.venv / "bin"
    return str(programs / "npm"), {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def _node_version(node: str) -> int:
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.match(r"v(\d+)", answer.stdout)
    return int(match.group(1)) if match else 0


def build_front_end(checkout: Checkout) -> None:
    """Copy packages, cut the icon sprite and collect static files, each when one of its sources changed."""
    packages = stamps.of_contents([checkout.root / "package-lock.json", checkout.root / "requirements.txt"])
    sources = [checkout.root / folder for folder in vendor.SOURCE_FOLDERS]
    mark = stamps.of_tree([*sources, checkout.root / "tools"], (".html", ".js", ".py"), packages)
    stamp = checkout.stamp("vendor")
    if not stamp.matches(mark) or not (checkout.build / "vendor" / "icons.svg").is_file():
        stamp.clear()
        try:
            for problem in vendor.build(checkout.root):
                say(f"Warning: {problem}")  # a page without one picture is better than no page
        except vendor.VendorError as error:
            checkout.stamp("front-end-packages").clear()
            raise LauncherError(f"{error}\nStart again; the packages will be fetched anew.") from None
        stamp.write(mark)

    how = stamps.of_contents([checkout.root / "ecm_site" / name for name in ("settings.py", "static_files.py")])
    mark = stamps.of_tree([checkout.root / "static", checkout.build / "vendor"], STATIC_SUFFIXES, packages, how)
    stamp = checkout.stamp("static-files")
    if not stamp.matches(mark) or not (checkout.build / "static" / "staticfiles.json").is_file():
        say("Building static files …")
        stamp.clear()
        manage(checkout, "collectstatic", "--noinput", "-v", "0", failing="The static files could not be collected.")
        stamp.write(mark)


def migrate(checkout: Checkout) -> None:
    """Bring both databases up to date. ``manage.py serve`` looks again, so a stale stamp can never start old tables."""
    folders = [checkout.root / app / "migrations" for app in APPS]
    databases = [checkout.data / "ecm.sqlite3", checkout.data / "queue.sqlite3"]
    known = [f"{path} {path.stat().st_ino}" if path.is_file() else "(missing)" for path in databases]
    mark = stamps.of_contents([path for folder in folders for path in sorted(folder.glob("0*.py"))], *known)
    stamp = stamps.Stamp(checkout.data / ".migrated")
    if stamp.matches(mark) and "(missing)" not in known:
        return
    say("Preparing the databases …")
    stamp.clear()
    failing = f"The databases in {checkout.data} could not be prepared."
    manage(checkout, "prepare_databases", failing=failing)
    known = [f"{path} {path.stat().st_ino}" if path.is_file() else "(missing)" for path in databases]
    stamp.write(stamps.of_contents([path for folder in folders for path in sorted(folder.glob("0*.py"))], *known))


def manage(checkout: Checkout, *arguments: str, failing: str) -> None:
    run([checkout.python, checkout.root / "manage.py", *arguments], failing=failing, env=checkout.environment())
