"""The ways to sign in, and which of them are open."""

from ecm_site.conf import get_settings

LOCAL = "local"
DISPATCHARR = "dispatcharr"
WORDS = {LOCAL: "Password of ECM", DISPATCHARR: "Dispatcharr"}


def is_open(provider: str) -> bool:
    """Whether somebody can sign in that way at all. A sign-in with Dispatcharr needs its address in the settings."""
    if provider == LOCAL:
        return True
    record = get_settings()
    return provider == DISPATCHARR and record.dispatcharr_sign_in and bool(record.dispatcharr_url)
