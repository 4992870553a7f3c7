"""The two keys of an install: one signs cookies, one encrypts stored secrets (DESIGN §3).

Both are made once in the data folder and readable by their owner alone. They are separate so that signing keys can be
rotated without losing every provider password.
"""

import os
import secrets
from pathlib import Path


def read_or_create_key(path: Path) -> str:
    """Return the key kept at ``path``, making it on first use. Safe when two processes start together."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_complete(path)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        key = secrets.token_urlsafe(48)
        file.write(key)
    return key


def _read_complete(path: Path) -> str:
    key = path.read_text(encoding="ascii").strip()
    if len(key) < 32:
        raise RuntimeError(f"{path} is damaged (too short). Restore it from a backup; deleting it loses stored passwords.")
    return key
