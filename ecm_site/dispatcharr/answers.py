"""Reads answers: JSON when all is well, else the exception that says in words what the server meant."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from ecm_site.dispatcharr.errors import (
    AnsweredElse,
    Busy,
    DispatcharrError,
    NoRights,
    NotFound,
    Rejected,
    ServerFault,
    SignInRefused,
)
from ecm_site.dispatcharr.harmless import TooMuch, parsed
from ecm_site.dispatcharr.patience import retry_after_seconds
from ecm_site.fetching.errors import plain_words
from ecm_site.http import looks_like_html

THROTTLE_SECONDS = 60.0  # what the server asks for when it does not say
QUOTE = 300
FIELDS_MAX = 50  # of an error; more are counted
_SENTENCE = 1_000
_DEEPEST = 6
_GATEWAY = {502, 503, 504}
_REDIRECTS = {301, 302, 303, 307, 308}


@dataclass(frozen=True)
class RawAnswer:
    """An answer that has been read to its end. ``headers`` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    server: str


def decode(answer: RawAnswer, *, what: str) -> Any:
    """The JSON of a successful answer, None for an empty one. ``what`` names the request for sentences ("read the channels").

    Raises the exception for every other answer. A page of HTML with status 200 counts as :class:`AnsweredElse`: this server
    shows its user interface at addresses that it does not know.
    """
    if not 200 <= answer.status < 300:
        raise error_for(answer, what=what)
    if not answer.body.strip():
        return None
    if looks_like_html(answer.body):
        raise AnsweredElse(
            f"{answer.server} answered with a web page when asked to {what}: the address is not that of a Dispatcharr server,"
            " something in between wants a sign-in, or its version is too different.",
            status=answer.status,
        )
    try:
        return parsed(answer.body)
    except TooMuch as error:
        raise AnsweredElse(f"What {answer.server} sends when asked to {what} {error}.", status=answer.status) from error
    except (ValueError, RecursionError) as error:
        raise AnsweredElse(
            f"{answer.server} answered with something that is not JSON when asked to {what}:"
            f" “{plain_words(answer.body[:400])[:120]}”.",
            status=answer.status,
        ) from error


def error_for(answer: RawAnswer, *, what: str) -> DispatcharrError:
    """The exception for an answer that is not a success."""
    status, server = answer.status, answer.server
    said = _said(answer)
    if status == 401:
        return SignInRefused(f"{server} does not accept the credentials: {_sentence(said)}", status=status)
    if status == 403:
        return NoRights(
            f"The account at {server} may not {what}. Use an administrator of Dispatcharr (user level 10).", status=status
        )
    if status == 404:
        return NotFound(f"{server} does not have that (any more), when asked to {what}: {_sentence(said)}", status=status)
    if status == 429:
        seconds = _asked_to_wait(answer, default=THROTTLE_SECONDS)
        return Busy(f"{server} asks to wait {seconds:.0f} s before it is asked again.", retry_after=seconds, status=status)
    if status in _GATEWAY:
        seconds = _asked_to_wait(answer, default=0)
        wait = f" It asks to wait {seconds:.0f} s." if seconds else ""
        return ServerFault(
            f"{server} answered {_phrase(status)}: it is starting, restarting or overloaded.{wait}",
            status=status,
            temporary=True,
            maybe_done=True,
            retry_after=seconds,
        )
    if status >= 500:
        quoted = f" It said: “{said}”" if said and said != "Server Error (500)" else ""
        return ServerFault(
            f"{server} failed with {_phrase(status)} when asked to {what}. Its log tells why: a value that it cannot take,"
            f" or a full disk, for example.{quoted}",
            status=status,
            temporary=False,
        )
    if status in _REDIRECTS:
        return AnsweredElse(
            f"{server} sends us on to another address; credentials do not follow. If that is right, enter the other address.",
            status=status,
        )
    if status in (400, 409, 413, 415, 422):
        fields = _fields(answer)
        return Rejected(f"{server} refused to {what}: {_listed(fields)}", fields=fields, status=status, data=_json(answer))
    return AnsweredElse(f"{server} answered {_phrase(status)} when asked to {what}. {_sentence(said)}".strip(), status=status)


def _asked_to_wait(answer: RawAnswer, *, default: float) -> float:
    headers = answer.headers
    return retry_after_seconds(headers.get("retry-after", ""), default=default, date=headers.get("date", ""))


def token_is_stale(answer: RawAnswer) -> bool:
    """Whether a 401 speaks of the token, which can be renewed, and not of the user or the key."""
    data = _json(answer)
    return isinstance(data, dict) and data.get("code") in ("token_not_valid", "user_not_found")


def _json(answer: RawAnswer) -> Any:
    try:
        return parsed(answer.body)
    except (ValueError, RecursionError):
        return None


def _said(answer: RawAnswer) -> str:
    fields = _fields(answer)
    return _listed(fields)[:QUOTE]


def _fields(answer: RawAnswer) -> dict[str, str]:
    """The four forms of error bodies as one: field → words; "" is the whole."""
    data = _json(answer)
    if isinstance(data, dict):
        fields: dict[str, str] = {}
        for name, value in data.items():
            if len(fields) >= FIELDS_MAX:
                break
            if name in ("code", "messages", "success", "updated_count"):
                continue
            words = _words(value)
            if words:
                key = "" if name in ("detail", "error", "errors", "message", "non_field_errors") else _line(str(name))[:80]
                fields[key] = "; ".join(part for part in (fields.get(key, ""), words) if part)[:QUOTE]
        return fields
    if isinstance(data, list):
        return {"": _words(data)}
    # The start of a body may hold values of the request; markup and credentials are taken out.
    return {"": plain_words(_body_of(answer.body))[:QUOTE]}


def _body_of(body: bytes) -> bytes:
    low = body[:4096].lower()
    start = low.find(b"<body")
    return body[start:4096] if start >= 0 else body[:4096]


def _words(value: Any, depth: int = 0) -> str:
    """At most QUOTE letters."""
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, list):
        return "; ".join(part for part in (_words(each, depth + 1) for each in value[:10]) if part)[:QUOTE]
    if isinstance(value, dict):
        return ", ".join(f"{_line(name)[:80]}: {_words(part, depth + 1)}" for name, part in list(value.items())[:10])[:QUOTE]
    return "" if value is None else _line(str(value))[:QUOTE]


def _line(text: str) -> str:
    """On one line; control characters would forge lines of the log."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else " " for letter in text[: 4 * QUOTE])


def _listed(fields: Mapping[str, str]) -> str:
    text = "; ".join(f"{name}: {text}" if name else text for name, text in fields.items())
    return text if len(text) <= _SENTENCE else f"{text[:_SENTENCE]}…"


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
