"""Short ways to alert methods, events and mail settings for tests."""

from typing import Any

from ecm_site.conf import save_settings
from tasks_app.alerts.edit_methods import create_method
from tasks_app.alerts.events import AlertEvent
from tasks_app.models import AlertMethod

WEBHOOK = "https://discord.com/api/webhooks/123456789/aVerySecretToken-of_Discord"
TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMM_nn-oo"


def discord(name: str = "Team", **values: Any) -> AlertMethod:
    return create_method("discord", {"name": name, "config": {"webhook_url": WEBHOOK}, **values}).method


def telegram(name: str = "Phone", **values: Any) -> AlertMethod:
    config = {"bot_token": TOKEN, "chat_id": "-100200300", **values.pop("config", {})}
    return create_method("telegram", {"name": name, "config": config, **values}).method


def mail(*to: str, name: str = "Mail", **values: Any) -> AlertMethod:
    return create_method("smtp", {"name": name, "config": {"to_emails": list(to) or ["op@example.org"]}, **values}).method


def mail_settings(port: int = 587, **values: Any) -> None:
    save_settings(
        **{
            "smtp_host": "mail.example.org",
            "smtp_port": port,
            "smtp_use_tls": False,
            "smtp_from_email": "ecm@example.org",
            **values,
        }
    )


def event(
    severity: str = "error", title: str = "Refresh failed", message: str = "The server is down.", **values: Any
) -> AlertEvent:
    return AlertEvent(severity=severity, title=title, message=message, source=values.pop("source", "Tests"), **values)
