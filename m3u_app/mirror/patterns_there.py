"""Patterns that our engine and the server's must both understand. The server runs Python's, and checks nothing itself.

A filter whose pattern does not compile there makes every later refresh of its account fail (20 §2.3), so it is never sent.
"""

import re
import warnings

_IGNORE_CASE = "(?i)"
_EDGES = {" ": "[ ]", "\t": r"\t", "\n": r"\n", "\r": r"\r", "\v": r"\v", "\f": r"\f"}
_REFERENCE = re.compile(r"\$\$|\$\{(\d+)\}|\$\{(\w+)\}|\$<(\w+)>")


class NotForTheServer(ValueError):
    """The server cannot use the pattern or the replacement. Text: a sentence that says what to do."""


def pattern_for_server(pattern: str, *, case_sensitive: bool = True) -> str:
    """Raises :class:`NotForTheServer`.

    The server ignores no case unless the pattern says so, and cuts blanks off both ends, which are therefore written out.
    """
    text = pattern if case_sensitive else _IGNORE_CASE + pattern
    text = _edge(text[::-1], reverse=True)[::-1] if text != text.rstrip() else text
    text = _edge(text) if text != text.lstrip() else text
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)  # [[:alpha:]] means something else there
            re.compile(text)
    except (re.error, FutureWarning, RecursionError, OverflowError) as error:
        raise NotForTheServer(
            f"Dispatcharr cannot use this pattern ({error}); with it every refresh of the account would fail. Write it another"
            " way."
        ) from error
    return text


def pattern_from_server(text: str) -> tuple[str, bool]:
    """(pattern, whether case matters)."""
    if text.startswith(_IGNORE_CASE):
        return text.removeprefix(_IGNORE_CASE), False
    return text, True


def replacement_for_server(text: str) -> str:
    """``${1}`` and ``$<name>`` in forms that the server knows. Raises :class:`NotForTheServer`."""
    pieces: list[str] = []
    at = 0
    for found in _REFERENCE.finditer(text):
        follower = text[found.end() : found.end() + 1]
        pieces.append(text[at : found.start()])
        pieces.append(_reference(found, follower))
        at = found.end()
    return "".join((*pieces, text[at:]))


def _reference(found: "re.Match[str]", follower: str) -> str:
    number, *names = found.groups()
    if number is not None:
        return rf"\g<{number}>" if follower.isdigit() else f"${number}"
    name = next(filter(None, names), None)
    if name is not None:
        return rf"\g<{name}>"
    if follower.isdigit() or follower in ("{", "<"):
        raise NotForTheServer("Dispatcharr cannot write a dollar sign in front of a number. Choose another replacement.")
    return "$"


def _edge(text: str, *, reverse: bool = False) -> str:
    """Write the blanks at the beginning of ``text`` out; with ``reverse`` both text and result are backwards."""
    rest = text.lstrip()
    written = []
    for blank in text[: len(text) - len(rest)]:
        escape = _EDGES.get(blank, f"\\u{ord(blank):04x}")
        written.append(escape[::-1] if reverse else escape)
    backslashes = len(rest) - len(rest.lstrip("\\"))
    if reverse and backslashes % 2:
        rest = rest[1:]  # the blank was escaped; written out it needs that no more
    return "".join(written) + rest
