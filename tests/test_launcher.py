"""./ecm does what is missing, once, and says plainly what it cannot do (tools/)."""

import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest

from tools import launcher, prepare, run_checks, shell, stamps
from tools.shell import LauncherError

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> prepare.Checkout:
    monkeypatch.delenv("CONFIG_DIR", raising=False)
    for name in ("requirements.txt", "package.json", "package-lock.json"):
        (tmp_path / name).write_text(f"{name} 1")
    return prepare.Checkout(tmp_path)


# --- stamps ---------------------------------------------------------------------------------------------------------


def test_packages_are_installed_once_and_again_when_the_lock_changes(checkout: prepare.Checkout) -> None:
    with mock.patch.object(prepare, "run") as run:
        prepare.install_python_packages(checkout, "requirements")
        prepare.install_python_packages(checkout, "requirements")
        assert run.call_count == 1
        (checkout.root / "requirements.txt").write_text("requirements.txt 2")
        prepare.install_python_packages(checkout, "requirements")
        assert run.call_count == 2


def test_a_step_that_failed_is_repeated(checkout: prepare.Checkout) -> None:
    with mock.patch.object(prepare, "run", side_effect=LauncherError("no network")), pytest.raises(LauncherError):
        prepare.install_python_packages(checkout, "requirements")
    with mock.patch.object(prepare, "run") as run:
        prepare.install_python_packages(checkout, "requirements")
    assert run.call_count == 1


def test_a_step_that_failed_after_a_good_one_is_repeated_even_with_the_old_lock(checkout: prepare.Checkout) -> None:
    """Half-replaced packages must not pass for the old ones when the lock is taken back."""
    with mock.patch.object(prepare, "run"):
        prepare.install_python_packages(checkout, "requirements")
    (checkout.root / "requirements.txt").write_text("requirements.txt 2")
    with mock.patch.object(prepare, "run", side_effect=LauncherError("no network")), pytest.raises(LauncherError):
        prepare.install_python_packages(checkout, "requirements")
    (checkout.root / "requirements.txt").write_text("requirements.txt 1")
    with mock.patch.object(prepare, "run") as run:
        prepare.install_python_packages(checkout, "requirements")
    assert run.call_count == 1


def test_the_mark_of_a_tree_changes_with_every_kind_of_change(tmp_path: Path) -> None:
    def mark() -> str:
        return stamps.of_tree([tmp_path], (".css",))

    marks = [mark()]
    (tmp_path / "a.css").write_text("a")
    marks.append(mark())
    (tmp_path / "a.css").write_text("ab")
    marks.append(mark())
    (tmp_path / "a.css").rename(tmp_path / "b.css")
    marks.append(mark())
    (tmp_path / "ignored.txt").write_text("x")
    assert mark() == marks[-1]
    assert len(set(marks)) == 4


def make_databases(checkout: prepare.Checkout, *_: object, **__: object) -> None:
    for name in ("ecm.sqlite3", "queue.sqlite3"):
        (checkout.data / name).touch()


def test_databases_are_prepared_once_and_again_for_a_new_migration_or_another_file(checkout: prepare.Checkout) -> None:
    checkout.data.mkdir()
    migrations = checkout.root / "m3u_app" / "migrations"
    migrations.mkdir(parents=True)
    with mock.patch.object(prepare, "manage", side_effect=make_databases) as manage:
        prepare.migrate(checkout)
        prepare.migrate(checkout)
        assert manage.call_count == 1
        (migrations / "0002_more.py").write_text("x")
        prepare.migrate(checkout)
        assert manage.call_count == 2
        (checkout.data / "ecm.sqlite3").rename(checkout.data / "old.sqlite3")
        prepare.migrate(checkout)
        prepare.migrate(checkout)
        assert manage.call_count == 3


def test_static_files_are_built_when_a_page_a_script_or_the_way_of_building_changes(checkout: prepare.Checkout) -> None:
    for folder in ("static", "templates", "ecm_site", "tools", "build/vendor"):
        (checkout.root / folder).mkdir(parents=True)
    (checkout.root / "ecm_site" / "settings.py").write_text("1")

    def collect(*_: object, **__: object) -> None:
        (checkout.build / "static").mkdir(exist_ok=True)
        (checkout.build / "static" / "staticfiles.json").touch()

    def cut(_root: Path) -> list[str]:
        if not (checkout.build / "vendor" / "icons.svg").is_file():  # like the real one, it writes only what changed
            (checkout.build / "vendor" / "icons.svg").touch()
        return []

    with (
        mock.patch.object(prepare.vendor, "build", side_effect=cut) as build,
        mock.patch.object(prepare, "manage", side_effect=collect) as manage,
    ):

        def counts() -> tuple[int, int]:
            prepare.build_front_end(checkout)
            return build.call_count, manage.call_count

        assert counts() == (1, 1)
        assert counts() == (1, 1)
        (checkout.root / "templates" / "a.html").write_text("{% icon 'x' %}")
        assert counts() == (2, 1)
        (checkout.root / "static" / "a.css").write_text("a")
        assert counts() == (2, 2)
        (checkout.root / "ecm_site" / "settings.py").write_text("2")
        assert counts() == (3, 3)


# --- finding things -------------------------------------------------------------------------------------------------


def test_the_data_folder_is_where_the_caller_meant_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONFIG_DIR", "my data")
    assert prepare.Checkout(ROOT).data == tmp_path / "my data"
    monkeypatch.delenv("CONFIG_DIR")
    assert prepare.Checkout(ROOT).data == ROOT / "data"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o500)
    monkeypatch.setenv("CONFIG_DIR", str(tmp_path / "x"))
    with pytest.raises(LauncherError, match="CONFIG_DIR"):
        prepare.make_data_folder(prepare.Checkout(ROOT))


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CONFIG_DIR", str(tmp_path / "file" / "data"))
    with pytest.raises(LauncherError, match="CONFIG_DIR"):
        prepare.make_data_folder(prepare.Checkout(ROOT))


@pytest.mark.parametrize(("version", "own"), [("v22.11.0", True), ("v18.0.0", True), ("v16.20.2", False), ("gibberish", False)])
def test_an_old_node_is_replaced_by_one_from_pypi(
    checkout: prepare.Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, own: bool
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("node", "npm"):
        (programs / name).write_text(f"#!/bin/sh\necho {version}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    with mock.patch.object(prepare, "install_python_packages") as install:
        npm, env = prepare.find_npm(checkout)
    assert (npm == str(programs / "npm")) == own
    assert install.called != own
    assert own or env["PATH"].startswith(str(checkout.venv / "bin"))


def test_missing_system_packages_are_installed_by_root_and_named_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(shell.os, "geteuid", lambda: 1000)
    with pytest.raises(LauncherError, match="sudo apt-get install chromium ffmpeg"):
        shell.install_system_packages(["chromium", "ffmpeg"], "The tests need them.")
    monkeypatch.setattr(shell.os, "geteuid", lambda: 0)
    with mock.patch.object(shell, "run") as run:
        shell.install_system_packages(["chromium", "ffmpeg"], "The tests need them.")
    assert [call.args[0][:2] for call in run.call_args_list] == [["apt-get", "update"], ["apt-get", "install"]]


def test_a_browser_that_is_only_a_pointer_to_a_snap_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "chromium").write_text("#!/bin/sh\necho 'requires the chromium snap' >&2; exit 1\n")
    (tmp_path / "google-chrome").write_text("#!/bin/sh\necho 'Google Chrome 150'\n")
    for path in tmp_path.iterdir():
        path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("ECM_CHROMIUM", raising=False)
    assert run_checks.find_browser() == str(tmp_path / "google-chrome")


# --- the script -----------------------------------------------------------------------------------------------------


def test_help_needs_nothing_installed(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    answer = subprocess.run([ROOT / "ecm", "help"], capture_output=True, text=True, check=False, env=env, cwd=tmp_path)
    assert answer.returncode == 0
    assert "./ecm run" in answer.stdout


def test_an_unknown_word_is_an_error_with_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert launcher.main(["jump"]) == 2
    assert 'no "./ecm jump"' in capsys.readouterr().err


def test_the_script_refuses_an_old_python_and_says_what_to_install(tmp_path: Path) -> None:
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    answer = subprocess.run([ROOT / "ecm", "run"], capture_output=True, text=True, check=False, env=env)
    assert answer.returncode == 1
    assert "Python 3.11 or newer" in answer.stderr
    assert "apt-get install python3" in answer.stderr


def test_the_script_works_through_a_link_and_from_elsewhere(tmp_path: Path) -> None:
    link = tmp_path / "my ecm"
    link.symlink_to(ROOT / "ecm")
    env = {"PATH": os.environ["PATH"], "ECM_PYTHON": sys.executable}
    answer = subprocess.run([link, "help"], capture_output=True, text=True, check=False, env=env, cwd="/")
    assert answer.returncode == 0


def test_an_error_of_the_launcher_is_one_sentence_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(launcher, "prepare", mock.Mock(side_effect=LauncherError("Set CONFIG_DIR.")))
    assert launcher.main(["run"]) == 1
    assert capsys.readouterr().err == "Set CONFIG_DIR.\n"


def test_two_launchers_prepare_one_after_the_other(checkout: prepare.Checkout) -> None:
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\nfrom tools.prepare import Checkout, alone\n"
        "with alone(Checkout(Path(sys.argv[2]))):\n"
        "    print('in', flush=True); sys.stdin.readline(); print('out', flush=True)\n"
    )
    command = [sys.executable, "-c", code, str(ROOT), str(checkout.root)]
    first = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert first.stdout is not None
    assert first.stdout.readline() == "in\n"
    second = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert second.stderr is not None
    assert "waiting" in second.stderr.readline()
    first.communicate("\n", timeout=20)
    out, _ = second.communicate("\n", timeout=20)
    assert out == "in\nout\n"
