"""Talks to an Xtream panel (20 §1.6): three calls, each answer checked before it is believed."""

import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO
from urllib.parse import urlencode

from django.conf import settings

from ecm_site.fetching.errors import plain_words
from ecm_site.http import FetchError, FetchPolicy, FetchStopped, OnProgress, ShouldStop, download, looks_like_html
from m3u_app.providers.json_stream import (
    JsonDamaged,
    JsonIsNoList,
    Record,
    iter_records,
    iter_records_with_text,
    load_document,
)
from m3u_app.providers.loose_values import number_of, text_of
from m3u_app.providers.registry import ProviderError
from m3u_app.providers.xtream.address import api_url

logger = logging.getLogger(__name__)

TRANSPORT_RETRIES = 3
RETRY_PAUSES = (1.0, 2.0, 4.0)  # seconds; enough for a panel that restarts, not enough to look like an attack
_RETRIED_KINDS = {"timeout", "refused", "interrupted", "dns"}
_SMALL_ANSWER_BYTES = 32 * 1024 * 1024
_REFUSALS = {"blocked", "forbidden", "access denied", "unauthorized"}
_LOGIN_WORDS = re.compile(r"auth|credential|login|unauthorized|forbidden|\b(?:401|403|512|513)\b", re.IGNORECASE)


class PanelError(ProviderError):
    """The panel refused or answered nonsense; the message is for the operator and holds no credentials.

    ``is_login`` tells a login that failed from everything else.
    """

    def __init__(self, message: str, *, is_login: bool = False) -> None:
        super().__init__(message)
        self.is_login = is_login


@dataclass(frozen=True)
class Panel:
    """Where a panel is and who asks. ``base`` is normalised (no trailing slash)."""

    base: str
    username: str
    password: str = field(repr=False)
    policy: FetchPolicy
    retries: int = TRANSPORT_RETRIES

    def call(self, action: str = "") -> str:
        query = {"username": self.username, "password": self.password}
        if action:
            query["action"] = action
        return f"{api_url(self.base)}?{urlencode(query)}"


@dataclass(frozen=True)
class Answer:
    """A list on disk while it is read: ``records``, the open ``file`` (its position tells how far), ``size`` in bytes."""

    records: Iterator[Record]
    file: BinaryIO
    size: int


def log_in(panel: Panel, *, should_stop: ShouldStop | None = None) -> dict[str, Any]:
    """Return the panel's ``{"user_info": …, "server_info": …}``. Raises :class:`PanelError`."""
    with _answer(panel, "", should_stop=should_stop) as path:
        document = _document(path)
    if not isinstance(document, dict):
        raise PanelError("The server is no Xtream panel: it did not answer the login with account data.")
    user = document.get("user_info")
    if not isinstance(user, dict):
        raise _refused(document) or PanelError("The server is no Xtream panel: its answer has no account data.")
    if "auth" in user and number_of(user["auth"]) == 0:
        message = text_of(user.get("message"))
        said = f" The provider says: “{message[:200]}”" if message else ""
        raise PanelError(f"Login failed: the provider does not accept this username and password.{said}", is_login=True)
    server = document.get("server_info")
    return {"user_info": user, "server_info": server if isinstance(server, dict) else {}}


def live_categories(panel: Panel, *, should_stop: ShouldStop | None = None) -> list[dict[str, Any]]:
    """The live categories; an empty list is a valid answer. Raises :class:`PanelError`."""
    with _answer(panel, "get_live_categories", should_stop=should_stop) as path, path.open("rb") as file:
        try:
            return list(iter_records(file))
        except JsonIsNoList as answer:
            if not answer.document:
                return []
            raise _refused(answer.document) or PanelError("Could not read categories: the answer is not a list.") from None
        except JsonDamaged as error:
            raise PanelError(f"Could not read categories: {error}.{_quoted(error.excerpt)}") from error


@contextmanager
def live_streams(
    panel: Panel, *, on_progress: OnProgress | None = None, should_stop: ShouldStop | None = None
) -> Iterator[Answer]:
    """Fetch all live streams in one call to a file and lend its records (20 §24 trap 14). Raises
    :class:`PanelError`, also while iterating when the list breaks off.
    """
    with (
        _answer(panel, "get_live_streams", on_progress=on_progress, should_stop=should_stop, large=True) as path,
        path.open("rb") as file,
    ):
        yield Answer(_checked_records(iter_records_with_text(file)), file, path.stat().st_size)


def _checked_records(records: Iterator[Record]) -> Iterator[Record]:
    try:
        yield from records
    except JsonIsNoList as answer:
        if answer.document:
            refused = _refused(answer.document)
            raise refused or PanelError("Could not read the streams: the answer is not a list.") from None
    except JsonDamaged as error:
        raise PanelError(f"Could not read the streams: {error}.{_quoted(error.excerpt)}") from error


@contextmanager
def _answer(
    panel: Panel,
    action: str,
    *,
    on_progress: OnProgress | None = None,
    should_stop: ShouldStop | None = None,
    large: bool = False,
) -> Iterator[Path]:
    with TemporaryDirectory(dir=settings.TEMP_DIR, prefix="xtream-") as folder:
        path = Path(folder) / "answer.json"
        limit = None if large else _SMALL_ANSWER_BYTES
        try:
            _fetch_with_retries(
                lambda: download(
                    panel.call(action),
                    path,
                    policy=panel.policy if limit is None else _limited(panel.policy, limit),
                    on_progress=on_progress,
                    should_stop=should_stop,
                    check_start=_check_start,
                ),
                panel.retries,
                should_stop,
            )
        except FetchStopped:
            raise
        except FetchError as error:
            raise _as_panel_error(error) from error
        yield path


def _limited(policy: FetchPolicy, max_bytes: int) -> FetchPolicy:
    return replace(policy, max_bytes=max_bytes)


def _fetch_with_retries(fetch: Callable[[], object], retries: int, should_stop: ShouldStop | None) -> None:
    for attempt in range(retries + 1):
        try:
            fetch()
        except FetchError as error:
            if error.kind not in _RETRIED_KINDS or attempt == retries:
                raise
            logger.warning("[M3U] Xtream call failed (%s), attempt %s of %s", error, attempt + 1, retries + 1)
            _pause(RETRY_PAUSES[min(attempt, len(RETRY_PAUSES) - 1)], should_stop)
        else:
            return


def _pause(seconds: float, should_stop: ShouldStop | None) -> None:
    """Sleep, but let a cancel end the sleep; ``should_stop`` may raise or the next fetch asks it again."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if should_stop is not None and should_stop():
            return
        time.sleep(0.1)


def _check_start(start: bytes) -> None:
    """Refuse what is plainly no JSON before a page or a video is loaded to its end."""
    words = start[:4096].decode("utf-8", errors="replace").strip("\ufeff \t\r\n\x00\"'.!").lower()
    if words in _REFUSALS:
        raise PanelError(f"Login failed: the provider answered “{words}”.", is_login=True)
    if looks_like_html(start):
        raise PanelError(
            "The server sent a web page instead of data, probably a login or block page."
            f" It said: “{plain_words(start[:16_384])[:300]}”"
        )
    first = start.lstrip(b"\xef\xbb\xbf \t\r\n\x00")[:1]
    if not first:
        raise PanelError("The server sent an empty answer.")
    if first not in b'[{"ntf-0123456789':
        raise PanelError(f"The server sent something that is not JSON.{_quoted(plain_words(start[:600]))}")


def _document(path: Path) -> object:
    try:
        return load_document(path.read_bytes())
    except JsonDamaged as error:
        raise PanelError(f"The server is no Xtream panel: {error}.{_quoted(plain_words(error.excerpt.encode()))}") from error


def _refused(document: object) -> PanelError | None:
    """The error inside ``{"error": …}``, ``{"message": …}`` or ``{"user_info": {"auth": 0}}``; None when there is none."""
    if isinstance(document, str):
        return _classified(document)
    if not isinstance(document, dict):
        return None
    user = document.get("user_info")
    if isinstance(user, dict):
        failed = "auth" in user and number_of(user["auth"]) == 0
        return (
            PanelError("Login failed: the provider does not accept this username and password.", is_login=True)
            if failed
            else None
        )
    for key in ("error", "message", "msg", "detail"):
        value = document.get(key)
        text = text_of(value.get("message") if isinstance(value, dict) else value)
        if text:
            return _classified(text)
    return None


def _classified(text: str) -> PanelError:
    words = plain_words(text.encode())[:300]
    if _LOGIN_WORDS.search(words):
        return PanelError(f"Login failed. The provider says: “{words}”", is_login=True)
    return PanelError(f"The provider answered with an error: “{words}”")


def _as_panel_error(error: FetchError) -> PanelError:
    if error.kind == "status" and (error.status in (401, 403, 512, 513) or _LOGIN_WORDS.search(error.body)):
        return PanelError(f"Login failed: {error}", is_login=True)
    return PanelError(str(error))


def _quoted(excerpt: str) -> str:
    words = plain_words(excerpt.encode())[:120]
    return f" It starts: “{words}”" if words else ""
