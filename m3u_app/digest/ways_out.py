"""How a digest leaves: by mail, to Discord, to Telegram, through the alert methods (20 §11).

Mail and messengers are those of the alerts, with their address guard and their words for errors.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from ecm_site.conf import get_settings
from m3u_app.digest import chat_form, words
from m3u_app.digest.collect import Digest
from m3u_app.digest.mail_form import written_mail
from m3u_app.digest.models import Target
from m3u_app.digest.values import DigestSettings
from tasks_app.alerts import mail_server
from tasks_app.alerts.channel import ChannelError, InvalidMethod
from tasks_app.alerts.channels import find_channel
from tasks_app.alerts.channels.discord import checked_webhook, post
from tasks_app.alerts.channels.mail import mail_of
from tasks_app.alerts.events import AlertEvent
from tasks_app.alerts.message import Message
from tasks_app.alerts.method_values import stored_values
from tasks_app.alerts.raise_alert import raise_alert
from tasks_app.models import AlertMethod, Severity

SENDER = "ECM M3U Digest"
PAUSE_SECONDS = 0.5
DEFAULT_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 30.0
SOURCE = "M3U digest"
sleep = time.sleep


@dataclass
class Sent:
    """What came of it: ``unsent`` messages are left when the first ones got through and then one did not."""

    note: str = ""
    problem: str = ""
    unsent: list[str] = field(default_factory=list)
    got_through: bool = True


def problem_of(target: Target, settings: DigestSettings) -> str:
    """What is missing before ``target`` can be reached, in words for the operator; "" when nothing is."""
    try:
        if target == Target.EMAIL:
            if not settings.email_recipients:
                return "Enter at least one recipient."
            return "" if mail_server.configured_server().is_configured else "Set up the mail server first."
        if target == Target.DISCORD:
            _webhook()
        elif target == Target.TELEGRAM:
            _telegram_values()
        elif not _takers():
            return "No alert method takes messages of the kind “info”. Switch that on for at least one."
    except ChannelError as problem:
        return str(problem)
    return ""


def send(target: Target, settings: DigestSettings, digest: Digest) -> Sent:
    """Send ``digest`` one way. Errors of the service are in the answer; never raises them."""
    try:
        if target == Target.EMAIL:
            return Sent(note=_send_mail(settings, digest))
        if target == Target.ALERTS:
            return Sent(note=_raise(settings, digest))
        script = chat_form.DISCORD if target == Target.DISCORD else chat_form.PLAIN
        return send_messages(target, chat_form.written_messages(digest, script, detailed=settings.show_detailed_list))
    except (ChannelError, InvalidMethod) as problem:
        return Sent(problem=str(problem), got_through=False)


def send_messages(target: Target, messages: list[str]) -> Sent:
    """Send chat messages in their order, half a second apart; stops at the first that fails."""
    try:
        hand_over = _to_discord() if target == Target.DISCORD else _to_telegram()
    except (ChannelError, InvalidMethod) as problem:
        return Sent(problem=str(problem), unsent=list(messages), got_through=False)
    for number, text in enumerate(messages):
        if number:
            sleep(PAUSE_SECONDS)
        try:
            _with_one_retry(lambda text=text: hand_over(text))  # type: ignore[misc]
        except (ChannelError, InvalidMethod) as problem:
            return Sent(problem=str(problem), unsent=messages[number:], got_through=number > 0)
    return Sent()


def _send_mail(settings: DigestSettings, digest: Digest) -> str:
    recipients = list(settings.email_recipients)
    server = mail_server.configured_server()
    written = written_mail(digest, detailed=settings.show_detailed_list)
    mail = mail_of(server, recipients, written.subject, written.text, written.html)
    return mail_server.deliver(server, mail, recipients)


def _raise(settings: DigestSettings, digest: Digest) -> str:
    """Alerts are stored and sent by the worker; each method decides whether it takes information."""
    text = chat_form.written_messages(digest, chat_form.PLAIN, detailed=settings.show_detailed_list)[0]
    mark = f" ({words.SAMPLE_MARK.lower()})" if digest.is_sample else ""
    event = AlertEvent(
        severity=Severity.INFO, title=f"M3U digest: {words.title(digest)}{mark}", message=text.partition("\n")[2], source=SOURCE
    )
    takers = raise_alert(event)
    if not takers:
        raise ChannelError(
            "No alert method takes messages of the kind “info”. Switch that on for at least one.", may_pass=False
        )
    return ""


def _takers() -> bool:
    return AlertMethod.objects.filter(enabled=True, notify_info=True).exists()


def _with_one_retry(hand_over: Callable[[], None]) -> None:
    """A service that says "too many" is asked once more after the pause that it names."""
    try:
        hand_over()
    except ChannelError as refused:
        if not refused.is_refused_for_now:
            raise
        pause = DEFAULT_RETRY_SECONDS if refused.asked_pause is None else refused.asked_pause
        if pause > LONGEST_RETRY_SECONDS:
            raise
        sleep(pause)
        hand_over()


def _to_discord() -> Callable[[str], None]:
    url = _webhook()

    def hand_over(text: str) -> None:
        # No mentions: a channel called @everyone must not ring a thousand telephones. No previews of links either (4).
        post(url, {"username": SENDER, "content": text, "allowed_mentions": {"parse": []}, "flags": 4})

    return hand_over


def _to_telegram() -> Callable[[str], None]:
    values = _telegram_values()
    channel = find_channel("telegram")

    def hand_over(text: str) -> None:
        heading, _, body = text.partition("\n")
        message = Message(Severity.INFO, title=heading, subject=heading, body=body, source=SOURCE, at=timezone.now())
        channel.send(values, message)

    return hand_over


def _webhook() -> str:
    """The webhook of the settings, else that of the first Discord method that is on."""
    candidates = [get_settings().discord_webhook_url]
    candidates += [str(values.get("webhook_url") or "") for values in _methods("discord")]
    url = next((url for url in candidates if url), "")
    if not url:
        raise ChannelError("Enter the webhook of Discord under Notification Settings first.", may_pass=False)
    return checked_webhook(url)


def _telegram_values() -> dict[str, Any]:
    """Bot and chat of the settings, else those of the first Telegram method that is on."""
    current = get_settings()
    if current.telegram_bot_token and current.telegram_chat_id:
        return {"bot_token": current.telegram_bot_token, "chat_id": current.telegram_chat_id}
    for values in _methods("telegram"):
        if values.get("bot_token") and values.get("chat_id"):
            return values
    raise ChannelError("Enter the bot and the chat of Telegram under Notification Settings first.", may_pass=False)


def _methods(method_type: str) -> list[dict[str, Any]]:
    found = AlertMethod.objects.filter(method_type=method_type, enabled=True).order_by("pk")
    return [stored_values(method) for method in found]
