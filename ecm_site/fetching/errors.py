"""What can go wrong while fetching, in words an operator can act on (20 §2.4)."""

import re
import shutil
from http import HTTPStatus
from pathlib import Path

import httpx

from ecm_site.masking import mask_text

BODY_QUOTE_CHARACTERS = 1000
_TAGS = re.compile(r"(?is)<(script|style)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)|<[^>]*>?")
_SECONDS = re.compile(r"[0-9]{1,6}")
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f]+")

_ADVICE = {
    400: "the provider did not understand the request; check the address",
    401: "check the username and the password",
    402: "the account is probably not paid for any more; ask the provider",
    403: "the provider refuses this login, network address or User-Agent; check the account, or set another User-Agent",
    404: "nothing is at this address; check it for typing mistakes",
    407: "a proxy in between wants a login",
    410: "the provider took this address away; ask for the new one",
    429: "too many requests; wait a while and refresh less often",
    451: "the provider is not allowed to serve this",
    509: "the provider's traffic limit is used up; try again later",
    884: "this is the provider's own code, usually for a blocked address or an expired account; ask the provider",
}


class FetchError(Exception):
    """Fetching failed; ``str()`` is a masked sentence for the operator.

    ``kind`` is one of ``status, timeout, refused, dns, tls, blocked, too_large, disk_full, invalid_url, redirect,
    interrupted`` or ``not_json`` (:func:`ecm_site.http.get_json` got something else). ``status`` is the HTTP status of a
    ``status`` error, else 0. ``body`` is the quoted start of an error answer. ``free`` and ``needed`` are bytes and set
    for ``disk_full`` (``needed`` is 0 when the server did not say).
    """

    def __init__(self, kind: str, message: str, *, status: int = 0, body: str = "", free: int = 0, needed: int = 0) -> None:
        super().__init__(mask_text(message))
        self.kind = kind
        self.status = status
        self.body = body
        self.free = free
        self.needed = needed


class FetchStopped(FetchError):
    """The caller's ``should_stop`` said so. Nothing was left behind. ``kind`` is ``stopped``."""

    def __init__(self) -> None:
        super().__init__("stopped", "The download was cancelled.")


def server_name(url: httpx.URL) -> str:
    """Host and unusual port, the only part of an address that never holds a secret."""
    return f"{url.host}:{url.port}" if url.port else url.host


def plain_words(body: bytes, charset: str = "") -> str:
    """At most 1000 characters of an error answer on one line: no markup, no control characters, no credentials."""
    try:
        text = body.decode(charset or "utf-8", errors="replace")
    except (LookupError, UnicodeError):  # UnicodeError: a few of Python's codecs refuse in spite of "replace"
        text = body.decode("utf-8", errors="replace")
    words = _BLANKS.sub(" ", _TAGS.sub(" ", text)).strip()
    return mask_text(words)[:BODY_QUOTE_CHARACTERS]


def bad_status(url: httpx.URL, status: int, body: str, retry_after: str = "") -> FetchError:
    """The error for any answer that is not a success."""
    try:
        phrase = f" {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = ""
    if status in _ADVICE:
        advice = _ADVICE[status]
    elif 500 <= status < 600:
        advice = "the provider's server has a problem; try again later"
    elif status >= 600:
        advice = "this is the provider's own code; ask the provider what it means"
    else:
        advice = "check the address"
    if _SECONDS.fullmatch(retry_after):
        advice += f" (it asks to wait {int(retry_after)} seconds)"
    quoted = f" It said: “{body}”" if body else ""
    return FetchError(
        "status", f"The server {server_name(url)} answered {status}{phrase}: {advice}.{quoted}", status=status, body=body
    )


def disk_full(folder: Path, needed: int) -> FetchError:
    """The error for a file system without room; ``needed`` = bytes, 0 if unknown."""
    free = shutil.disk_usage(folder).free
    wanted = f" and {megabytes(needed)} are needed" if needed else ""
    return FetchError(
        "disk_full",
        f"The disk is full: {megabytes(free)} are free in {folder}{wanted}. Make room, then try again.",
        free=free,
        needed=needed,
    )


def too_large(url: httpx.URL, limit: int) -> FetchError:
    return FetchError(
        "too_large",
        f"The server {server_name(url)} sends more than {megabytes(limit)}, the limit for one download."
        " If that is right, raise the limit in Settings.",
    )


def megabytes(size: int) -> str:
    return f"{size / 1_048_576:,.1f} MB"
