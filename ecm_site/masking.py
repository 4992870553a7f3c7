"""Hides credentials in addresses and free text before anybody sees them: logs, journal, pages, errors (DESIGN §3)."""

import re

MASK = "***"
_USERINFO = re.compile(r"(?<=://)[^/\s@]+@")
_QUERY = re.compile(
    r"(?i)([?&;](?:username|user|password|pass|pwd|token|api_?key|key|auth|secret|sig|signature|mac)=)[^&\s#\"'<>]*"
)
_XTREAM_PATH = re.compile(r"(?i)(://[^/\s]+(?:/[^/\s]+)*?/(?:live|movie|series|timeshift)/)[^/\s]+/[^/\s]+(?=/)")
_XTREAM_SHORT = re.compile(r"(://[^/\s]+/)[^/\s.]+/[^/\s.]+(?=/\d+(?:\.\w+)?(?:[?\s\"']|$))")


def mask_text(text: str) -> str:
    """Return ``text`` with user info, credential query values and Xtream path logins replaced by ``***``."""
    if "://" not in text and "=" not in text:
        return text
    text = _USERINFO.sub(f"{MASK}@", text)
    text = _QUERY.sub(rf"\g<1>{MASK}", text)
    text = _XTREAM_PATH.sub(rf"\g<1>{MASK}/{MASK}", text)
    return _XTREAM_SHORT.sub(rf"\g<1>{MASK}/{MASK}", text)
