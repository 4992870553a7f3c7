"""HTTP for the fake server: one thread a connection, kept open; faults strike here."""

import email.parser
import email.policy
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.fake_dispatcharr import routing
from tests.fake_dispatcharr.auth import Auth, need, stale_token, unauthorized
from tests.fake_dispatcharr.faults import Fault, Faults, Kind
from tests.fake_dispatcharr.replies import ERROR_PAGE, Crash, Refusal, Reply, Request
from tests.fake_dispatcharr.routes import accounts, channels, guide, lineup, streams, system
from tests.fake_dispatcharr.world import ADMIN, ADMIN_PASSWORD, World

HANDLERS = (accounts, channels, guide, lineup, streams, system)  # importing them fills routing.ROUTES
UI_PAGE = '<!doctype html>\n<html><head><title>Dispatcharr</title></head><body><div id="root"></div></body></html>\n'
READS_BY_POST = ("/by-ids/", "/by-uuids/", "/current-programs/", "/token/", "/token/refresh/", "/auth/login/")


@dataclass(frozen=True)
class Call:
    """One request as it arrived."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any


class FakeServer:
    """A server on a port of its own. ``calls`` are all requests that arrived, in order."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.faults = Faults()
        self.auth = Auth(world)
        self.calls: list[Call] = []
        self.connections = 0
        self.refuses = False
        """Whether all writes are refused, with an answer that repeats what was sent."""
        self.tamper: Callable[[Request, Any], Any] | None = None
        """What to tell instead of the answer (request, its JSON), for a server that has been taken over."""
        world.full_disk = lambda: self.faults.full_disk
        self._open: set[socket.socket] = set()
        self._http: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def user(self) -> str:
        return ADMIN

    @property
    def password(self) -> str:
        return ADMIN_PASSWORD

    @property
    def api_key(self) -> str:
        return str(self.world.tables["users"][1]["api_key"])

    def start(self) -> None:
        """Listen, on the same port as before."""
        handler = type("Handler", (_Handler,), {"fake": self})
        self._http = _Listener(("127.0.0.1", self.port), handler)
        self.port = int(self._http.server_address[1])
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and hang up on everybody, as a killed process does; work under way is lost, rows stay."""
        if self._http is None or self._thread is None:
            return
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
        for connection in list(self._open):
            _reset(connection)
        with self.world.lock:
            self.world.lose_jobs()
        self._http = None

    def restart(self, *, down: float = 0.0) -> None:
        """Stop, stay away for ``down`` seconds, come back."""
        self.stop()
        time.sleep(down)
        self.start()

    def reinstall(self) -> None:
        """All tokens become invalid, as with a new secret key."""
        self.auth.secret += "x"

    def install_anew(self, world: World) -> None:
        """Another installation answers at this address from now on: other rows, made at other moments, under the same ids."""
        self.world = world
        self.auth = Auth(world)
        world.full_disk = lambda: self.faults.full_disk

    def count(self, method: str = "", path: str = "") -> int:
        """How many requests arrived whose path ends with ``path``."""
        return sum(1 for call in self.calls if (not method or call.method == method) and call.path.endswith(path))

    def handle(self, request: Request, fault: Fault | None) -> Reply:
        """The answer to a request: state changes happen here and nowhere else."""
        try:
            struck = self._struck(fault)
            if struck is not None:
                return struck
            found, numbers, known = routing.find(request.method, request.path)
            if found is None:
                return _no_route(request, known)
            if found.level is not None:
                with self.world.lock:
                    request.user = self.auth.user(request)
                need(request, found.level)
            if self.faults.full_disk and request.method != "GET" and not request.path.endswith(READS_BY_POST):
                return Reply(500, html=ERROR_PAGE)
            if request.path in ("/api/accounts/token/", "/api/accounts/auth/login/"):
                return self._locked(lambda: self.auth.sign_in(request))
            if request.path == "/api/accounts/token/refresh/":
                return self._locked(lambda: self.auth.renew(request))
            with channels.writing(self.world, request):
                return self._locked(lambda: routing.answer(found, self.world, request, numbers))
        except Refusal as refusal:
            return refusal.reply
        except Crash:
            return Reply(500, html=ERROR_PAGE)

    def _locked(self, work: Any) -> Reply:
        with self.world.lock:
            self.world.settle()
            reply: Reply = work()
            self.world.settle()
            return reply

    def _struck(self, fault: Fault | None) -> Reply | None:
        if fault is None:
            return None
        if fault.kind is Kind.SLOW:
            time.sleep(fault.seconds)
        if fault.kind is Kind.TOKEN_EXPIRED:
            raise stale_token("Token is expired")
        if fault.kind is Kind.KEY_REVOKED:
            raise unauthorized({"detail": "Invalid API key"})
        if fault.kind is Kind.STATUS:
            return Reply(fault.status, html=ERROR_PAGE if fault.status == 500 else f"<html><h1>{fault.status}</h1></html>")
        if fault.kind is Kind.NOT_NOW:
            return Reply(
                fault.status, html=f"<html><h1>{fault.status}</h1></html>", headers={"retry-after": f"{fault.seconds:.0f}"}
            )
        if fault.kind is Kind.THROTTLE:
            words = f"Request was throttled. Expected available in {fault.seconds:.0f} seconds."
            return Reply(429, {"detail": words}, {"retry-after": f"{fault.seconds:.0f}"})
        if fault.kind is Kind.HTML:
            return Reply(200, html=UI_PAGE)
        if fault.kind is Kind.GARBAGE:
            return Reply(200, html="certainly not json")
        if fault.kind is Kind.REDIRECT:
            return Reply(302, headers={"location": fault.target})
        return None


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64


class _Handler(BaseHTTPRequestHandler):
    """Each connection's thread."""

    fake: FakeServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.fake.connections += 1
        self.fake._open.add(self.connection)

    def finish(self) -> None:
        self.fake._open.discard(self.connection)
        try:
            super().finish()
        except OSError:
            return  # the peer, or a fault, has hung up

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, ValueError, OSError):
            self.close_connection = True

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        raw = self.rfile.read(length) if length else b""
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, parts.path, parts.query, headers, None, self.client_address[0])
        request.host = headers.get("host", "")
        problem = _read_body(request, raw)
        self.fake.calls.append(Call(request.method, request.path, request.query, headers, request.body))
        fault = self.fake.faults.next_for(request.method, request.path)
        if fault is not None and fault.kind is Kind.RESET_BEFORE:
            self._hang_up()
            return
        if self.fake.refuses and request.method != "GET" and not request.path.endswith(READS_BY_POST):
            problem = Reply(400, {"detail": f"Refused: {request.body}", "raw": raw.decode("utf-8", "replace")})
        reply = problem or self.fake.handle(request, fault)
        if fault is not None and fault.kind is Kind.HANG:
            time.sleep(fault.seconds)
        if fault is not None and fault.kind is Kind.RESET_AFTER:
            self._hang_up()
            return
        if self.fake.tamper is not None and reply.status < 300 and reply.body is not None:
            reply.body = self.fake.tamper(request, json.loads(json.dumps(reply.body)))
        self._answer(reply, half=fault is not None and fault.kind is Kind.HALF_ANSWER)

    do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names that http.server looks for

    def _answer(self, reply: Reply, *, half: bool) -> None:
        if reply.html:
            content, kind = reply.html.encode(), "text/html; charset=utf-8"
        else:
            content, kind = (b"" if reply.body is None else json.dumps(reply.body).encode()), "application/json"
        self.send_response_only(reply.status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if half:
            self.wfile.write(content[: len(content) // 2])
            self._hang_up()
            return
        self.wfile.write(content)

    def _hang_up(self) -> None:
        self.close_connection = True
        _reset(self.connection)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: ``calls`` has it all."""


def _reset(connection: socket.socket) -> None:
    """End a connection the hard way: the other side sees a reset, not an end."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()
    except OSError:
        return  # it is gone already


def _read_body(request: Request, raw: bytes) -> Reply | None:
    """Fill ``request.body``; an answer when it cannot be read."""
    kind = request.headers.get("content-type", "").partition(";")[0]
    if not raw:
        return None
    if kind == "application/json":
        try:
            request.body = json.loads(raw)
        except ValueError as error:
            return Reply(400, {"detail": f"JSON parse error - {error}"})
        return None
    if kind == "application/x-www-form-urlencoded":
        request.body = dict(parse_qsl(raw.decode()))
        return None
    if kind == "multipart/form-data":
        head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + raw)
        request.body = {}
        for part in message.iter_parts():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True) or b""
            if part.get_filename():
                request.files[str(name)] = (str(part.get_filename()), bytes(content))
            else:
                request.body[str(name)] = bytes(content).decode().strip("\r\n")
        return None
    return Reply(415, {"detail": f'Unsupported media type "{kind}" in request.'})


def _no_route(request: Request, known: bool) -> Reply:
    if known or request.method != "GET":
        return Reply(405, {"detail": f'Method "{request.method}" not allowed.'})
    if len(request.path.strip("/").split("/")) == 3 and not request.path.endswith("/"):
        return Reply(404, {"detail": "No User matches the given query."})  # the Xtream route <user>/<password>/<channel>
    return Reply(200, html=UI_PAGE)


@contextmanager
def serving(world: World | None = None) -> Iterator[FakeServer]:
    """A running fake server."""
    server = FakeServer(world or World())
    try:
        yield server
    finally:
        server.stop()
