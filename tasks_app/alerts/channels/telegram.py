"""Telegram through a bot (50 §4.4)."""

import html
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ecm_site.http import Answer, FetchError, post_json
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
from tasks_app.alerts.message import Message

API = "https://api.telegram.org"
LIMIT = 4096
HTML, MARKDOWN, PLAIN = "HTML", "MarkdownV2", "plain"
PARSE_MODES = ((HTML, "HTML"), (MARKDOWN, "MarkdownV2"), (PLAIN, "Plain text"))

_TOKEN = re.compile(r"[0-9]{3,20}:[A-Za-z0-9_-]{10,100}")
_CHAT = re.compile(r"-?[0-9]{1,20}|@[A-Za-z][A-Za-z0-9_]{3,31}")
_MARKDOWN_SIGNS = re.compile(r"([_*\[\]()~`>#+\-=|{}.!\\])")


class Telegram:
    type: ClassVar[str] = "telegram"
    label: ClassVar[str] = "Telegram"
    icon: ClassVar[str] = "brand-telegram"
    fields: ClassVar[tuple[Field, ...]] = (
        Field(
            "bot_token",
            "Bot token",
            kind="secret",
            required=True,
            placeholder="123456789:ABC…",
            help_text="From @BotFather in Telegram. Then write to the bot once, or add it to the group.",
        ),
        Field(
            "chat_id",
            "Chat",
            required=True,
            placeholder="-1001234567890",
            help_text="The number of the chat or group, or @name of a public channel.",
        ),
        Field("parse_mode", "Format", kind="choice", default=HTML, choices=PARSE_MODES),
        Field("disable_notification", "Deliver without a sound", kind="bool", default=False),
        Field("disable_web_page_preview", "No preview of links", kind="bool", default=True),
    )

    def clean(self, values: Mapping[str, Any]) -> dict[str, Any]:
        mode = text_of(values, "parse_mode") or HTML
        if mode not in dict(PARSE_MODES):
            raise InvalidMethod("parse_mode", f"The format is one of {', '.join(dict(PARSE_MODES))}.")
        return {
            "bot_token": checked_token(text_of(values, "bot_token")),
            "chat_id": checked_chat(values.get("chat_id")),
            "parse_mode": mode,
            "disable_notification": as_bool(values.get("disable_notification"), False),
            "disable_web_page_preview": as_bool(values.get("disable_web_page_preview"), True),
        }

    def place(self, values: Mapping[str, Any]) -> str:
        return f"chat {text_of(values, 'chat_id') or 'not set'}"

    def problem(self, values: Mapping[str, Any]) -> str:
        if not text_of(values, "bot_token"):
            return "Enter the token of the bot."
        return "" if text_of(values, "chat_id") else "Enter the chat."

    def send(self, values: Mapping[str, Any], message: Message) -> str:
        mode = text_of(values, "parse_mode") or HTML
        payload: dict[str, Any] = {
            "chat_id": checked_chat(values.get("chat_id")),
            "text": formatted(message, mode),
            "disable_notification": as_bool(values.get("disable_notification"), False),
            "link_preview_options": {"is_disabled": as_bool(values.get("disable_web_page_preview"), True)},
        }
        if mode != PLAIN:
            payload["parse_mode"] = mode
        call_bot(checked_token(text_of(values, "bot_token")), "sendMessage", payload)
        return ""

    def test(self, values: Mapping[str, Any], message: Message) -> str:
        """First the token alone, so that a wrong token and a wrong chat are told apart (A-8)."""
        answer = call_bot(checked_token(text_of(values, "bot_token")), "getMe", {})
        self.send(values, message)
        name = answer.get("username") if isinstance(answer, dict) else None
        return f"Sent by @{one_line(str(name), 60)}." if name else ""


def checked_token(token: str) -> str:
    """Raises :class:`InvalidMethod` unless ``token`` looks like a bot's (A-1)."""
    if not token:
        raise InvalidMethod("bot_token", "Enter the token of the bot.")
    if not _TOKEN.fullmatch(token):
        raise InvalidMethod(
            "bot_token", "This is not a bot token. It looks like 123456789:ABCdef…: digits, a colon, letters, digits, _ and -."
        )
    return token


def checked_chat(value: object) -> str:
    """The chat as text. Raises :class:`InvalidMethod`."""
    chat = str(value if value is not None and not isinstance(value, bool) else "").strip()
    if not chat:
        raise InvalidMethod("chat_id", "Enter the chat.")
    if not _CHAT.fullmatch(chat):
        raise InvalidMethod("chat_id", "A chat is a number such as -1001234567890, or @name of a public channel.")
    return chat


def formatted(message: Message, mode: str) -> str:
    """Bold title, blank line, body, facts, italic footer; every text of the message is shown literally.

    The limit of 4096 counts what is shown, so the text is cut before it is escaped. Signs in MarkdownV2 count with their
    backslash there, to be on the safe side.
    """
    escape = _ESCAPES[mode]
    heading = fitted(f"{message.mark} {message.title}", 512)
    footer = " · ".join(part for part in (f"Source: {message.source}" if message.source else "", message.moment) if part)
    facts = "\n".join(f"{label}: {value}" for label, value in message.facts)
    tail = ("\n\n" + fitted(facts, 1024) if facts else "") + ("\n\n" if footer else "")
    room = LIMIT - units(escape(heading) if mode == MARKDOWN else heading) - 2 - 4
    room -= units(escape(tail) + escape(footer) if mode == MARKDOWN else tail + footer)
    body = _fitted_escaped(message.text, room, escape) if mode == MARKDOWN else fitted(message.text, room + 4)
    parts = [_bold(escape(heading), mode)]
    if body:
        parts.append("\n\n" + (body if mode == MARKDOWN else escape(body)))
    parts.append(escape(tail))
    if footer:
        parts.append(_italic(escape(footer), mode))
    return "".join(parts)


def _fitted_escaped(text: str, limit: int, escape: Callable[[str], str]) -> str:
    """Escaped text that fits with its backslashes, cut between two signs."""
    whole = escape(text)
    if units(whole) <= limit:
        return whole
    kept, used = [], 1
    for character in text:
        piece = escape(character)
        used += units(piece)
        if used > limit:
            break
        kept.append(piece)
    return "".join(kept) + "…"


def _bold(text: str, mode: str) -> str:
    return f"<b>{text}</b>" if mode == HTML else f"*{text}*" if mode == MARKDOWN else text


def _italic(text: str, mode: str) -> str:
    return f"<i>{text}</i>" if mode == HTML else f"_{text}_" if mode == MARKDOWN else text


def _html(text: str) -> str:
    return html.escape(text, quote=False)


def _markdown(text: str) -> str:
    return _MARKDOWN_SIGNS.sub(r"\\\1", text)


def _plain(text: str) -> str:
    return text


_ESCAPES: dict[str, Callable[[str], str]] = {HTML: _html, MARKDOWN: _markdown, PLAIN: _plain}


def call_bot(token: str, method: str, payload: dict[str, Any]) -> Any:
    """Call the bot's API and return its ``result``. Raises :class:`ChannelError`."""
    try:
        answer = post_json(f"{API}/bot{token}/{method}", payload, policy=SENDING)
    except FetchError as error:
        problem = from_fetch_error("Telegram", error)
        raise ChannelError(without(str(problem), token), may_pass=problem.may_pass) from error
    body = answer.json()
    if answer.status == 200 and isinstance(body, dict) and body.get("ok") is True:
        return body.get("result")
    raise _refusal(answer, body if isinstance(body, dict) else {}, token)


def _refusal(answer: Answer, body: dict[str, Any], token: str) -> ChannelError:
    said = one_line(str(body.get("description") or ""), 200)
    parameters = body.get("parameters")
    if answer.status == 429:
        pause = retry_seconds(answer, parameters.get("retry_after") if isinstance(parameters, dict) else None)
        return ChannelError(
            "Telegram is rate limited (429): too many messages.", may_pass=True, is_refused_for_now=True, asked_pause=pause
        )
    if answer.status in (401, 404):  # a token that no bot has is "not found"
        text = "Telegram does not know this bot token: wrong bot token. Copy it again from @BotFather."
    elif "chat not found" in said.lower():
        text = "Chat not found: check the chat, and write to the bot once (or add it to the group)."
    elif answer.status == 403:
        text = f"The bot may not write to this chat (403): {said or 'it was blocked or removed'}."
    elif answer.status >= 500:
        return ChannelError(f"Telegram has a problem ({answer.status}).", may_pass=True)
    elif answer.status == 200:
        text = f"Telegram did not take the message. It said: “{said or answer.words[:200]}”"
    else:
        text = f"Telegram refused the message ({answer.status}). It said: “{said}”"
    return ChannelError(without(text, token), may_pass=False)
