"""A real server on the loopback address that hands out guides."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class GuideServer:
    """``body``, ``status`` and ``headers`` are what the next request gets; ``requests`` what came in."""

    def __init__(self) -> None:
        self.body = b""
        self.status = 200
        self.headers: dict[str, str] = {}
        self.requests: list[dict[str, str]] = []
        self.pause = 0.0  # seconds after each 64 KB
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests.append({"path": self.path, **{key.lower(): value for key, value in self.headers.items()}})
                if server.headers.get("ETag") and self.headers.get("If-None-Match") == server.headers["ETag"]:
                    self.send_response(304)
                    self.end_headers()
                    return
                self.send_response(server.status)
                for key, value in server.headers.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(server.body)))
                self.end_headers()
                for begin in range(0, len(server.body), 65_536):
                    try:
                        self.wfile.write(server.body[begin : begin + 65_536])
                    except OSError:
                        return  # the client hung up
                    time.sleep(server.pause)

            def log_message(self, format: str, *args: object) -> None:
                return

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/guide.xml"

    @property
    def asked(self) -> int:
        return len(self.requests)


@contextmanager
def guide_server() -> Iterator[GuideServer]:
    server = GuideServer()
    thread = threading.Thread(target=server._http.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server._http.shutdown()
        server._http.server_close()
        thread.join()
