"""``import_xmltv``: what operators' scripts rely on; killed in the middle, it leaves whole guides."""

import io
import json
import signal
import sqlite3
import subprocess
import time
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ecm_site.benchmarks import data_folder, manage, run_json, scratch_environment
from epg_app.bench_guide_file import write_guide
from epg_app.models import GuideSource, Programme
from epg_app.tests.samples import guide_of
from tasks_app.models import TaskRun
from tests import prepared_databases

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "xmltv"


def command(*arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("import_xmltv", *arguments, "--json", stdout=out, stderr=io.StringIO())
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


@pytest.fixture
def guide(tmp_path: Path) -> Path:
    path = tmp_path / "guide.xml"
    path.write_text(guide_of({"a": ["A1", "A2"], "b": ["B1"]}))
    return path


@pytest.mark.django_db
class TestInThisProcess:
    def test_a_file_makes_its_source_and_prints_the_counts(self, guide: Path) -> None:
        answer = command(str(guide), "--source", "My guide")
        assert (answer["entries"], answer["programmes"], answer["skipped"]) == (2, 0, 3)
        assert answer["seconds"] >= 0
        source = GuideSource.objects.get()
        assert (source.name, source.source_type, source.file_path) == ("My guide", "xmltv_file", str(guide))
        assert TaskRun.objects.get().triggered_by == "command"

    def test_unused_channels_are_kept_on_request_and_from_then_on(self, guide: Path) -> None:
        assert command(str(guide), "--source", "G", "--keep-unmapped")["programmes"] == 3
        guide.write_text(guide_of({"a": ["A1"], "b": ["B1"]}))
        assert command(str(guide), "--source", "g")["programmes"] == 2

    def test_another_file_switches_the_source(self, guide: Path, tmp_path: Path) -> None:
        command(str(guide), "--source", "G", "--keep-unmapped")
        other = tmp_path / "other.xml"
        other.write_text(guide_of({"z": ["Z1"]}))
        answer = command(str(other), "--source", "G")
        assert (answer["entries"], answer["programmes"], answer["entries_removed"]) == (1, 1, 2)
        assert GuideSource.objects.get().file_path == str(other)
        assert list(Programme.objects.values_list("title", flat=True)) == ["Z1"]

    @pytest.mark.parametrize(
        ("content", "words"), [("<html><title>Login</title>", "web page “Login”"), ("", "empty"), (None, "no such file")]
    )
    def test_what_cannot_be_imported_fails_with_a_sentence(self, tmp_path: Path, content: str | None, words: str) -> None:
        path = tmp_path / "bad.xml"
        if content is not None:
            path.write_text(content)
        out = io.StringIO()
        with pytest.raises(CommandError, match=words), redirect_stdout(out):
            call_command("import_xmltv", str(path), "--source", "Bad", "--json", stdout=out)
        assert words in json.loads(out.getvalue())["error"]

    def test_a_bad_address_is_refused_before_anything_is_made(self) -> None:
        with pytest.raises(CommandError, match="http"):
            command("ftp://x/guide.xml", "--source", "F")
        assert not GuideSource.objects.exists()

    def test_without_json_it_speaks(self, guide: Path) -> None:
        out = io.StringIO()
        call_command("import_xmltv", str(guide), "--source", "G", stdout=out)
        assert "G: 0 programmes for 0 of 2 guide channels, 3 skipped" in out.getvalue()

    @pytest.mark.skipif(not REAL.is_dir(), reason="the real guides are not here")
    @pytest.mark.parametrize(
        ("name", "entries", "programmes"),
        [
            ("epgshare_us1.xml.gz", 606, 45_959),  # 46,333 in the file, 374 of them doubles without duration
            ("plex_us.xml.gz", 687, 29_205),
            ("nz.xml.gz", 45, 5_510),
            ("bj-unicom.xml.gz", 155, 25_550),
            ("freeview_ie.xml", 9, 1_866),
        ],
    )
    def test_real_guides_come_in_complete(self, name: str, entries: int, programmes: int) -> None:
        answer = command(str(REAL / name), "--source", name, "--keep-unmapped")
        assert answer["entries"] == entries
        assert answer["programmes"] + answer["outside_window"] == programmes
        assert answer["damaged_line"] is None


@pytest.mark.processes
def test_an_import_killed_while_it_saves_leaves_every_channel_whole_and_the_next_one_finishes(tmp_path: Path) -> None:
    prepared_databases.copy_all(data_folder(tmp_path))
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    guide = tmp_path / "guide.xml"
    write_guide(guide, channels=120, days=3, start=today, seed=1)
    import_it = manage("import_xmltv", str(guide), "--source", "G", "--keep-unmapped", "--json")
    first, _ = run_json(import_it, tmp_path)
    whole = {key: set(rows) for key, rows in _programmes(tmp_path).items()}
    write_guide(guide, channels=600, days=3, start=today, seed=2)
    process = subprocess.Popen(
        import_it, env=scratch_environment(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while _ask(tmp_path, "SELECT COUNT(*) FROM epg_app_programme") < first["programmes"] * 1.5:
        assert process.poll() is None, "it was over before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    after_kill = {key: set(rows) for key, rows in _programmes(tmp_path).items()}
    assert _ask(tmp_path, "PRAGMA integrity_check") == "ok"
    assert _ask(tmp_path, "SELECT status FROM epg_app_guidesource") == "parsing"
    assert not list((data_folder(tmp_path) / "tmp").iterdir())

    second, _ = run_json(import_it, tmp_path)
    final = {key: set(rows) for key, rows in _programmes(tmp_path).items()}
    assert second["programmes"] == sum(map(len, final.values()))
    assert len(final) == 600
    assert len(after_kill) < 600
    assert all(rows in (whole.get(key), final[key]) for key, rows in after_kill.items())
    assert _ask(tmp_path, "SELECT status FROM epg_app_guidesource") == "success"
    assert _ask(tmp_path, "SELECT COUNT(*) FROM tasks_app_taskrun WHERE status = 'terminated'") == 1


def _ask(folder: Path, sql: str) -> Any:
    with sqlite3.connect(data_folder(folder) / "ecm.sqlite3", timeout=20) as connection:
        return connection.execute(sql).fetchone()[0]


def _programmes(folder: Path) -> dict[int, list[tuple[str, str]]]:
    with sqlite3.connect(data_folder(folder) / "ecm.sqlite3", timeout=20) as connection:
        found: dict[int, list[tuple[str, str]]] = {}
        for entry_id, start, title in connection.execute("SELECT entry_id, start, title FROM epg_app_programme"):
            found.setdefault(entry_id, []).append((start, title))
        return found
