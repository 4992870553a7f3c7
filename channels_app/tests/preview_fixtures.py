"""A provider on loopback whose streams ffmpeg really made: H.264 with AAC, with AC-3, as HLS, encrypted, broken, hostile."""

import hashlib
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from m3u_app.models import Account, Stream

KEY = bytes(range(16))
PATTERN = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p")


def _make(folder: Path, name: str, *arguments: str, seconds: str = "4") -> None:
    words = ["ffmpeg", "-nostdin", "-loglevel", "error", *PATTERN, "-t", seconds, *arguments, str(folder / name)]
    subprocess.run(words, check=True, timeout=60, cwd=folder)


@pytest.fixture(scope="session")
def made_streams(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("ffmpeg") is None:
        pytest.fail("ffmpeg is missing: apt-get install ffmpeg")
    folder = tmp_path_factory.mktemp("streams")
    _make(folder, "aac.ts", *H264, "-c:a", "aac", "-ac", "2")
    copied = ("-c", "copy")
    for name, sound in (("ac3.ts", "ac3"), ("eac3.ts", "eac3"), ("dts.ts", "dca")):
        words = [
            "ffmpeg",
            "-nostdin",
            "-loglevel",
            "error",
            "-i",
            "aac.ts",
            "-c:v",
            "copy",
            "-c:a",
            sound,
            "-strict",
            "-2",
            name,
        ]
        subprocess.run(words, check=True, timeout=60, cwd=folder)
    for name, options in (
        ("hls/index.m3u8", ("-hls_time", "1", "-hls_playlist_type", "vod")),
        (
            "fmp4/index.m3u8",
            ("-hls_time", "1", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4", "-bsf:a", "aac_adtstoasc"),
        ),
    ):
        (folder / name).parent.mkdir()
        words = ["ffmpeg", "-nostdin", "-loglevel", "error", "-i", "../aac.ts", *copied, *options, "index.m3u8"]
        subprocess.run(words, check=True, timeout=60, cwd=(folder / name).parent)
    for name, track in (("picture", "v"), ("sound", "a")):
        (folder / name).mkdir()
        words = ["ffmpeg", "-nostdin", "-loglevel", "error", "-i", "../aac.ts", "-map", f"0:{track}", *copied]
        words += ["-hls_time", "1", "-hls_playlist_type", "vod", "index.m3u8"]
        subprocess.run(words, check=True, timeout=60, cwd=folder / name)
    (folder / "master.m3u8").write_text(
        "#EXTM3U\n"
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="English",DEFAULT=YES,URI="sound/index.m3u8"\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=9000000,RESOLUTION=3840x2160,AUDIO="a"\nnowhere/4k.m3u8\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=320x180,AUDIO="a"\npicture/index.m3u8\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=100000,RESOLUTION=160x90,AUDIO="a"\nnowhere/small.m3u8\n'
    )
    _encrypt(folder)
    return folder


def _encrypt(folder: Path) -> None:
    target = folder / "secret"
    target.mkdir()
    (target / "key.bin").write_bytes(KEY)
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:2", "#EXT-X-MEDIA-SEQUENCE:7", '#EXT-X-KEY:METHOD=AES-128,URI="key.bin"']
    for number, segment in enumerate(sorted((folder / "hls").glob("*.ts")), 7):
        data = segment.read_bytes()
        padding = 16 - len(data) % 16
        cipher = Cipher(algorithms.AES(KEY), modes.CBC(number.to_bytes(16, "big"))).encryptor()
        (target / segment.name).write_bytes(cipher.update(data + bytes([padding]) * padding) + cipher.finalize())
        lines += ["#EXTINF:1.0,", segment.name]
    (target / "index.m3u8").write_text("\n".join([*lines, "#EXT-X-ENDLIST", ""]))


class Provider:
    """``url("/aac.ts")`` is a file; ``/live/aac.ts`` the same again and again without end. ``requests``: (path, headers)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.open_now = 0
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                provider.answer(self)

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.stopping = threading.Event()
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def asked(self) -> list[str]:
        return [path for path, _headers in self.requests]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.partition("?")[0]
        self.requests.append((handler.path, dict(handler.headers.items())))
        self.open_now += 1
        try:
            if path in self.answers:
                status, headers, body = self.answers[path]
                self._begin(handler, status, {"Content-Length": str(len(body)), **headers})
                handler.wfile.write(body)
            elif path == "/silent":
                self._begin(handler, 200, {"Connection": "close"})
                handler.wfile.write((self.folder / "aac.ts").read_bytes()[:40_000])
                handler.connection.setblocking(False)
                while not self.stopping.wait(0.1) and not self._hung_up(handler):
                    pass
                handler.close_connection = True
            elif path.startswith("/live/"):
                self._live(handler, (self.folder / path.removeprefix("/live/")).read_bytes())
            else:
                self._file(handler, self.folder / path.lstrip("/"))
        except (BrokenPipeError, ConnectionResetError):
            handler.close_connection = True
        finally:
            self.open_now -= 1

    def _hung_up(self, handler: BaseHTTPRequestHandler) -> bool:
        try:
            return not handler.connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except ConnectionError:
            return True

    def _live(self, handler: BaseHTTPRequestHandler, data: bytes) -> None:
        self._begin(handler, 200, {"Connection": "close", "Content-Type": "text/html"})  # providers lie about types
        handler.close_connection = True
        while not self.stopping.is_set():
            for place in range(0, len(data), 18_800):
                handler.wfile.write(data[place : place + 18_800])
                if self.stopping.wait(0.02):
                    return

    def _file(self, handler: BaseHTTPRequestHandler, path: Path) -> None:
        if not path.is_file():
            self._begin(handler, 404, {"Content-Length": "0"})
            return
        data = path.read_bytes()
        self._begin(handler, 200, {"Content-Length": str(len(data))})
        handler.wfile.write(data)

    def _begin(self, handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str]) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()

    def close(self) -> None:
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def provider(made_streams: Path) -> Iterator[Provider]:
    running = Provider(made_streams)
    yield running
    running.close()


@pytest.fixture
def account(provider: Provider, db: None) -> Account:
    """The provider as an operator entered it, so that its address inside the local network may be asked."""
    return Account.objects.create(name="Acme", server_url=provider.url("/list.m3u"), user_agent="Box/1.0")


def make_stream(account: Account | None, name: str, url: str, **values: Any) -> Stream:
    mark = f"{name}/{url}".encode()
    return Stream.objects.create(account=account, name=name, url=url, stream_hash=hashlib.sha256(mark).digest(), **values)


def eventually(look: Any, what: str, seconds: float = 30.0) -> None:
    ends = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < ends, f"{what} did not happen in {seconds} s"
        time.sleep(0.05)
