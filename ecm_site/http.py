"""The one guarded HTTP client of the house (DESIGN §7). Everything that is fetched or sent goes through here.

Only http and https; every address of every hop is vetted and the connection goes to the vetted address; bodies, times,
redirects and unpacking are bounded; a cancel is noticed within half a second; errors are sentences with credentials
masked. Proxies from the environment are ignored.
"""

import json
from collections.abc import Mapping
from typing import Any

from ecm_site.fetching.bodies import BodyReader, announced_size, charset, content_type
from ecm_site.fetching.client import ShouldStop, open_answer, parse_address
from ecm_site.fetching.downloads import OnProgress, download
from ecm_site.fetching.errors import FetchError, FetchStopped, plain_words, server_name
from ecm_site.fetching.policy import Download, FetchPolicy, HeadBytes
from ecm_site.fetching.sending import Answer, post, post_json, send
from ecm_site.masking import mask_text

__all__ = [
    "Answer",
    "Download",
    "FetchError",
    "FetchPolicy",
    "FetchStopped",
    "HeadBytes",
    "OnProgress",
    "ShouldStop",
    "check_address",
    "download",
    "fetch_head",
    "get_json",
    "looks_like_html",
    "post",
    "post_json",
    "send",
]


def check_address(text: str) -> None:
    """For forms: raise :class:`FetchError` (``invalid_url``) unless ``text`` is an address we could fetch. No traffic."""
    parse_address(text)


def fetch_head(url: str, *, policy: FetchPolicy, max_bytes: int = 65_536, should_stop: ShouldStop | None = None) -> HeadBytes:
    """Fetch just the first ``max_bytes`` of ``url``, decoded, and hang up. For "Test" buttons.

    A packed file (gz, xz, zip) arrives packed: see :func:`ecm_site.archives.head_of`. Raises :class:`FetchError`.
    """
    with open_answer(url, policy=policy, should_stop=should_stop) as response:
        collected = bytearray()
        complete = True
        unbounded = 1 << 62  # the whole may be any size: only its start is read
        for piece in BodyReader(response, max_bytes=unbounded, max_ratio=policy.max_ratio):
            collected += piece
            if len(collected) > max_bytes:
                complete = False
                break
        return HeadBytes(
            data=bytes(collected[:max_bytes]),
            status=response.status_code,
            content_type=content_type(response),
            charset=charset(response),
            total=announced_size(response),
            complete=complete,
            final_url=mask_text(str(response.request.url)),
        )


def get_json(
    url: str, *, policy: FetchPolicy, params: Mapping[str, str] | None = None, should_stop: ShouldStop | None = None
) -> Any:
    """Fetch ``url`` with ``params`` added to its query and return the decoded JSON, which is held in memory.

    Raises :class:`FetchError`; kind ``not_json`` says whether a web page, nothing, or something else came instead.
    """
    with open_answer(url, policy=policy, params=params, should_stop=should_stop) as response:
        collected = bytearray()
        for piece in BodyReader(response, max_bytes=policy.byte_limit, max_ratio=policy.max_ratio):
            collected += piece
        name = server_name(response.request.url)
        declared = charset(response)
    body = bytes(collected)
    if not body.strip(b" \t\r\n\0"):
        raise FetchError("not_json", f"The server {name} sent an empty answer instead of data.")
    try:
        return json.loads(body.strip(b"\0"))
    except (ValueError, RecursionError) as error:
        if looks_like_html(body):
            raise FetchError(
                "not_json",
                f"The server {name} sent a web page instead of data, probably a login or block page."
                f" It said: “{plain_words(body[:16_384], declared)[:300]}”",
            ) from error
        raise FetchError(
            "not_json",
            f"The server {name} sent something that is not JSON. It starts: “{plain_words(body[:400], declared)[:120]}”",
        ) from error


def looks_like_html(start: bytes) -> bool:
    """Whether bytes from a server are a web page (20 §2.4). XML with another root is not."""
    head = start[:4096].lstrip(b"\xef\xbb\xbf \t\r\n\0").lower()
    if head.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return True
    return head.startswith(b"<") and b"<html" in head
