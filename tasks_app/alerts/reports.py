"""Sends ready-made reports (the playlist digest) to the default destinations of the settings (50 §5.7, 20 §11).

Not alerts: no filter, no digest window, no queue. Each function raises :class:`ChannelError` with a sentence for the operator
when it could not send; the caller decides what that means. None may be called inside a transaction.
"""

import time
from collections.abc import Callable, Sequence

from ecm_site.conf import get_settings
from tasks_app.alerts.channel import ChannelError, InvalidMethod
from tasks_app.alerts.channels.discord import checked_webhook, post_to_webhook
from tasks_app.alerts.channels.mail import mail_of
from tasks_app.alerts.channels.telegram import HTML, LIMIT, call_bot, checked_chat, checked_token
from tasks_app.alerts.clean_text import units
from tasks_app.alerts.mail_server import configured_server, deliver
from tasks_app.alerts.method_values import stored_values
from tasks_app.models import AlertMethod

DISCORD_LIMIT = 2000
PAUSE_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0


def can_mail() -> bool:
    """Whether the mail server is set up."""
    return configured_server().is_configured


def can_discord() -> bool:
    """Whether there is a webhook: the default one, or that of a Discord method that is on."""
    return bool(_webhook())


def can_telegram() -> bool:
    """Whether there is a bot and a chat, by default or of a Telegram method that is on."""
    return all(_bot())


def mail_report(recipients: Sequence[str], subject: str, text: str, html: str) -> str:
    """Mail both forms; values in ``html`` must be escaped already. Returns a remark when some recipients were refused."""
    if not recipients:
        raise ChannelError("There are no recipients.", may_pass=False)
    server = configured_server()
    if not server.is_configured:
        raise ChannelError("The mail server is not set up: see Settings → Notification Settings.", may_pass=False)
    return deliver(server, mail_of(server, list(recipients), subject, text, html), list(recipients))


def discord_report(contents: Sequence[str], *, username: str) -> None:
    """Post one message after the other, each at most 2000 characters, markdown escaped by the caller; nobody is rung."""
    url = _checked(checked_webhook, _webhook(), "Discord")
    _in_turn(contents, DISCORD_LIMIT, lambda content: post_to_webhook(url, {"username": username, "content": content}))


def telegram_report(texts: Sequence[str]) -> None:
    """Send one message after the other, each at most 4096 characters of Telegram's HTML, escaped by the caller."""
    token, chat = _bot()
    bot, place = _checked(checked_token, token, "Telegram"), _checked(checked_chat, chat, "Telegram")

    def send(text: str) -> None:
        payload = {"chat_id": place, "text": text, "parse_mode": HTML, "link_preview_options": {"is_disabled": True}}
        call_bot(bot, "sendMessage", payload)

    _in_turn(texts, LIMIT, send)


def _in_turn(parts: Sequence[str], limit: int, send: Callable[[str], None]) -> None:
    """Half a second between messages; who says "too many" is waited for once (20 §11)."""
    for number, part in enumerate(parts):
        if units(part) > limit:
            raise ValueError(f"a part has {units(part)} characters; {limit} is the most")
        if number:
            time.sleep(PAUSE_SECONDS)
        try:
            send(part)
        except ChannelError as error:
            if not error.is_refused_for_now:
                raise
            time.sleep(min(error.asked_pause if error.asked_pause is not None else 1.0, LONGEST_WAIT_SECONDS))
            send(part)


def _webhook() -> str:
    return get_settings().discord_webhook_url or str(_first_of("discord").get("webhook_url", ""))


def _bot() -> tuple[str, str]:
    current = get_settings()
    if current.telegram_bot_token and current.telegram_chat_id:
        return current.telegram_bot_token, current.telegram_chat_id
    stored = _first_of("telegram")
    return str(stored.get("bot_token", "")), str(stored.get("chat_id", ""))


def _first_of(method_type: str) -> dict[str, object]:
    method = AlertMethod.objects.filter(method_type=method_type, enabled=True).order_by("id").first()
    return stored_values(method) if method is not None else {}


def _checked(check: Callable[[str], str], value: str, service: str) -> str:
    if not value:
        raise ChannelError(f"{service} is not set up: see Settings → Notification Settings.", may_pass=False)
    try:
        return check(value)
    except InvalidMethod as error:
        raise ChannelError(str(error), may_pass=False) from error
