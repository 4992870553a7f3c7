"""Real servers on the loopback address that play an Xtream panel and an HDHomeRun."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, str, bytes]
Server = TypeVar("Server", bound="FakeServer")


def json_answer(document: Any, status: int = 200) -> Answer:
    return status, "application/json", json.dumps(document).encode()


def text_answer(text: str, status: int = 200, content_type: str = "text/html") -> Answer:
    return status, content_type, text.encode()


class FakeServer:
    """Answers ``respond(path, query)``; remembers every request."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.user_agents: list[str] = []
        self.address = ""

    def respond(self, path: str, query: dict[str, str]) -> Answer:
        return text_answer("nothing here", 404)


@dataclass
class FakePanel(FakeServer):
    username: str = "alice"
    password: str = "s3cret-pass"
    categories: Any = field(default_factory=lambda: [{"category_id": "5", "category_name": "Sports", "parent_id": 0}])
    streams: Any = field(default_factory=list)
    user_info: dict[str, Any] = field(default_factory=dict)
    overrides: dict[str, Answer] = field(default_factory=dict)
    """Answers by action ("login" for the call without one) that replace the ordinary ones."""

    def __post_init__(self) -> None:
        super().__init__()

    def respond(self, path: str, query: dict[str, str]) -> Answer:
        if not path.endswith("/player_api.php"):
            return text_answer("nothing here", 404)
        action = query.get("action", "login")
        if action in self.overrides:
            return self.overrides[action]
        if (query.get("username"), query.get("password")) != (self.username, self.password):
            return json_answer({"user_info": {"auth": 0}})
        if action == "get_live_categories":
            return json_answer(self.categories)
        if action == "get_live_streams":
            return json_answer(self.streams)
        return json_answer(
            {
                "user_info": {
                    "username": self.username,
                    "password": self.password,
                    "auth": 1,
                    "status": "Active",
                    "exp_date": "1735689600",
                    "is_trial": "0",
                    "active_cons": "1",
                    "max_connections": "3",
                    "allowed_output_formats": ["ts", "m3u8"],
                    **self.user_info,
                },
                "server_info": {"url": "panel.test", "port": "80", "timezone": "Europe/London", "server_protocol": "http"},
            }
        )


@dataclass
class FakeTuner(FakeServer):
    device_id: str = "10AB34CD"
    name: str = "HDHomeRun FLEX"
    tuners: int = 4
    lineup: Any = field(default_factory=list)
    lineup_status: Any = field(default_factory=lambda: {"ScanInProgress": 0, "ScanPossible": 1, "Source": "Antenna"})
    overrides: dict[str, Answer] = field(default_factory=dict)
    """Answers by path that replace the ordinary ones."""

    def __post_init__(self) -> None:
        super().__init__()

    def respond(self, path: str, query: dict[str, str]) -> Answer:
        if path in self.overrides:
            return self.overrides[path]
        if path == "/discover.json":
            return json_answer(
                {
                    "FriendlyName": self.name,
                    "ModelNumber": "HDFX-4K",
                    "FirmwareName": "hdhomerun_dvr_atsc3",
                    "FirmwareVersion": "20250815",
                    "DeviceID": self.device_id,
                    "DeviceAuth": "tuner-device-auth-secret",
                    "BaseURL": self.address,
                    "LineupURL": f"{self.address}/lineup.json",
                    "TunerCount": self.tuners,
                }
            )
        if path == "/lineup.json":
            return json_answer(self.lineup)
        if path == "/lineup_status.json":
            return json_answer(self.lineup_status)
        return text_answer("nothing here", 404)


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """Run ``server`` on a free port of 127.0.0.1 and set its ``address``."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            server.requests.append(self.path)
            server.user_agents.append(self.headers.get("User-Agent", ""))
            status, content_type, body = server.respond(parts.path, query)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        server.address = f"http://127.0.0.1:{httpd.server_address[1]}"
        thread = threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            httpd.shutdown()
            thread.join()
