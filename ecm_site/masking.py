"""Hides credentials in addresses and free text before anybody sees them: logs, journal, pages, errors (DESIGN §3).

Every pattern runs in linear time: error answers of strangers go through here. Masking a word too many is better than
showing one, so long as an operator still sees which server and which path is meant.
"""

import re

MASK = "***"

_ANYWHERE = "username|password|passwd|passphrase|pwd|token|access_token|api_?key|secret|client_secret"
_IN_QUERY = f"{_ANYWHERE}|user|login|pass|key|auth|sig|signature|mac"

_USERINFO = re.compile(r"(?<=://)[^/\s?#\"'<>]*@")
_QUERY = re.compile(rf"(?i)((?:(?<=[?&;])(?:{_IN_QUERY})|(?<![\w.-])(?:{_ANYWHERE}))=)[^&\s#\"'<>]*")
_ENCODED_QUERY = re.compile(rf"(?i)((?:%3F|%26)(?:{_IN_QUERY})%3D)(?:(?!%26)[^&\s#\"'<>])*")
_JSON = re.compile(rf"(?i)(\"(?:{_IN_QUERY})\"\s*:\s*\")(?:[^\"\\]|\\.)*")
_HEADER = re.compile(r"(?i)(\bauthorization[\"']?\s*[:=]\s*[\"']?(?:(?:basic|bearer|digest)\s+)?)[^\s\"',;]+")
_COOKIE = re.compile(r"(?i)(\bcookie[\"']?\s*:\s*[\"']?)[^\r\n\"']+")
_XTREAM_PATH = re.compile(r"(?i)(://[^/\s]+(?:/[^/\s]+){0,4}?/(?:live|movie|series|timeshift)/)[^/\s]+/[^/\s]+(?=/)")
_XTREAM_SHORT = re.compile(r"(://[^/\s]+/)[^/\s]+/[^/\s]+(?=/\d+(?:\.\w+)?(?:[?|\s\"'<>,;:!)\]}.]|$))")
_OUTPUT_TOKEN = re.compile(r"(/t/)(?:[A-Za-z0-9_-]{16,}(?![A-Za-z0-9_-])|[^/\s]+(?=/(?:output|hdhr|stream)/))")

_REPLACEMENTS = (
    (_USERINFO, f"{MASK}@"),
    (_HEADER, rf"\g<1>{MASK}"),
    (_QUERY, rf"\g<1>{MASK}"),
    (_ENCODED_QUERY, rf"\g<1>{MASK}"),
    (_JSON, rf"\g<1>{MASK}"),
    (_COOKIE, rf"\g<1>{MASK}"),
    (_XTREAM_PATH, rf"\g<1>{MASK}/{MASK}"),
    (_XTREAM_SHORT, rf"\g<1>{MASK}/{MASK}"),
    (_OUTPUT_TOKEN, rf"\g<1>{MASK}"),
)


def mask_text(text: str) -> str:
    """Return ``text`` with logins, credential values, Xtream path logins and our own output tokens as ``***``."""
    if "=" not in text and ":" not in text and "/t/" not in text and "%3" not in text:
        return text
    for pattern, replacement in _REPLACEMENTS:
        text = pattern.sub(replacement, text)
    return text
