"""M3U files of one entry, the way to VLC and its scripts, the dialogs as pages (10 §19, §25 row 111)."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from channels_app.models import Channel
from channels_app.preview.external import SCRIPTS, m3u_file_name, m3u_text
from channels_app.tests.lineup_fixtures import make_channel, make_streams
from ecm_site.conf import get_settings, save_settings


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Path) -> None:
    settings.CONFIG_DIR = tmp_path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Fox & Friends", "Fox___Friends.m3u"),
        ("Čé/../\r\nX", "________X.m3u"),
        ("", "stream.m3u"),
        ("a" * 5000, "a" * 100 + ".m3u"),
        ('x"; filename="evil.exe', "x___filename__evil_exe.m3u"),
    ],
)
def test_row_111_file_names(name: str, expected: str) -> None:
    assert m3u_file_name(name) == expected


def test_nothing_adds_lines_to_an_m3u_file() -> None:
    text = m3u_text("A\r\n#EXTINF:-1,B\u2028C\nhttp://evil/", "http://a/\r\nhttp://evil/\n")
    assert text.splitlines() == ["#EXTM3U", "#EXTINF:-1,A #EXTINF:-1,B C http://evil/", "http://a/http://evil/"]


@pytest.mark.django_db
class TestAddresses:
    def test_a_stream(self, admin_client: Client) -> None:
        stream = make_streams(["Fox & Friends"])[0]
        answer = admin_client.get(f"/channels/streams/{stream.pk}/m3u/")
        assert answer["Content-Disposition"] == 'attachment; filename="Fox___Friends.m3u"'
        assert answer["Content-Type"].startswith("audio/x-mpegurl")
        assert answer.content.decode() == f"#EXTM3U\n#EXTINF:-1,Fox & Friends\n{stream.url}\n"

    def test_a_channel_is_opened_where_players_open_it(self, admin_client: Client) -> None:
        streams = make_streams(["CNN"])
        channel = make_channel("CNN", "1", streams=streams)
        own = f"http://testserver/stream/{channel.uuid}"
        assert own in admin_client.get(f"/channels/{channel.pk}/m3u/").content.decode()
        Channel.objects.update(is_hidden=True)  # players would get a 404
        assert streams[0].url in admin_client.get(f"/channels/{channel.pk}/m3u/").content.decode()

    def test_scripts_get_the_address_and_what_to_do(self, admin_client: Client) -> None:
        stream = make_streams(["CNN"])[0]
        save_settings(vlc_open_behavior="m3u_only")
        answer = admin_client.get(f"/channels/streams/{stream.pk}/vlc/", headers={"Accept": "text/plain"})
        assert (answer.content.decode(), answer["X-VLC-Behavior"]) == (stream.url, "m3u_only")
        page = admin_client.get(f"/channels/streams/{stream.pk}/vlc/").content.decode()
        for script in SCRIPTS:
            assert f"/channels/vlc/{script.system}/" in page
        assert stream.url not in page

    def test_the_dialog_as_a_page(self, admin_client: Client) -> None:
        stream = make_streams(["<b>CNN</b>"], tvg_id="cnn.us")[0]
        page = admin_client.get(f"/channels/streams/{stream.pk}/preview/").content.decode()
        assert "&lt;b&gt;CNN&lt;/b&gt;" in page
        for text in (
            "UK",
            "cnn.us",
            "Acme",
            "vendor/mpegts",
            f"/api/stream-preview/{stream.pk}",
            'value="passthrough" selected',
        ):
            assert text in page
        assert "secret" not in page  # the provider's login
        channel = make_channel("BBC", "4.1", streams=[stream])
        page = admin_client.get(f"/channels/{channel.pk}/preview/").content.decode()
        assert "<dd>4.1</dd>" in page
        assert "Nothing" not in page
        empty = admin_client.get(f"/channels/{make_channel('E').pk}/preview/")
        assert "It has no stream." in empty.content.decode()

    @pytest.mark.parametrize("what", ["preview", "m3u", "vlc"])
    def test_what_is_gone(self, admin_client: Client, what: str) -> None:
        assert admin_client.get(f"/channels/streams/999999/{what}/").status_code == 404
        assert admin_client.get(f"/channels/999999/{what}/").status_code == 404
        if what != "preview":
            assert admin_client.get(f"/channels/{make_channel('Empty', is_hidden=True).pk}/{what}/").status_code == 404

    def test_scripts_are_downloads(self, admin_client: Client) -> None:
        for script in SCRIPTS:
            answer = admin_client.get(f"/channels/vlc/{script.system}/")
            assert answer["Content-Disposition"] == f'attachment; filename="{script.file_name}"'
            assert (b"\r\n" in answer.content) == (script.system == "windows")
        assert admin_client.get("/channels/vlc/amiga/").status_code == 404

    def test_the_settings(self, admin_client: Client) -> None:
        values = {"stream_preview_mode": "transcode", "preview_limit": "3", "preview_limit_per_user": "1"}
        assert admin_client.post("/settings/players/", values | {"vlc_open_behavior": "m3u_only"}).status_code == 302
        saved = get_settings()
        assert (saved.stream_preview_mode, saved.preview_limit, saved.preview_limit_per_user) == ("transcode", 3, 1)
        assert (
            admin_client.post("/settings/players/", values | {"vlc_open_behavior": "x", "preview_limit": "0"}).status_code
            == 422
        )


@pytest.mark.parametrize(
    "script", [script for script in SCRIPTS if script.system != "windows"], ids=lambda script: script.system
)
def test_shell_scripts_are_well_formed(script: Any) -> None:
    assert subprocess.run(["sh", "-n"], input=script.text().encode(), check=False, timeout=10).returncode == 0


@pytest.mark.parametrize(
    ("address", "opened"),
    [
        ("vlc://http://acme.example/1.ts?a=b&c=d", "http://acme.example/1.ts?a=b&c=d"),
        ("vlc://http//acme.example/1.ts", "http://acme.example/1.ts"),  # what Chromium makes of it
        ("vlc:https://acme.example/x", "https://acme.example/x"),
        ("vlc://file:///etc/passwd", ""),
        ("vlc://--extraintf=http", ""),
        ("vlc://$(touch pwned)", ""),
    ],
)
def test_the_linux_script_opens_web_addresses_and_nothing_else(tmp_path: Path, address: str, opened: str) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("vlc", "xdg-mime"):
        (programs / name).write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{tmp_path}/{name}.said"\n')
        (programs / name).chmod(0o755)
    environment = {"HOME": str(tmp_path), "PATH": f"{programs}:{os.environ['PATH']}"}
    setup = tmp_path / "setup.sh"
    setup.write_text(next(script for script in SCRIPTS if script.system == "linux").text())

    def run(*words: str) -> int:
        return subprocess.run(words, env=environment, cwd=tmp_path, capture_output=True, check=False, timeout=10).returncode

    assert run("sh", str(setup)) == 0
    assert "x-scheme-handler/vlc" in (tmp_path / "xdg-mime.said").read_text()
    program = tmp_path / ".local/bin/ecm-open-in-vlc"
    assert (run(str(program), address) == 0) == bool(opened)
    said = tmp_path / "vlc.said"
    assert (said.read_text().split() if said.exists() else []) == (["--", opened] if opened else [])
    assert not (tmp_path / "pwned").exists()
    assert run("sh", str(setup), "--remove") == 0
    assert not program.exists()
