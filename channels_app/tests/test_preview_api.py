"""GET /api/stream-preview/{id} and /api/channel-preview/{id} (10 §19, §25 row 110)."""

import gc
import json
import logging
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from channels_app.drafts.lives import open_draft
from channels_app.drafts.switching import working_in
from channels_app.drafts.tables import FIRST_TEMPORARY_ID
from channels_app.preview import ffmpeg, slots
from channels_app.tests.lineup_fixtures import make_channel
from channels_app.tests.preview_fixtures import Provider, eventually, make_stream
from ecm_site.conf import save_settings
from m3u_app.models import Account

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CONFIG_DIR = tmp_path
    cache.clear()  # it remembers the hosts of sources
    monkeypatch.setattr(slots, "_PATIENCE_SECONDS", 0.2)


def tracks(data: bytes) -> list[str]:
    """What ffprobe finds in ``data``."""
    words = ["ffprobe", "-v", "error", "-f", "mpegts", "-show_entries", "stream=codec_name,channels", "-of", "json", "-"]
    found = subprocess.run(words, input=data, capture_output=True, check=True, timeout=30).stdout
    return [stream["codec_name"] for stream in json.loads(found)["streams"]]


def played(client: Client, stream: Any, mode: str = "", kind: str = "stream") -> tuple[Any, bytes]:
    answer: Any = client.get(f"/api/{kind}-preview/{stream.pk}", {"mode": mode} if mode else {})
    assert answer.status_code == 200, answer.content
    return answer, b"".join(answer.streaming_content)  # Django's client closes the answer at its end


def detail(answer: Any) -> str:
    return str(answer.json()["detail"])


def test_passthrough_relays_the_bytes_as_they_are(
    admin_client: Client,
    provider: Provider,
    account: Account,
    made_streams: Path,
) -> None:
    stream = make_stream(account, "CNN", provider.url("/aac.ts"), extras={"headers": {"Referer": "http://acme.example/"}})
    answer, data = played(admin_client, stream)
    assert data == (made_streams / "aac.ts").read_bytes()
    assert answer["Content-Type"] == "video/mp2t"
    assert answer["Cache-Control"] == "no-store"
    assert (answer["X-Preview-Mode"], answer["X-Preview-Video"], answer["X-Preview-Audio"]) == ("passthrough", "h264", "aac")
    headers = provider.requests[0][1]
    assert (headers["User-Agent"], headers["Referer"]) == ("Box/1.0", "http://acme.example/")
    assert slots.open_previews() == []


@pytest.mark.parametrize(
    ("file", "mode", "expected"),
    [
        ("ac3.ts", "passthrough", ["h264", "ac3"]),
        ("ac3.ts", "transcode", ["h264", "aac"]),
        ("ac3.ts", "video_only", ["h264"]),
        ("hls/index.m3u8", "passthrough", ["h264", "aac"]),
        ("hls/index.m3u8", "transcode", ["h264", "aac"]),
        ("fmp4/index.m3u8", "passthrough", ["h264", "aac"]),
        ("secret/index.m3u8", "passthrough", ["h264", "aac"]),
        ("master.m3u8", "passthrough", ["h264", "aac"]),
        ("master.m3u8", "video_only", ["h264"]),
    ],
)
def test_every_source_comes_out_as_mpeg_ts(
    admin_client: Client,
    provider: Provider,
    account: Account,
    file: str,
    mode: str,
    expected: list[str],
) -> None:
    answer, data = played(admin_client, make_stream(account, "CNN", provider.url(f"/{file}")), mode)
    assert data[0] == 0x47
    assert tracks(data) == expected
    assert [answer["X-Preview-Video"], *filter(None, [answer["X-Preview-Audio"]])] == expected
    assert not any("nowhere" in path for path in provider.asked())


@pytest.mark.parametrize("codec", ["ac3", "eac3", "dts"])
def test_the_sound_is_named(admin_client: Client, provider: Provider, account: Account, codec: str) -> None:
    answer, _data = played(admin_client, make_stream(account, "CNN", provider.url(f"/{codec}.ts")))
    assert answer["X-Preview-Audio"] == codec


def test_encrypted_segments_are_the_plain_ones(
    admin_client: Client,
    provider: Provider,
    account: Account,
) -> None:
    plain = played(admin_client, make_stream(account, "A", provider.url("/hls/index.m3u8")))[1]
    assert played(admin_client, make_stream(account, "B", provider.url("/secret/index.m3u8")))[1] == plain


def test_a_playlist_of_one_leads_to_the_stream(
    admin_client: Client,
    provider: Provider,
    account: Account,
    made_streams: Path,
) -> None:
    provider.answers["/one.m3u"] = (200, {}, b"#EXTM3U\n#EXTINF:-1,CNN\n/aac.ts\n")
    assert (
        played(admin_client, make_stream(account, "CNN", provider.url("/one.m3u")))[1] == (made_streams / "aac.ts").read_bytes()
    )


def test_row_110_what_cannot_be_previewed(admin_client: Client, account: Account) -> None:
    stream = make_stream(account, "CNN", "http://127.0.0.1:9/x.ts")
    assert admin_client.get(f"/api/stream-preview/{stream.pk}?mode=x").status_code == 400
    assert admin_client.get("/api/stream-preview/999999").status_code == 404
    assert admin_client.get("/api/channel-preview/999999").status_code == 404
    assert admin_client.get(f"/api/stream-preview/{make_stream(account, 'No address', '').pk}").status_code == 404
    assert admin_client.get(f"/api/channel-preview/{make_channel('Empty').pk}").status_code == 404
    assert "VLC" in detail(admin_client.get(f"/api/stream-preview/{make_stream(account, 'U', 'udp://239.0.0.1:1234').pk}"))
    assert admin_client.post(f"/api/stream-preview/{stream.pk}").status_code == 405
    assert Client().get(f"/api/stream-preview/{stream.pk}").status_code == 401
    assert slots.open_previews() == []


def test_without_ffmpeg_only_what_needs_it_fails(
    admin_client: Client,
    provider: Provider,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    stream = make_stream(account, "CNN", provider.url("/aac.ts"))
    answer = admin_client.get(f"/api/stream-preview/{stream.pk}?mode=transcode")
    assert answer.status_code == 500
    assert "apt-get install ffmpeg" in detail(answer)
    assert provider.requests == []
    played(admin_client, stream, "passthrough")


BODIES = {
    "/gone": (404, {}, b"<h1>Not here</h1>"),
    "/refused": (403, {}, b'{"error": "expired"}'),
    "/web": (200, {"Content-Type": "video/mp2t"}, b"<!doctype html><title>Login</title><p>Please sign in</p>"),
    "/json": (200, {"Content-Type": "video/mp2t"}, b'{"message": "too many connections"}'),
    "/text": (200, {}, b"Your account has expired. Call us."),
    "/nothing": (200, {}, b""),
    "/noise": (200, {}, bytes(range(7, 250)) * 40),
    "/dash": (200, {}, b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>'),
    "/drm": (200, {}, b'#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://x"\n#EXTINF:4,\na.ts\n'),
    "/empty-hls": (200, {}, b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-ENDLIST\n"),
    "/many": (200, {}, b"#EXTM3U\n#EXTINF:-1,A\nhttp://a/\n#EXTINF:-1,B\nhttp://b/\n"),
    "/loop": (200, {}, b"#EXTM3U\n#EXTINF:-1,A\n/loop\n"),
    "/away": (302, {"Location": "file:///etc/passwd"}, b""),
}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/gone", "404"),
        ("/refused", "403"),
        ("/web", "web page"),
        ("/json", "too many connections"),
        ("/text", "Your account has expired"),
        ("/nothing", "sent nothing"),
        ("/noise", "no form that the preview knows"),
        ("/dash", "MPEG-DASH"),
        ("/drm", "copy-protected"),
        ("/empty-hls", "off the air"),
        ("/many", "2 entries"),
        ("/loop", "playlist of playlists"),
        ("/away", "only http and https"),
    ],
)
@pytest.mark.parametrize("mode", ["passthrough", "transcode"])
def test_what_is_no_video_is_an_error_and_never_streamed(
    admin_client: Client,
    provider: Provider,
    account: Account,
    path: str,
    words: str,
    mode: str,
) -> None:
    provider.answers.update(BODIES)
    answer = admin_client.get(f"/api/stream-preview/{make_stream(account, 'CNN', provider.url(path)).pk}?mode={mode}")
    assert answer.status_code == 502
    assert words in detail(answer)
    assert slots.open_previews() == []


def test_damaged_video_tells_what_ffmpeg_said(
    admin_client: Client,
    provider: Provider,
    account: Account,
    made_streams: Path,
) -> None:
    provider.answers["/broken.mp4"] = (200, {}, b"\0\0\0\x18ftypisom" + b"\0" * 4000)
    answer = admin_client.get(f"/api/stream-preview/{make_stream(account, 'CNN', provider.url('/broken.mp4')).pk}")
    assert answer.status_code == 502
    assert "ffmpeg could not read this stream. It said:" in detail(answer)


# --- where it may lead (DESIGN §7) ---------------------------------------------------------------------------------------
def test_a_providers_stream_leads_into_the_local_network_only_to_a_named_source(
    admin_client: Client,
    provider: Provider,
    db: None,
) -> None:
    public = Account.objects.create(name="Public", server_url="http://acme.example/list.m3u")
    stream = make_stream(public, "CNN", provider.url("/aac.ts"))
    answer = admin_client.get(f"/api/stream-preview/{stream.pk}")
    assert answer.status_code == 502
    assert "inside the local network" in detail(answer)
    assert "Follow redirects into the local network" in detail(answer)
    assert provider.requests == []
    Account.objects.filter(pk=public.pk).update(allow_private_addresses=True)
    played(admin_client, stream)
    played(admin_client, make_stream(None, "Typed by hand", provider.url("/aac.ts"), is_custom=True))


@pytest.mark.parametrize("target", ["http://169.254.169.254/latest/meta-data", "http://10.255.0.9/a.ts", "file:///etc/passwd"])
@pytest.mark.parametrize(
    "line", ["#EXTINF:4,\n{}", '#EXT-X-MAP:URI="{}"\n#EXTINF:4,\na.ts', '#EXT-X-KEY:METHOD=AES-128,URI="{}"\n#EXTINF:4,\na.ts']
)
def test_a_hostile_playlist_leads_nowhere(
    admin_client: Client,
    provider: Provider,
    account: Account,
    target: str,
    line: str,
) -> None:
    text = f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n{line.format(target)}\n#EXT-X-ENDLIST\n"
    provider.answers["/evil.m3u8"] = (200, {}, text.encode())
    answer = admin_client.get(
        f"/api/stream-preview/{make_stream(account, 'CNN', provider.url('/evil.m3u8')).pk}?mode=transcode"
    )
    assert answer.status_code == 502
    assert "root:" not in detail(answer)


def test_secrets_are_for_the_sources_own_server_only(
    admin_client: Client,
    provider: Provider,
    account: Account,
    made_streams: Path,
) -> None:
    other = Provider(made_streams)
    try:
        text = f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:1,\n{other.url('/aac.ts')}\n#EXT-X-ENDLIST\n"
        provider.answers["/list.m3u8"] = (200, {}, text.encode())
        url = provider.url("/list.m3u8").replace("http://", "http://user:secret@")
        headers = {"Cookie": "session=secret", "X-Token": "secret", "User-Agent": "Told/2"}
        played(admin_client, make_stream(account, "CNN", url, extras={"headers": headers}))
        assert "secret" in provider.requests[0][1]["Cookie"]
        assert provider.requests[0][1]["Authorization"].startswith("Basic ")
        away = other.requests[0][1]
        assert away["User-Agent"] == "Told/2"
        assert not {"Cookie", "X-Token", "Authorization"} & set(away)
    finally:
        other.close()


def test_ffmpeg_is_given_pipes_and_limits() -> None:
    words = " ".join(ffmpeg.command("ffmpeg", "transcode", [7, 9]))
    assert words.count("-protocol_whitelist pipe ") == 2
    assert "-analyzeduration 2000000 -probesize 2097152 -i pipe:7" in words
    assert "-map 1:a:0? -c:v copy -c:a aac -b:a 192k -ac 2" in words
    assert "http" not in words
    assert "hls" not in words


def test_no_address_is_logged(
    admin_client: Client,
    provider: Provider,
    account: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG):
        played(admin_client, make_stream(account, "CNN", provider.url("/aac.ts?password=hunter2")))
    lines = [record.getMessage() for record in caplog.records if "[PREVIEW]" in record.getMessage()]
    assert [line.split()[1] for line in lines] == ["Started", "Ended"]
    assert "hunter2" not in caplog.text


# --- channels --------------------------------------------------------------------------------------------------------------
def test_a_channel_plays_its_best_stream(admin_client: Client, provider: Provider, account: Account) -> None:
    stale = make_stream(account, "Stale", provider.url("/hls/index.m3u8"), is_stale=True)
    best = make_stream(account, "Best", provider.url("/aac.ts"))
    channel = make_channel("CNN", "1", streams=[stale, best], is_hidden=True)
    played(admin_client, channel, kind="channel")
    assert provider.asked() == ["/aac.ts"]
    Account.objects.filter(pk=account.pk).update(is_active=False)
    assert "switched off" in detail(admin_client.get(f"/api/channel-preview/{channel.pk}"))


@pytest.mark.django_db(transaction=True)
def test_a_channel_of_a_draft_is_looked_at_before_it_is_applied(
    admin_client: Client, admin_user: User, provider: Provider, account: Account, settings: Any
) -> None:
    first, second = (make_stream(account, name, provider.url(f"/{name}.ts")) for name in ("aac", "ac3"))
    channel = make_channel("CNN", "1", streams=[first, second])
    draft = open_draft(admin_user)
    assert admin_client.post(f"/channels/{channel.pk}/streams/remove/", {"stream": first.pk}).status_code in (204, 302)
    with working_in(draft):
        made = make_channel("New", "2", streams=[first])
    assert made.pk >= FIRST_TEMPORARY_ID
    played(admin_client, channel, kind="channel")
    played(admin_client, made, kind="channel")
    assert provider.asked() == ["/ac3.ts", "/aac.ts"]
    assert first.url in admin_client.get(f"/channels/{made.pk}/m3u/").content.decode()  # its own address opens nothing yet


# --- how many at once, and the end -------------------------------------------------------------------------------------------
def opened(client: Client, stream: Any, mode: str = "passthrough") -> Any:
    answer: Any = client.get(f"/api/stream-preview/{stream.pk}?mode={mode}")
    assert answer.status_code == 200, answer.content
    next(iter(answer.streaming_content))
    return answer


def hang_up(answer: Any) -> None:
    answer._iterator.close()  # as Django's client does; close() alone would take the database along


def test_caps_in_words(admin_client: Client, provider: Provider, account: Account) -> None:
    save_settings(preview_limit=2, preview_limit_per_user=1)
    stream = make_stream(account, "CNN", provider.url("/live/aac.ts"))
    first = opened(admin_client, stream)
    again = admin_client.get(f"/api/stream-preview/{stream.pk}")
    assert again.status_code == 429
    assert "You have 1 preview open" in detail(again)
    assert "“CNN”" in detail(again)
    others = []
    for name in ("bob", "carol"):
        client = Client()
        client.force_login(User.objects.create_user(name))
        others.append(client)
    second = opened(others[0], stream)
    full = others[1].get(f"/api/stream-preview/{stream.pk}")
    assert full.status_code == 503
    assert "2 previews are open" in detail(full)
    assert "bob: “CNN”" in detail(full)
    hang_up(first)
    hang_up(opened(others[1], stream))
    hang_up(second)
    assert slots.open_previews() == []
    eventually(lambda: provider.open_now == 0, "the provider's connections ending")


def test_threads_of_the_web_server_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    save_settings(preview_limit=30)
    assert slots.most_at_once() == 6
    monkeypatch.setenv("ECM_WEB_THREADS", "2")
    assert slots.most_at_once() == 1


@pytest.mark.parametrize("mode", ["passthrough", "transcode", "video_only"])
def test_closing_ends_ffmpeg_the_fetch_and_the_threads(
    admin_client: Client,
    provider: Provider,
    account: Account,
    mode: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def remembered(*arguments: Any, **options: Any) -> Any:
        started.append(real(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", remembered)
    answer = opened(admin_client, make_stream(account, "CNN", provider.url("/live/aac.ts")), mode)
    assert len(started) == (0 if mode == "passthrough" else 1)
    hang_up(answer)
    assert [process.returncode for process in started] == [-9] * len(started)  # waited for: no zombie
    assert not [thread for thread in threading.enumerate() if thread.name == "preview-feed"]
    gc.collect()
    eventually(lambda: provider.open_now == 0, "the provider's connection ending")
