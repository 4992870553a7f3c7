"""A published state changes as a whole or not at all."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from django.test import Client

from channels_app.models import Channel
from channels_app.publishing import generation as store
from channels_app.publishing import publish_lineup as publishing
from channels_app.publishing import variants
from channels_app.publishing.generation import current_generation
from channels_app.publishing.option_values import OutputOptions
from channels_app.tests.lineup_fixtures import make_channel, make_entry, make_streams
from channels_app.tests.publish_fixtures import Published, add_programme, published
from tasks_app.models import RunRequest
from tasks_app.progress import Cancelled, NoProgress

__all__ = ["published"]


@pytest.fixture
def lineup(published: Published) -> Published:
    (stream,) = make_streams(["A"])
    entry = make_entry("a")
    make_channel("Alpha", "1", streams=[stream], tvg_id="a", guide_entry=entry)
    add_programme(entry, "Film", begins=0)
    published.publish()
    return published


def folders() -> list[str]:
    return sorted(path.name for path in store.root().iterdir() if path.is_dir())


def rename(name: str) -> None:
    Channel.objects.update(name=name)


def test_a_failure_in_the_middle_keeps_what_is_published(lineup: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    before = [lineup.text(feed) for feed in ("/output/m3u", "/output/epg", "/hdhr/lineup.json")]
    rename("Omega")
    monkeypatch.setattr(publishing, "lineup_xml", lambda _channels: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        lineup.publish()
    assert [lineup.text(feed) for feed in ("/output/m3u", "/output/epg", "/hdhr/lineup.json")] == before
    assert len(folders()) == 1


class CancelAfter(NoProgress):
    def __init__(self, phase: str) -> None:
        self.phase = phase
        self.reached = False

    def report(self, **values: Any) -> None:
        self.reached = self.reached or values.get("phase") == self.phase

    def raise_if_cancelled(self) -> None:
        if self.reached:
            raise Cancelled


@pytest.mark.parametrize("phase", ["writing the guide", "writing playlists", "writing variants in use"])
def test_a_cancel_keeps_what_is_published(lineup: Published, phase: str) -> None:
    rename("Omega")
    with pytest.raises(Cancelled):
        publishing.publish_lineup(progress=CancelAfter(phase))
    assert "Alpha" in lineup.text("/output/m3u")
    assert "Alpha" in lineup.text("/output/epg")
    assert len(folders()) == 1


KILLED = """
import os, sys, time
sys.path.insert(0, {root!r})
os.environ["DJANGO_SETTINGS_MODULE"] = "ecm_site.settings"
os.environ["CONFIG_DIR"] = {config!r}
import django
django.setup()
from channels_app.publishing import generation as store
with store.building() as folder:
    (folder / "lineup.m3u").write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""


@pytest.mark.processes
def test_a_kill_in_the_middle_keeps_what_is_published_and_the_next_publish_clears_up(lineup: Published, settings: Any) -> None:
    config = store.root().parent / "killed"
    (config).mkdir()
    (config / "published").symlink_to(store.root())
    script = KILLED.format(root=str(settings.BASE_DIR), config=str(config))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert any(name.startswith(".building-") for name in folders())
    assert "Alpha" in lineup.text("/output/m3u")
    rename("Omega")
    lineup.publish()
    assert "Omega" in lineup.text("/output/m3u")
    assert not any(name.startswith(".building-") for name in folders())


def test_playlist_and_guide_change_together(lineup: Published) -> None:
    """Readers never see a playlist of one state beside a guide of another, whenever they look."""
    made = current_generation()
    rename("Omega")
    lineup.publish()
    assert "Omega" in (current_generation().folder / store.PLAYLIST).read_text()
    assert "Alpha" in (made.folder / store.PLAYLIST).read_text()  # whoever began with the old state can finish


def test_only_the_last_two_generations_are_kept(lineup: Published) -> None:
    for _ in range(3):
        lineup.publish()
    assert len(folders()) == 2


def test_files_are_for_their_owner_alone(lineup: Published) -> None:
    assert current_generation().folder.stat().st_mode & 0o077 == 0


def test_a_download_that_began_before_a_publish_ends_whole(lineup: Published) -> None:
    answer = lineup.get("/output/epg")
    pieces = iter(answer.streaming_content)
    first = next(pieces)
    for _ in range(3):
        lineup.publish()
    assert (first + b"".join(pieces)).endswith(b"</tv>\n")


def test_a_generation_cleared_away_under_a_request_is_replaced_by_the_current_one(
    lineup: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = current_generation()
    rename("Omega")
    lineup.publish()
    lineup.publish()
    shutil.rmtree(old.folder, ignore_errors=True)
    answers = iter([old])
    from channels_app.publishing.views import feeds

    monkeypatch.setattr(feeds, "current_generation", lambda: next(answers, None) or current_generation())
    assert "Omega" in lineup.text("/output/m3u")


# --- variants ---------------------------------------------------------------------------------------------------------
NUMBERS = "/output/epg?tvg_id_source=channel_number"


def test_a_variant_is_built_once(lineup: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []
    build = variants._build
    monkeypatch.setattr(variants, "_build", lambda *values: (built.append(values[2]), build(*values)))
    first = lineup.text(NUMBERS)
    assert lineup.text(NUMBERS) == first
    assert built == ["guide"]


@pytest.mark.django_db(transaction=True)
def test_many_who_ask_at_once_cause_one_build(lineup: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []
    build = variants._build

    def slowly(*values: Any) -> None:
        built.append(values[2])
        time.sleep(0.5)
        build(*values)

    monkeypatch.setattr(variants, "_build", slowly)
    monkeypatch.setattr(variants, "_waiting", threading.BoundedSemaphore(10))
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(Client().get(NUMBERS).status_code)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 6
    assert built == ["guide"]


def test_too_many_waiting_requests_are_told_to_come_back(lineup: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    full = threading.BoundedSemaphore(1)
    full.acquire()
    monkeypatch.setattr(variants, "_waiting", full)
    answer = lineup.get(NUMBERS)
    assert (answer.status_code, answer["Retry-After"]) == (503, "15")
    assert lineup.get("/output/epg").status_code == 200  # what is ready needs no builder


def test_a_builder_that_takes_too_long_is_not_waited_for(lineup: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    monkeypatch.setattr(variants, "WAIT_SECONDS", 0.2)
    with (store.root() / ".variant.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert lineup.get(NUMBERS).status_code == 503
    assert lineup.get(NUMBERS).status_code == 200


def test_variants_are_bounded_and_the_least_used_goes(lineup: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variants, "KEPT", {"guide": 3, "playlist": 3})
    for days in range(1, 6):
        lineup.text(f"/output/epg?days={days}")
        lineup.text("/output/epg?days=1")
        time.sleep(0.02)
    folder = current_generation().variants_folder
    kept = [json.loads(path.read_text())["options"]["days"] for path in folder.glob("*.json")]
    assert sorted(kept) == [1, 4, 5]
    assert len(list(folder.glob("*.xml.gz"))) == 3


def test_variants_in_use_are_ready_when_the_next_generation_goes_live(
    lineup: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    lineup.text(NUMBERS)
    lineup.text("/output/epg?days=9")
    forgotten = next(
        path
        for path in current_generation().variants_folder.glob("*.json")
        if json.loads(path.read_text())["options"]["days"] == 9
    )
    os.utime(forgotten, (1, 1))  # nobody fetched it for long
    rename("Omega")
    assert lineup.publish().variants == 1
    monkeypatch.setattr(variants, "_build", lambda *_values: pytest.fail("must be ready"))
    assert "Omega" in lineup.text(NUMBERS)


def test_a_variant_of_a_vanished_group_is_dropped_quietly(lineup: Published) -> None:
    lineup.text("/output/m3u?group=Default")
    Channel.objects.all().delete()
    assert lineup.publish().variants == 0
    assert lineup.get("/output/m3u?group=Default").status_code == 400


def test_the_same_options_are_the_same_variant() -> None:
    assert variants._key("guide", OutputOptions("tvg_id", ("A",))) == variants._key("guide", OutputOptions("tvg_id", ("A",)))
    assert variants._key("guide", OutputOptions("tvg_id", ("A",))) != variants._key("guide", OutputOptions("tvg_id", ("B",)))


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"name": "generation-1"}'])
def test_a_pointer_of_another_version_means_publish_again(lineup: Published, content: str) -> None:
    (store.root() / store.POINTER).write_text(content)
    assert lineup.get("/output/m3u").status_code == 503
    assert RunRequest.objects.filter(task_id="publish_lineup").exists()
    lineup.publish()
    assert lineup.get("/output/m3u").status_code == 200


def test_files_that_somebody_deleted_are_made_again(lineup: Published) -> None:
    shutil.rmtree(current_generation().folder)
    assert lineup.get("/output/m3u").status_code == 503
    assert RunRequest.objects.filter(task_id="publish_lineup").exists()
