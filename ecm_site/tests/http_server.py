"""A loopback web server whose answers are written by the test, byte by byte if need be."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Answer = Callable[["Call"], None]


@dataclass
class Call:
    """One request as the server saw it."""

    path: str
    headers: dict[str, str]
    connection: socket.socket

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def answer(self, body: bytes = b"", status: str = "200 OK", *, length: int | None = None, **headers: str) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode() + body)


@dataclass
class Server:
    listener: socket.socket
    routes: dict[str, Answer] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def url(self, path: str = "/", host: str = "127.0.0.1", login: str = "") -> str:
        return f"http://{login}{host}:{self.port}{path}"

    def run(self) -> None:
        while not self.closing.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            data = b""
            while b"\r\n\r\n" not in data:
                more = connection.recv(65_536)
                if not more:
                    return
                data += more
                if data[:1] == b"\x16":  # a TLS handshake: answer as a plain web server does
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    return
            first, *lines = data.split(b"\r\n\r\n")[0].decode().split("\r\n")
            path = first.split(" ")[1]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            call = Call(path, headers, connection)
            self.calls.append(call)
            try:
                self.routes[path.partition("?")[0]](call)
            except OSError:
                return  # the client hung up, which is what some tests are about


@contextmanager
def serving(bind: str = "127.0.0.1", /, **routes: Answer) -> Iterator[Server]:
    """Serve ``routes`` at the address ``bind``: ``name=answer`` answers ``/name``."""
    listener = socket.create_server((bind, 0))
    server = Server(listener, {f"/{name}": answer for name, answer in routes.items()})
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
