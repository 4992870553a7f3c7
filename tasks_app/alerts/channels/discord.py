"""Discord through an incoming webhook: one embed per message (50 §4.4)."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from ecm_site.http import Answer, FetchError, check_address, post_json
from tasks_app.alerts.channel import (
    SENDING,
    ChannelError,
    Field,
    InvalidMethod,
    as_bool,
    from_fetch_error,
    retry_seconds,
    text_of,
    without,
)
from tasks_app.alerts.clean_text import fitted, one_line, units
from tasks_app.alerts.message import COLOURS, Message

HOSTS = ("discord.com", "discordapp.com", "canary.discord.com", "ptb.discord.com")
PATH = "/api/webhooks/"
DEFAULT_USERNAME = "ECM Alerts"

_MARKUP = re.compile(r"([\\*_~`|>#\[\]()<@:-])")
_TITLE, _DESCRIPTION, _TOTAL = 256, 4096, 6000
_FIELDS, _FIELD_NAME, _FIELD_VALUE, _FOOTER = 25, 256, 1024, 2048


class Discord:
    type: ClassVar[str] = "discord"
    label: ClassVar[str] = "Discord"
    icon: ClassVar[str] = "brand-discord"
    fields: ClassVar[tuple[Field, ...]] = (
        Field(
            "webhook_url",
            "Webhook address",
            kind="secret",
            required=True,
            placeholder="https://discord.com/api/webhooks/…",
            help_text="In Discord: channel settings → Integrations → Webhooks → Copy webhook URL.",
        ),
        Field("username", "Shown as", default=DEFAULT_USERNAME),
        Field("avatar_url", "Picture address", help_text="Discord fetches it; leave it empty for the webhook's own."),
        Field("include_timestamp", "Show the time of the alert", kind="bool", default=True),
    )

    def clean(self, values: Mapping[str, Any]) -> dict[str, Any]:
        avatar = text_of(values, "avatar_url")
        if avatar:
            try:
                check_address(avatar)
            except FetchError as error:
                raise InvalidMethod("avatar_url", str(error)) from error
        username = one_line(text_of(values, "username"), 80)
        if "discord" in username.lower() or "clyde" in username.lower():
            raise InvalidMethod("username", "Discord refuses names with “discord” or “clyde” in them. Choose another one.")
        return {
            "webhook_url": checked_webhook(text_of(values, "webhook_url")),
            "username": username or DEFAULT_USERNAME,
            "avatar_url": avatar,
            "include_timestamp": as_bool(values.get("include_timestamp"), True),
        }

    def place(self, values: Mapping[str, Any]) -> str:
        return f"webhook {_webhook_id(text_of(values, 'webhook_url'))}"

    def problem(self, values: Mapping[str, Any]) -> str:
        return "" if text_of(values, "webhook_url") else "Enter the webhook address."

    def send(self, values: Mapping[str, Any], message: Message) -> str:
        url = checked_webhook(text_of(values, "webhook_url"))
        payload: dict[str, Any] = {
            "username": text_of(values, "username") or DEFAULT_USERNAME,
            "embeds": [embed(message, with_time=as_bool(values.get("include_timestamp"), True))],
        }
        if text_of(values, "avatar_url"):
            payload["avatar_url"] = text_of(values, "avatar_url")
        post(url, payload)
        return ""

    def test(self, values: Mapping[str, Any], message: Message) -> str:
        return self.send(values, message)


def checked_webhook(url: str) -> str:
    """``url`` if it is a Discord webhook (A-1). Raises :class:`InvalidMethod`."""
    if not url:
        raise InvalidMethod("webhook_url", "Enter the webhook address.")
    try:
        parts = urlsplit(url)
        fits = (
            parts.scheme == "https"
            and parts.hostname in HOSTS
            and parts.port in (None, 443)
            and not parts.username
            and not parts.password
            and parts.path.startswith(PATH)
            and len(parts.path) > len(PATH)
        )
        check_address(url)
    except (ValueError, FetchError):
        fits = False
    if not fits or not url.isascii() or re.search(r"[\x00-\x20\x7f\\]|/\.\.?(/|$)|%2e", url, re.IGNORECASE):
        raise InvalidMethod(
            "webhook_url",
            f"This is not a Discord webhook. It starts with https://{HOSTS[0]}{PATH} (or {', '.join(HOSTS[1:])}).",
        )
    return url


def post(url: str, payload: dict[str, Any]) -> None:
    """Post to a checked webhook; nothing in it rings anybody. Raises :class:`ChannelError`."""
    silent = {**payload, "allowed_mentions": {"parse": []}}  # a channel called @everyone must not ring a thousand telephones
    try:
        answer = post_json(url, silent, policy=SENDING)
    except FetchError as error:
        raise from_fetch_error("Discord", error) from error
    if answer.status not in (200, 204):
        raise _refusal(answer, url)


def embed(message: Message, *, with_time: bool) -> dict[str, Any]:
    """The message in Discord's form, within all its limits (title 256, description 4096, 25 fields, 6000 in total)."""
    left = _TOTAL
    title = _cut(f"{message.mark} {escaped(message.title)}", _TITLE)
    footer = fitted(f"Source: {message.source}", _FOOTER) if message.source else ""
    left -= units(title) + units(footer)
    fields: list[dict[str, Any]] = []
    for label, value in message.facts[:_FIELDS]:
        name, shown = _cut(escaped(label), _FIELD_NAME), _cut(escaped(value) or "–", _FIELD_VALUE)
        needed = units(name) + units(shown)
        if needed > left:
            break
        left -= needed
        fields.append({"name": name, "value": shown, "inline": True})
    body: dict[str, Any] = {"title": title, "color": int(COLOURS[message.severity], 16)}
    description = _cut(escaped(message.text), min(_DESCRIPTION, left))
    if description:
        body["description"] = description
    if fields:
        body["fields"] = fields
    if footer:
        body["footer"] = {"text": footer}
    if with_time and message.at is not None:
        body["timestamp"] = message.at.isoformat()
    return body


def escaped(text: str) -> str:
    """Text whose every sign is shown as it is: no markdown, no mentions, no links in disguise."""
    return _MARKUP.sub(r"\\\1", text)


def _cut(text: str, limit: int) -> str:
    """Fitted, and never ending in half an escape."""
    short = fitted(text, limit)
    if short == text:
        return text
    stem = short[:-1]
    backslashes = len(stem) - len(stem.rstrip("\\"))
    return (stem[:-1] if backslashes % 2 else stem) + "…"


def _webhook_id(url: str) -> str:
    """The number of the webhook, which is no secret; its token is."""
    number = url.partition(PATH)[2].partition("/")[0]
    return number if number.isdigit() else "not set"


def _refusal(answer: Answer, url: str) -> ChannelError:
    body = answer.json()
    said = body.get("message") if isinstance(body, dict) else ""
    detail = f" It said: “{one_line(str(said), 200)}”" if said else ""
    if answer.status == 429:
        pause = retry_seconds(answer, body.get("retry_after") if isinstance(body, dict) else None)
        return ChannelError(
            "Discord is rate limited (429): too many messages.", may_pass=True, is_refused_for_now=True, asked_pause=pause
        )
    if answer.status == 401:
        text = "Discord says unauthorised (401): the token in the webhook address is wrong. Copy the address again."
    elif answer.status == 404:
        text = "The webhook is gone (404): it was deleted in Discord. Make a new one."
    elif answer.status >= 500:
        return ChannelError(f"Discord has a problem ({answer.status}).", may_pass=True)
    else:
        text = f"Discord refused the message ({answer.status}).{detail}"
    return ChannelError(without(text, url, url.rpartition("/")[2]), may_pass=False)
