"""Receivers of alerts on loopback: a web server (plain or TLS) and a mail server, whose answers a test sets."""

import base64
import json
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

NAMES = ("discord.com", "ptb.discord.com", "api.telegram.org", "hooks.slack.com", "ntfy.sh", "mail.example.org", "localhost")


@dataclass
class Received:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    status: int = 204
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class WebReceiver:
    """``replies`` are used up one by one, then ``otherwise`` is given; ``answer`` may decide for itself."""

    port: int
    received: list[Received] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    otherwise: Reply = field(default_factory=Reply)
    answer: Callable[[Received], Reply | None] | None = None

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def web_receiver(*, tls: bool = False, otherwise: Reply | None = None) -> Iterator[WebReceiver]:
    receiver = WebReceiver(port=0, otherwise=otherwise or Reply())

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Received(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            receiver.received.append(request)
            reply = (receiver.answer(request) if receiver.answer else None) or (
                receiver.replies.pop(0) if receiver.replies else receiver.otherwise
            )
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = do_PUT = handle_any  # noqa: N815 - as the base class calls them

        def log_message(self, *args: Any) -> None:
            """Silent."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """The client hung up, which is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = server_tls().wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@dataclass
class Mail:
    sender: str
    recipients: list[str]
    data: str
    login: tuple[str, str] | None
    was_encrypted: bool


@dataclass
class MailReceiver:
    """``says`` maps the beginning of a command (``RCPT TO:<no@…``, ``DATA``, ``AUTH``, ``.``) to the line that is answered."""

    port: int
    mails: list[Mail] = field(default_factory=list)
    says: dict[str, str] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    connections: int = 0


@contextmanager
def mail_receiver(*, tls: str = "", hold: bool = False) -> Iterator[MailReceiver]:
    """``tls`` is "", "starttls" or "ssl"; with ``hold`` the server accepts and says nothing."""
    listener = socket.create_server(("127.0.0.1", 0))
    receiver = MailReceiver(port=listener.getsockname()[1])
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            receiver.connections += 1
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    def talk(connection: socket.socket) -> None:
        try:
            if hold:
                stop.wait(30)
                return
            if tls == "ssl":
                connection = server_tls().wrap_socket(connection, server_side=True)
            _smtp(connection, receiver, tls)
        except OSError:
            return
        finally:
            connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        stop.set()
        listener.close()


def _smtp(connection: socket.socket, receiver: MailReceiver, tls: str) -> None:
    encrypted = tls == "ssl"
    login: tuple[str, str] | None = None
    sender, recipients = "", []
    file = connection.makefile("rb")

    def say(text: str) -> None:
        connection.sendall(text.encode() + b"\r\n")

    def ordered(command: str, default: str) -> str:
        said = next((text for start, text in receiver.says.items() if command.upper().startswith(start.upper())), default)
        say(said)
        return said

    ordered("CONNECT", "220 receiver")
    while line := file.readline():
        command = line.decode("utf-8", "replace").rstrip("\r\n")
        receiver.commands.append(command.split(" ")[0] if command.upper().startswith("AUTH") else command)
        verb = command.upper()
        if verb.startswith("EHLO"):
            offers = ["250-receiver"]
            if tls == "starttls" and not encrypted:
                offers.append("250-STARTTLS")
            say("\r\n".join([*offers, "250-AUTH PLAIN", "250 SMTPUTF8"]))
        elif verb.startswith("STARTTLS"):
            say("220 go")
            connection = server_tls().wrap_socket(connection, server_side=True)
            file = connection.makefile("rb")
            encrypted = True
        elif verb.startswith("AUTH PLAIN"):
            _, user, password = base64.b64decode(command.split()[2]).decode().split("\0")
            login = (user, password)
            ordered("AUTH", "235 ok")
        elif verb.startswith("MAIL"):
            sender = command[10:].split(">")[0].strip("<>")
            ordered(command, "250 ok")
        elif verb.startswith("RCPT"):
            if ordered(command, "250 ok").startswith("2"):
                recipients.append(command[8:].strip().strip("<>"))
        elif verb.startswith("DATA"):
            if not ordered("DATA", "354 go on").startswith("354"):
                continue
            lines = []
            while (part := file.readline().decode("utf-8", "replace")) != ".\r\n":
                if not part:
                    return
                lines.append(part.removeprefix(".") if part.startswith("..") else part)
            if ordered(".", "250 taken").startswith("2"):
                receiver.mails.append(Mail(sender, recipients, "".join(lines), login, encrypted))
            recipients = []
        elif verb.startswith("QUIT"):
            say("221 bye")
            return
        else:
            say("250 ok")


@cache
def authority() -> Path:
    """A file with the certificate and the key of a server named as everything in :data:`NAMES`."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ECM tests")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365 * 30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in NAMES]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = Path(tempfile.mkdtemp(prefix="ecm-tls-")) / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@cache
def server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority())
    return context


def trusting_tls(*args: Any, **kwargs: Any) -> ssl.SSLContext:
    """A client that trusts the receivers above, and nobody else."""
    return ssl.create_default_context(cafile=authority())


def stand_in(monkeypatch: pytest.MonkeyPatch, receiver: WebReceiver | MailReceiver, *names: str) -> None:
    """Have ``names`` (on any port) be this receiver: their addresses are loopback ones, and its certificate is trusted.

    Only the name service, the port at the moment of connecting and the trusted authority are exchanged. Everything that
    checks addresses before that is the real thing.
    """
    import ipaddress

    from ecm_site.fetching import client, sockets
    from tasks_app.alerts import mail_server

    real_resolve, real_connect = sockets.resolve, sockets.GuardedBackend._connect
    real_create = socket.create_connection

    def resolve(host: str, port: int, timeout: float, check: Callable[[], None]) -> Any:
        return [ipaddress.ip_address("127.0.0.1")] if host in names else real_resolve(host, port, timeout, check)

    def connect(self: Any, address: Any, port: int, timeout: float) -> socket.socket:
        return real_connect(self, address, receiver.port if port in (80, 443) else port, timeout)

    def create(address: tuple[str, int], timeout: float) -> socket.socket:
        return real_create((address[0], receiver.port if address[1] in (25, 465, 587) else address[1]), timeout)

    monkeypatch.setattr(sockets, "resolve", resolve)
    monkeypatch.setattr(mail_server, "resolve", resolve)
    monkeypatch.setattr(mail_server.socket, "create_connection", create)
    monkeypatch.setattr(sockets.GuardedBackend, "_connect", connect)
    monkeypatch.setattr(client, "_ssl_context", lambda verify: trusting_tls())
    monkeypatch.setattr(mail_server, "_tls_context", trusting_tls)
