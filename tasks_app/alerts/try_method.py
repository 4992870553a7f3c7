"""Use case: send a real test message and say in words what came of it (A-8). Values need not be saved for that."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError
from django.utils import timezone

from ecm_site.conf import get_settings
from tasks_app.alerts import mail_server
from tasks_app.alerts.channel import ChannelError, InvalidMethod
from tasks_app.alerts.channels import find_channel
from tasks_app.alerts.channels.mail import written
from tasks_app.alerts.clean_text import one_line
from tasks_app.alerts.message import Message
from tasks_app.alerts.method_values import checked_values, stored_values
from tasks_app.models import AlertDelivery, AlertMethod, DeliveryStatus, Severity

logger = logging.getLogger(__name__)

TEST_TITLE = "Test message from ECM"


@dataclass(frozen=True)
class TestReport:
    """``field`` is the one to look at when a value is not usable."""

    success: bool
    message: str
    field: str = ""


def try_method(method_id: int, config: Mapping[str, Any] | None = None) -> TestReport:
    """Test a stored method, with ``config`` laid over what is stored. Raises ``AlertMethod.DoesNotExist``."""
    method = AlertMethod.objects.get(pk=method_id)
    return _try(method.method_type, config or {}, stored_values(method), method)


def try_values(method_type: str, config: Mapping[str, Any]) -> TestReport:
    """Test values that are not stored. For Discord and Telegram, secrets left empty are those of the settings."""
    current = get_settings()
    defaults: dict[str, dict[str, Any]] = {
        "discord": {"webhook_url": current.discord_webhook_url},
        "telegram": {"bot_token": current.telegram_bot_token, "chat_id": current.telegram_chat_id},
    }
    return _try(method_type, config, {name: value for name, value in defaults.get(method_type, {}).items() if value}, None)


def try_mail_server(server: mail_server.MailServer, recipient: str) -> TestReport:
    """Send a test mail through a server that need not be saved."""
    try:
        note = mail_server.deliver(server, written(_message(), server, [recipient]), [recipient])
    except ChannelError as error:
        logger.warning("[ALERTS] Test of the mail server failed: %s", error)
        return TestReport(success=False, message=str(error))
    return TestReport(success=True, message=note or f"Sent to {recipient}. Look into the inbox, and into the spam folder.")


def _try(method_type: str, config: Mapping[str, Any], stored: Mapping[str, Any], method: AlertMethod | None) -> TestReport:
    try:
        channel = find_channel(method_type)
        values = checked_values(channel, config, stored)
        problem = channel.problem(values)
        if problem:
            return TestReport(success=False, message=problem)
        note = channel.test(values, _message())
        report = TestReport(success=True, message=note or f"Sent to {channel.place(values)}.")
    except InvalidMethod as error:
        return TestReport(success=False, message=str(error), field=error.field)
    except ChannelError as error:
        report = TestReport(success=False, message=str(error))
    if method is not None:
        _log(method, report)
    return report


def _log(method: AlertMethod, report: TestReport) -> None:
    """Tests are in the delivery log too, without counting for the pace of real alerts."""
    now = timezone.now()
    try:
        AlertDelivery.objects.create(
            method=method,
            method_name=method.name,
            method_type=method.method_type,
            status=DeliveryStatus.SENT if report.success else DeliveryStatus.FAILED,
            severity=Severity.INFO,
            title=TEST_TITLE,
            is_test=True,
            attempts=1,
            created_at=now,
            attempted_at=now,
            finished_at=now,
            note="" if report.success else report.message,
        )
    except DatabaseError:
        logger.exception("[ALERTS] The test of method id=%s could not be logged", method.pk)


def _message() -> Message:
    return Message(
        severity=Severity.INFO,
        title=TEST_TITLE,
        subject=f"[INFO] {TEST_TITLE}",
        body=one_line("If you can read this, alerts arrive here.", 200),
        source="Notification settings",
        at=timezone.now(),
    )
