"""Secrets typed into a form that came back with errors: they travel encrypted, never readable, in a hidden box."""

import json

from ecm_site.crypto import PREFIX, SecretUnreadable, decrypt, encrypt

_SEALED_FOR = "guide-form"


def seal(secrets: dict[str, str]) -> str:
    """Empty when there is nothing to keep."""
    kept = {key: value for key, value in secrets.items() if value}
    return encrypt(json.dumps({"for": _SEALED_FOR, **kept})) if kept else ""


def unseal(sealed: str) -> dict[str, str]:
    """What was sealed. What is not ours or cannot be read is as good as empty."""
    if not sealed.startswith(PREFIX):
        return {}
    try:
        content = json.loads(decrypt(sealed))
    except (SecretUnreadable, ValueError):
        return {}
    if not isinstance(content, dict) or content.get("for") != _SEALED_FOR:
        return {}
    return {key: str(value) for key, value in content.items()}
