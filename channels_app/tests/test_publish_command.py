"""``manage.py publish_lineup``."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from lxml import etree

from channels_app.management.commands import publish_lineup as command
from channels_app.tests.lineup_fixtures import make_channel, make_entry, make_streams
from channels_app.tests.publish_fixtures import Published, add_programme, change, published
from epg_app import load_programmes
from m3u_app.tests.reading import read
from tasks_app import engine
from tasks_app.models import TaskRun, Trigger

__all__ = ["published"]


def run(*arguments: str) -> str:
    output = io.StringIO()
    call_command("publish_lineup", *arguments, stdout=output)
    return output.getvalue()


@pytest.fixture
def lineup(published: Published) -> Published:
    entry = make_entry("a")
    make_channel("Alpha", "1", streams=make_streams(["A"]), tvg_id="a", guide_entry=entry)
    make_channel("Empty", "2")
    add_programme(entry, "Film", begins=0)
    return published


def test_json_is_one_object_with_counts_and_files(lineup: Published) -> None:
    found = json.loads(run("--json"))
    assert (found["channels"], found["programmes"], found["left_out"]) == (1, 1, 1)
    assert found["files"]
    assert all(Path(path).exists() for path in found["files"])


def test_out_writes_plain_files_with_an_address(lineup: Published, tmp_path: Path, settings: Any) -> None:
    settings.ECM_PORT = 6123
    folder = tmp_path / "new" / "out"
    found = json.loads(run("--out", str(folder), "--json"))
    names = ["guide.xml", "guide.xml.gz", "hdhr/lineup.json", "hdhr/lineup.m3u", "hdhr/lineup.xml", "lineup.m3u"]
    assert sorted(found["files"]) == [str(folder / name) for name in names]
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == names
    playlist = (folder / "lineup.m3u").read_text()
    assert playlist.startswith('#EXTM3U url-tvg="http://127.0.0.1:6123/output/epg"')
    (entry,) = read(playlist).entries
    assert (entry.name, entry.tvg_id) == ("Alpha", "a")
    assert entry.url.startswith("http://127.0.0.1:6123/stream/")
    guide = (folder / "guide.xml").read_bytes()
    assert gzip.decompress((folder / "guide.xml.gz").read_bytes()) == guide
    assert etree.fromstring(guide).findtext("programme/title") == "Film"
    assert json.loads((folder / "hdhr" / "lineup.json").read_text())[0]["GuideNumber"] == "1"


def test_out_uses_the_public_address(lineup: Published, tmp_path: Path) -> None:
    change(public_base_url="https://tv.example")
    run("--out", str(tmp_path / "out"))
    assert "https://tv.example/stream/" in (tmp_path / "out" / "lineup.m3u").read_text()


def test_the_guide_of_newly_linked_channels_is_loaded_first(lineup: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    from epg_app.models import GuideEntry

    def load(**_: Any) -> int:
        add_programme(GuideEntry.objects.get(), "Loaded just now", begins=2)
        return 1

    monkeypatch.setattr(load_programmes, "load_newly_mapped", load)
    assert json.loads(run("--json"))["programmes"] == 2


def test_text_is_for_people(lineup: Published) -> None:
    text = run()
    assert "Published 1 channel and 1 programme" in text
    assert "1 channel without a stream left out" in text


def test_an_empty_lineup_is_a_success_with_a_warning(published: Published) -> None:
    assert "players now show no channels" in run()


def test_a_failure_ends_with_an_error(lineup: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    from channels_app.publishing import tasks

    monkeypatch.setattr(tasks, "publish_lineup", lambda **_: (_ for _ in ()).throw(OSError("disk on fire")))
    with pytest.raises(CommandError, match="disk on fire"):
        run("--json")


def test_a_folder_that_cannot_be_written_ends_with_an_error(lineup: Published, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="could not be written"):
        run("--out", str(tmp_path / "file"))


def test_a_publish_that_runs_already_is_waited_for(lineup: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    other = engine.start_run("publish_lineup", triggered_by=Trigger.EVENT)
    monkeypatch.setattr(command.time, "sleep", lambda _seconds: engine.request_cancel(other.pk))
    assert json.loads(run("--json"))["channels"] == 1
    monkeypatch.setattr(command, "WAIT_SECONDS", 0)
    engine.start_run("publish_lineup", triggered_by=Trigger.EVENT)
    with pytest.raises(CommandError, match="waited for long enough"):
        run()
    assert TaskRun.objects.count() == 3
