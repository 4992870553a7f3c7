"""E-mail: text and HTML in one message (50 §4.4)."""

from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from typing import Any, ClassVar

from django.template.loader import render_to_string
from django.utils import timezone

from tasks_app.alerts import mail_server
from tasks_app.alerts.addresses import InvalidRecipients, read_recipients
from tasks_app.alerts.channel import ChannelError, Field, InvalidMethod
from tasks_app.alerts.clean_text import one_line
from tasks_app.alerts.message import COLOURS, MARKS, Message


class Mail:
    type: ClassVar[str] = "smtp"
    label: ClassVar[str] = "E-mail"
    icon: ClassVar[str] = "mail"
    fields: ClassVar[tuple[Field, ...]] = (
        Field(
            "to_emails",
            "Recipients",
            kind="addresses",
            required=True,
            placeholder="you@example.org, somebody@example.org",
            help_text="Several with commas between. The mail server is set up under Notification Settings.",
        ),
    )

    def clean(self, values: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return {"to_emails": list(read_recipients(values.get("to_emails")).addresses)}
        except InvalidRecipients as error:
            raise InvalidMethod("to_emails", str(error)) from error

    def place(self, values: Mapping[str, Any]) -> str:
        return ", ".join(_recipients(values)) or "no recipients"

    def problem(self, values: Mapping[str, Any]) -> str:
        if not mail_server.configured_server().is_configured:
            return "Set up the mail server first."
        return "" if _recipients(values) else "Enter at least one recipient."

    def send(self, values: Mapping[str, Any], message: Message) -> str:
        recipients = _recipients(values)
        if not recipients:
            raise ChannelError("There are no recipients.", may_pass=False)
        server = mail_server.configured_server()
        return mail_server.deliver(server, written(message, server, recipients), recipients)

    def test(self, values: Mapping[str, Any], message: Message) -> str:
        return self.send(values, message)


def written(message: Message, server: mail_server.MailServer, recipients: list[str]) -> EmailMessage:
    """The alert as a mail. Django's template escapes every value; the header class refuses line breaks."""
    context = {
        "message": message,
        "colour": COLOURS[message.severity],
        "lines": [(COLOURS[line.severity], MARKS[line.severity], line.text) for line in message.lines],
    }
    html = render_to_string("tasks_app/alert_mail.html", context)
    return mail_of(server, recipients, message.subject, plain_text(message), html)


def mail_of(server: mail_server.MailServer, recipients: list[str], subject: str, text: str, html: str) -> EmailMessage:
    """A mail with both forms and all headers."""
    mail = EmailMessage(policy=SMTP)
    local, _, domain = server.from_email.rpartition("@")
    mail["From"] = Address(one_line(server.from_name, 100), local, domain) if local else server.from_email
    mail["To"] = ", ".join(recipients)
    mail["Subject"] = one_line(subject, 300)
    mail["Date"] = format_datetime(timezone.now())
    mail["Message-ID"] = make_msgid(domain=domain or "ecm.local")
    mail["Auto-Submitted"] = "auto-generated"  # so that no out-of-office reply comes back
    mail.set_content(text)
    mail.add_alternative(html, subtype="html")
    return mail


def plain_text(message: Message) -> str:
    """The text part: title, body, facts, footer."""
    parts = [message.title, "", message.text]
    if message.facts:
        parts += ["", *(f"{label}: {value}" for label, value in message.facts)]
    footer = " · ".join(part for part in (f"Source: {message.source}" if message.source else "", message.moment, "ECM") if part)
    return "\n".join([*parts, "", "-- ", footer]) + "\n"


def _recipients(values: Mapping[str, Any]) -> list[str]:
    stored = values.get("to_emails")
    return [address for address in stored if isinstance(address, str)] if isinstance(stored, list) else []
