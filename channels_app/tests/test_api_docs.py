"""docs/api.md lists every address of the lineup for programs, and none that is not there."""

import re
from collections.abc import Iterator
from pathlib import Path

from django.urls import URLPattern, URLResolver, get_resolver

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "api.md"
ROOMS = (
    *("api/channels", "api/channel-", "api/streams", "api/stream-", "api/normalization"),
    "api/epg/lcn",
)


def _addresses(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        path = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _addresses(pattern.url_patterns, path)
        elif path.startswith(ROOMS):
            yield re.sub(r"<[^>]+>", "{}", f"/{path}")


def test_the_document_and_the_addresses_agree() -> None:
    documented = {re.sub(r"\{[^}]*\}", "{}", path) for path in re.findall(r"`(/api/[^`…?]+)`", DOCUMENT.read_text("utf-8"))}
    documented = {path for path in documented if path[1:].startswith(ROOMS)}
    assert documented == set(_addresses(get_resolver().url_patterns))
