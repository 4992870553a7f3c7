"""Text of strangers made fit for messages: provider names may hold control characters, markup and thousands of letters."""

import re
import unicodedata

ELLIPSIS = "…"
# Characters that turn the direction of writing around: with them a name can make a sentence read as another one.
_TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def one_line(text: str, limit: int) -> str:
    """``text`` without control characters and line breaks, at most ``limit`` characters."""
    words = "".join(" " if unicodedata.category(character) in ("Cc", "Zl", "Zp") else character for character in text)
    return shortened(" ".join(_printable(words).split()), limit)


def several_lines(text: str, limit: int) -> str:
    """``text`` without control characters but with its line breaks, at most ``limit`` characters."""
    lines = (line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    kept = "\n".join("".join(part if unicodedata.category(part) != "Cc" else " " for part in line) for line in lines)
    return shortened(_printable(kept).strip(), limit)


def shortened(text: str, limit: int) -> str:
    """``text`` itself, or its beginning ending "…", with at most ``limit`` characters."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)].rstrip("\n ") + ELLIPSIS


def units(text: str) -> int:
    """Length as messengers count it: characters outside the basic plane count twice."""
    return len(text) + sum(character > "\uffff" for character in text)


def fitted(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` of those units, ending "…" if it had to be cut."""
    if units(text) <= limit:
        return text
    kept, used = [], units(ELLIPSIS)
    for character in text:
        used += units(character)
        if used > limit:
            break
        kept.append(character)
    return "".join(kept) + ELLIPSIS


def _printable(text: str) -> str:
    return _TURNING.sub("", text).encode("utf-8", errors="replace").decode("utf-8")  # lone surrogates cannot be sent
