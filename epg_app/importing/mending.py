"""Rewrites the content of one damaged element so that the fast reader understands it (30 §4.2).

Inline markup in texts falls away, a raw ``<`` becomes text, elements that are not closed end where the next one begins,
``>`` in attribute values is escaped. What is already clean comes out with the same meaning.
"""

import re
from typing import Final

from epg_app.importing.markup import attributes
from epg_app.programme_extra import CREDIT_JOBS

CONTAINERS: Final = frozenset({"credits", "rating", "star-rating", "video", "audio", "subtitles"})
LEAVES: Final = frozenset(
    {
        "title", "sub-title", "desc", "category", "keyword", "date", "language", "orig-language", "length", "icon", "image",
        "url", "country", "episode-num", "previously-shown", "premiere", "last-chance", "new", "live", "review", "value",
        "present", "colour", "aspect", "quality", "stereo", "display-name", "lcn", *CREDIT_JOBS,
    }
)  # fmt: skip

_TAG = re.compile(r"<(/?)([A-Za-z_][\w.:-]*)((?:\s+[^\s=<>\"'/]+\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>]+))*+)[^<>]*?(/?)>")


def mend(content: str) -> str:
    """The content of a programme or channel in the plain form ``<name attributes>text</name>``, containers kept."""
    out: list[str] = []
    leaf = ""  # name of the open text element
    opening = ""
    text: list[str] = []
    position = 0

    def close() -> None:
        nonlocal leaf
        if leaf:
            out.append(f"{opening}{''.join(text).replace('<', '&lt;')}</{leaf}>")
            leaf = ""
        text.clear()

    for match in _TAG.finditer(content):
        if leaf:
            text.append(content[position : match.start()])
        position = match.end()
        closing, full_name, attribute_text, empty = match.groups()
        name = full_name.rpartition(":")[2]
        if closing:
            if name in ("programme", "channel"):
                close()
                break
            if name == leaf:
                close()
            elif name in CONTAINERS:
                close()
                out.append(f"</{name}>")
        elif name in CONTAINERS or name in LEAVES:
            close()
            tag = f"<{name}{_rewritten(attribute_text)}>"
            if empty:
                out.append(f"{tag}</{name}>")
            elif name in CONTAINERS:
                out.append(tag)
            else:
                leaf, opening = name, tag
    else:
        if leaf:
            text.append(content[position:])
        close()
    return "".join(out)


def _rewritten(attribute_text: str) -> str:
    plain = {ord("<"): "&lt;", ord(">"): "&gt;", ord('"'): "&quot;"}
    return "".join(f' {name}="{value.translate(plain)}"' for name, value in attributes(attribute_text).items())
