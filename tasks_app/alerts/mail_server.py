"""Hands messages to the operator's mail server (50 §5.7), under the address guard of everything else.

The server's name is looked up once, every address is judged, and the connection goes to exactly that address. Nothing waits
longer than ten seconds.
"""

import ipaddress
import logging
import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage

import httpx
from django.conf import settings as django_settings

from ecm_site.conf import get_settings
from ecm_site.fetching.addresses import AddressGuard, resolve
from ecm_site.http import FetchError
from ecm_site.masking import mask_text
from tasks_app.alerts.channel import ChannelError, without
from tasks_app.alerts.clean_text import one_line

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0
_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
STARTTLS, SSL, NONE = "starttls", "ssl", "none"
SECURITY = ((STARTTLS, "STARTTLS (usually port 587)"), (SSL, "SSL/TLS (usually port 465)"), (NONE, "None: unencrypted"))


@dataclass(frozen=True)
class MailServer:
    host: str
    port: int
    security: str
    user: str
    password: str = field(repr=False)
    from_email: str
    from_name: str

    @property
    def is_configured(self) -> bool:
        """A server and a sender are enough; logging in is optional."""
        return bool(self.host and self.from_email)


def configured_server() -> MailServer:
    """The mail server of the settings."""
    current = get_settings()
    security = SSL if current.smtp_use_ssl else STARTTLS if current.smtp_use_tls else NONE
    return MailServer(
        host=current.smtp_host,
        port=current.smtp_port,
        security=security,
        user=current.smtp_user,
        password=current.smtp_password,
        from_email=current.smtp_from_email,
        from_name=current.smtp_from_name,
    )


def is_host(text: str) -> bool:
    """Whether ``text`` can be the name or address of a server."""
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return bool(_HOST.fullmatch(text)) and len(text) <= 253
    return True


def deliver(server: MailServer, mail: EmailMessage, recipients: list[str]) -> str:
    """Send ``mail``. Returns a remark when some recipients were refused. Raises :class:`ChannelError`."""
    if not server.is_configured:
        raise ChannelError("The mail server is not set up: enter its name and the sender's address.", may_pass=False)
    try:
        with _in_words(server), _session(server) as session:
            refused = session.send_message(mail, from_addr=server.from_email, to_addrs=recipients)
    except ChannelError as error:
        raise ChannelError(
            without(str(error), server.password, server.user if "@" not in server.user else ""),
            may_pass=error.may_pass,
            is_refused_for_now=error.is_refused_for_now,
            asked_pause=error.asked_pause,
        ) from error
    if not refused:
        return ""
    return one_line("Not delivered to " + "; ".join(f"{who} ({_reply(answer)})" for who, answer in refused.items()), 500)


@contextmanager
def _session(server: MailServer) -> Iterator[smtplib.SMTP]:
    session = _GuardedSmtpSsl(server) if server.security == SSL else _GuardedSmtp(server)
    try:
        code, greeting = session.connect(server.host, server.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, greeting)
        session.ehlo()
        if server.security == STARTTLS:
            session.starttls(context=_tls_context())
            session.ehlo()
        if server.user and server.password:
            session.login(server.user, server.password)
        yield session
        try:
            session.quit()
        except (smtplib.SMTPException, OSError):  # the mail is accepted already
            logger.debug("[ALERTS] The mail server did not say good-bye")
    finally:
        session.close()


def _connected(host: str, port: int) -> socket.socket:
    """A socket to a vetted address of the server. Raises :class:`FetchError` or ``OSError``."""
    guard = AddressGuard(allow_private=True, own_port=django_settings.ECM_PORT)
    addresses = resolve(host, port, TIMEOUT_SECONDS, lambda: None)
    guard.vet(host, port, addresses)
    problem: OSError | None = None
    for address in addresses[:4]:
        try:
            connection = socket.create_connection((str(address), port), TIMEOUT_SECONDS)
        except OSError as error:
            problem = error
            continue
        try:
            guard.vet_connection(host, connection)
        except BaseException:
            connection.close()
            raise
        return connection
    raise problem or OSError("no address")


class _GuardedSmtp(smtplib.SMTP):
    def __init__(self, server: MailServer) -> None:
        super().__init__(timeout=TIMEOUT_SECONDS, local_hostname="ecm.local")
        self._host = server.host  # what the certificate is checked against

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return _connected(host, port)


class _GuardedSmtpSsl(_GuardedSmtp):
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return _tls_context().wrap_socket(_connected(host, port), server_hostname=host)


def _tls_context() -> ssl.SSLContext:
    return httpx.create_ssl_context()


@contextmanager
def _in_words(server: MailServer) -> Iterator[None]:
    """Turn what the mail library raises into specific reasons (A-8); 4yz may pass, 5yz will not (A-7)."""
    name = f"the mail server {server.host}"
    try:
        yield
    except FetchError as error:
        passing = error.kind in ("dns", "timeout", "refused")
        raise ChannelError(f"Could not connect to {name}: {error}", may_pass=passing) from error
    except smtplib.SMTPAuthenticationError as error:
        text = f"Authentication failed: {name} refuses user name or password ({_reply((error.smtp_code, error.smtp_error))})."
        raise ChannelError(text, may_pass=_is_temporary(error.smtp_code)) from error
    except smtplib.SMTPRecipientsRefused as error:
        refused = error.recipients
        text = "; ".join(f"{who}: {_reply(answer)}" for who, answer in refused.items())
        passing = any(_is_temporary(answer[0]) for answer in refused.values())
        raise ChannelError(f"Recipient refused: {text}", may_pass=passing) from error
    except smtplib.SMTPSenderRefused as error:
        reply = _reply((error.smtp_code, error.smtp_error))
        text = f"Sender refused: {name} does not take mail from {server.from_email} ({reply})."
        raise ChannelError(text, may_pass=_is_temporary(error.smtp_code)) from error
    except smtplib.SMTPServerDisconnected as error:
        if isinstance(error.__context__, TimeoutError):
            raise ChannelError(f"{name[0].upper()}{name[1:]} timed out.", may_pass=True) from error
        raise ChannelError(f"The connection to {name} broke off. Check port and encryption.", may_pass=True) from error
    except smtplib.SMTPResponseException as error:
        text = f"{name[0].upper()}{name[1:]} refused the message: {_reply((error.smtp_code, error.smtp_error))}."
        raise ChannelError(text, may_pass=_is_temporary(error.smtp_code)) from error
    except smtplib.SMTPNotSupportedError as error:
        lacks = str(error).rstrip(".")
        text = f"{name[0].upper()}{name[1:]} does not offer what is set up: {lacks}. Check the encryption and the login."
        raise ChannelError(text, may_pass=False) from error
    except ssl.SSLCertVerificationError as error:
        text = f"The certificate of {name} is not trusted: {error.verify_message or 'it is not valid'}."
        raise ChannelError(text, may_pass=False) from error
    except ssl.SSLError as error:
        raise ChannelError(f"No secure connection to {name}: check port and encryption.", may_pass=True) from error
    except TimeoutError as error:
        raise ChannelError(f"Could not connect to {name} on port {server.port}: timed out.", may_pass=True) from error
    except (OSError, smtplib.SMTPException) as error:
        detail = getattr(error, "strerror", "") or type(error).__name__
        raise ChannelError(f"Could not connect to {name} on port {server.port}: {detail}.", may_pass=True) from error


def _is_temporary(code: int) -> bool:
    return 400 <= code < 500


def _reply(answer: tuple[int, bytes | str]) -> str:
    code, text = answer
    words = text.decode("utf-8", errors="replace") if isinstance(text, bytes) else str(text)
    return one_line(f"{code} {mask_text(words)}", 200)
