"""The mail server of the settings record (50 §5.7), checked before it is saved or tried."""

from collections.abc import Mapping
from typing import Any

from tasks_app.alerts import mail_server
from tasks_app.alerts.addresses import is_address
from tasks_app.alerts.channel import KEPT_SECRET, InvalidMethod
from tasks_app.alerts.clean_text import one_line


def checked_server(server: mail_server.MailServer) -> mail_server.MailServer:
    """``server`` if it is usable. Raises :class:`InvalidMethod` naming the setting."""
    if server.security not in dict(mail_server.SECURITY):
        raise InvalidMethod("security", "Choose STARTTLS, SSL/TLS or none.")
    if server.host and not mail_server.is_host(server.host):
        raise InvalidMethod("smtp_host", "This is not the name of a server. Write it as smtp.example.org, without a port.")
    if not 1 <= server.port <= 65_535:
        raise InvalidMethod("smtp_port", "A port is a whole number from 1 to 65535.")
    if server.from_email and not is_address(server.from_email):
        raise InvalidMethod("smtp_from_email", "This is not an e-mail address. Write it as name@example.org.")
    for name, value in (("smtp_from_name", server.from_name), ("smtp_user", server.user), ("smtp_password", server.password)):
        if any(sign in value for sign in "\r\n\0"):
            raise InvalidMethod(name, "Line breaks cannot be part of this.")
    if server.from_name != one_line(server.from_name, 100):
        raise InvalidMethod("smtp_from_name", "At most 100 characters, on one line.")
    return server


def server_of(values: Mapping[str, Any], current: mail_server.MailServer) -> mail_server.MailServer:
    """A server from given settings (names as in the record) over the stored ones; an empty or masked password is kept.

    Raises :class:`InvalidMethod`, also for STARTTLS and SSL together.
    """

    def text(name: str, otherwise: str) -> str:
        value = values.get(name, otherwise)
        if not isinstance(value, str):
            raise InvalidMethod(name, f"{name} is text.")
        return value.strip()

    port = values.get("smtp_port", current.port)
    if not isinstance(port, int) or isinstance(port, bool):
        raise InvalidMethod("smtp_port", "A port is a whole number from 1 to 65535.")
    password = values.get("smtp_password") or ""
    if not isinstance(password, str):
        raise InvalidMethod("smtp_password", "smtp_password is text.")
    server = mail_server.MailServer(
        host=text("smtp_host", current.host),
        port=port,
        security=_security(values, current.security),
        user=text("smtp_user", current.user),
        password=current.password if password in ("", KEPT_SECRET) else password,
        from_email=text("smtp_from_email", current.from_email),
        from_name=text("smtp_from_name", current.from_name),
    )
    return checked_server(server)


def _security(values: Mapping[str, Any], otherwise: str) -> str:
    if "smtp_use_tls" not in values and "smtp_use_ssl" not in values:
        return otherwise
    tls = values.get("smtp_use_tls", False)
    ssl = values.get("smtp_use_ssl", False)
    if not isinstance(tls, bool) or not isinstance(ssl, bool):
        raise InvalidMethod("smtp_use_tls", "smtp_use_tls and smtp_use_ssl are true or false.")
    if tls and ssl:
        raise InvalidMethod("smtp_use_ssl", "Either STARTTLS or SSL; both cannot be.")
    return mail_server.SSL if ssl else mail_server.STARTTLS if tls else mail_server.NONE
