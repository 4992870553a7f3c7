"""A server that answers whatever bytes it likes, and whoever likes to know what it was asked."""

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.patience import Backoff

_LENGTH = re.compile(rb"(?i)\r\ncontent-length:\s*(\d+)")

Answer = Callable[[bytes], Iterable[bytes]]
"""What is written to somebody who sent this request (head and body), piece by piece; then the line is dropped."""


class RawServer:
    """Listens on a port of its own. ``requests`` are all that arrived, in order."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[bytes] = []
        self.sent = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._over = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._over.set()
        self._listener.close()

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(10)
            request = self._request(connection)
            if not request:
                return
            self.requests.append(request)
            for piece in self.answer(request):
                if self._over.is_set():
                    return
                connection.sendall(piece)
                self.sent += len(piece)

    def _request(self, connection: socket.socket) -> bytes:
        text = b""
        while b"\r\n\r\n" not in text:
            more = connection.recv(65_536)
            if not more:
                return b""
            text += more
        found = _LENGTH.search(text)
        whole = text.index(b"\r\n\r\n") + 4 + (int(found[1]) if found else 0)
        while len(text) < whole:
            text += connection.recv(65_536)
        return text


def http(body: bytes, *, status: str = "200 OK", headers: str = "", kind: str = "application/json") -> bytes:
    """A whole answer; ``headers`` are lines that end with CRLF."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{headers}\r\n"
    return head.encode("utf-8", "surrogateescape") + body


@contextmanager
def raw_server(answer: Answer | bytes) -> Iterator[RawServer]:
    """A server that always gives ``answer``."""
    server = RawServer((lambda _request: [answer]) if isinstance(answer, bytes) else answer)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def asking(answer: Answer | bytes, *, attempts: int = 1) -> Iterator[Dispatcharr]:
    """A client, without credentials, of such a server."""
    with raw_server(answer) as server:
        client = Dispatcharr(server.url, backoff=Backoff(attempts=attempts), sleep=lambda _seconds: None)
        try:
            yield client
        finally:
            client.close()
