"""A refresh that is killed with SIGKILL in the middle (issue 1, bad input): data is whole, the next refresh works."""

import json
import signal
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from ecm_site.benchmarks import data_folder, manage, run_json, scratch_environment
from m3u_app.bench_playlist import write_playlist
from tests import prepared_databases

pytestmark = pytest.mark.processes
OLD, NEW = 2_000, 40_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    prepared_databases.copy_all(data_folder(tmp_path))
    return tmp_path


def ask(folder: Path, sql: str) -> Any:
    with sqlite3.connect(data_folder(folder) / "ecm.sqlite3", timeout=20) as connection:
        return connection.execute(sql).fetchone()[0]


def test_a_refresh_killed_while_it_saves_loses_nothing_and_the_next_one_finishes_it(folder: Path) -> None:
    playlist = folder / "list.m3u"
    write_playlist(playlist, OLD)
    first, _ = run_json(manage("import_m3u", str(playlist), "--account", "Acme", "--json"), folder)
    write_playlist(playlist, NEW)
    process = subprocess.Popen(
        manage("import_m3u", str(playlist), "--account", "Acme", "--json"),
        env=scratch_environment(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while ask(folder, "SELECT COUNT(*) FROM m3u_app_stream") < OLD + 3_000:
        assert process.poll() is None, "it was over before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()

    rows = ask(folder, "SELECT COUNT(*) FROM m3u_app_stream")
    assert OLD < rows < NEW
    assert ask(folder, "PRAGMA integrity_check") == "ok"
    assert ask(folder, "SELECT COUNT(*) FROM m3u_app_stream WHERE is_stale") == 0
    assert ask(folder, 'SELECT COUNT(*) FROM m3u_app_stream_search WHERE m3u_app_stream_search MATCH \'"http" OR ": "\'') == 0
    assert ask(folder, "SELECT status FROM m3u_app_account") == "parsing"
    assert not list((data_folder(folder) / "tmp").iterdir())

    second, _ = run_json(manage("import_m3u", str(playlist), "--account", "Acme", "--json"), folder)
    assert second["created"] == second["streams_total"] - rows
    assert second["unchanged"] >= rows - first["streams_total"]  # what the killed run had saved is not done again
    assert ask(folder, "SELECT status FROM m3u_app_account") == "success"
    assert ask(folder, "SELECT COUNT(*) FROM tasks_app_taskrun WHERE status = 'terminated'") == 1
    assert ask(folder, "SELECT SUM(stream_count) FROM m3u_app_streamgroup") == ask(
        folder, "SELECT COUNT(*) FROM m3u_app_stream"
    )
    third, _ = run_json(manage("import_m3u", str(playlist), "--account", "Acme", "--json"), folder)
    assert (third["unchanged"], third["created"], third["updated"]) == (second["streams_total"], 0, 0)


def test_the_command_fails_with_one_json_object_and_a_message(folder: Path) -> None:
    page = folder / "page.m3u"
    page.write_text("<html>login</html>")
    done = subprocess.run(
        manage("import_m3u", str(page), "--account", "Acme", "--json"),
        env=scratch_environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "web page" in json.loads(done.stdout)["error"]
    assert "web page" in done.stderr


def test_bench_refuses_the_real_data_folder_and_prints_its_table(folder: Path) -> None:
    environment = scratch_environment(folder)
    refused = subprocess.run(
        manage("bench", "import", "--scratch", str(folder)), env=environment, capture_output=True, text=True, check=False
    )
    assert refused.returncode != 0
    assert "scratch" in refused.stderr
    scratch = folder / "scratch"
    prepared_databases.copy_all(data_folder(scratch))
    arguments = ("bench", "import", "--entries", "500", "--json", "--scratch", str(scratch))
    done = subprocess.run(manage(*arguments), env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    names = [line["name"] for line in json.loads(done.stdout)["lines"]]
    assert "other writers, longest wait" in names
    assert "refresh, nothing changed" in names
