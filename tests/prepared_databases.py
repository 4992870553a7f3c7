"""Database files with all their tables, made once for a whole test run and copied wherever tests need some.

Applying all migrations takes seconds of a processor; parallel test processes and the servers that tests start would each do it.
That they can also begin with an empty folder is tested by itself (``test_serve.py``, ``test_from_setup_to_player.py``).
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("ecm.sqlite3", "queue.sqlite3")
_FOLDER = "PREPARED_TEST_DATABASES"  # parallel test processes inherit it


_makers: list["subprocess.Popen[bytes]"] = []


def begin() -> None:
    """Start making them beside whatever else there is to do before the first test; for the process that starts the others."""
    _name_folder()
    quiet = subprocess.DEVNULL  # when it fails, the first test that needs them tries again and says why
    _makers.append(
        subprocess.Popen([sys.executable, "-m", __name__], cwd=ROOT, stdout=quiet, stderr=quiet, start_new_session=True)
    )


def are_shared() -> bool:
    """Whether a process above this one has begun."""
    return _FOLDER in os.environ


def copy(name: str, target: Path) -> None:
    """Put a fresh ``name`` (one of :data:`NAMES`) at ``target``. The first to ask for one waits until they are made."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_made() / name, target)


def copy_all(folder: Path) -> Path:
    """Put all of them into the data folder ``folder``, which is made when it is missing, and return it."""
    for name in NAMES:
        copy(name, folder / name)
    return folder


def remove() -> None:
    """At the end of the process that named the folder."""
    for maker in _makers:
        if maker.poll() is None:
            os.killpg(maker.pid, signal.SIGKILL)
        maker.wait()
    if _FOLDER in os.environ:
        shutil.rmtree(os.environ[_FOLDER], ignore_errors=True)


def _name_folder() -> Path:
    if _FOLDER not in os.environ:
        os.environ[_FOLDER] = tempfile.mkdtemp(prefix="ecm-test-databases-")
    return Path(os.environ[_FOLDER])


def _made() -> Path:
    """The folder that holds them. Raises ``CalledProcessError`` when a migration fails."""
    folder = _name_folder()
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            for alias in ("default", "queue"):
                subprocess.run(
                    [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0", "--database", alias],
                    env={**os.environ, "CONFIG_DIR": str(folder)},
                    check=True,
                )
            left = list(folder.glob("*-wal"))
            if left:
                raise RuntimeError(f"{left[0].name} is left: a copy of the file beside it would not be whole.")
            (folder / "ready").touch()
    return folder


if __name__ == "__main__":
    _made()
