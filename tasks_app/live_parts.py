"""Parts of a page that one poller keeps fresh: only what changed is sent, so scroll, focus and open panels stay (50 §1.10).

Each part carries a hidden field "seen" with its name and the stamp of its content. The poller sends all of them; the answer
holds the parts whose content has another stamp by now. Content must not depend on anything but what it shows (no CSRF token).
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString

MOST_PARTS = 500


@dataclass(frozen=True)
class Seen:
    """A part that the page shows: its kind, what it is about, and the stamp of the content it has."""

    kind: str
    key: str
    stamp: str


def wrapped(kind: str, key: str, content: SafeString, *, poller: str, css: str = "", swap: bool = False) -> SafeString:
    """``content``, as a template made it, as a part; with ``swap`` it replaces the one on the page wherever it is."""
    return format_html(
        '<div id="part-{kind}-{key}" class="{css}"{oob}><input type="hidden" name="seen" form="{poller}" '
        'value="{kind}:{key}:{stamp}" autocomplete="off">{content}</div>',
        kind=kind,
        key=key,
        css=css,
        oob=format_html(' hx-swap-oob="{}"', "outerHTML") if swap else "",
        poller=poller,
        stamp=stamp_of(content),
        content=content,
    )


def stamp_of(content: str) -> str:
    return f"{zlib.crc32(content.encode()):08x}"


def read_seen(values: Iterable[str]) -> list[Seen]:
    """What the poller sent; odd values are left out."""
    parts = [value.split(":") for value in list(values)[:MOST_PARTS]]
    return [Seen(*part) for part in parts if len(part) == 3]
