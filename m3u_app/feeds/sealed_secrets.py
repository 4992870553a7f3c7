"""Secrets typed into a form that came back with errors: they travel encrypted, never readable, in a hidden box."""

import json

from ecm_site.crypto import PREFIX, SecretUnreadable, decrypt, encrypt


def seal(secrets: dict[str, str], purpose: str) -> str:
    """For forms of the same ``purpose``. Empty when there is nothing to keep."""
    return encrypt(json.dumps({"for": purpose, **secrets})) if secrets else ""


def unseal(sealed: str, purpose: str) -> dict[str, str]:
    """What was sealed. What is not ours or cannot be read is as good as empty."""
    if not sealed.startswith(PREFIX):
        return {}
    try:
        content = json.loads(decrypt(sealed))
    except (SecretUnreadable, ValueError):
        return {}
    if not isinstance(content, dict) or content.get("for") != purpose:
        return {}
    return {key: str(value) for key, value in content.items()}
