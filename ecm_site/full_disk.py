"""A disk without room, recognised in one place and worded in one place."""

import errno

from django.conf import settings
from django.db import OperationalError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def is_full_disk(error: BaseException | None) -> bool:
    """Whether ``error``, or what led to it, is a disk that takes no more. SQLite says of some of them only that a write failed:
    a failing disk looks the same, and what has to be done first is the same as well."""
    for _ in range(5):
        if error is None:
            return False
        if isinstance(error, OperationalError):
            text = str(error)
            return "disk is full" in text or "disk I/O error" in text
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        error = error.__cause__
    return False


def full_disk(*, then: str) -> str:
    """The sentence for everybody. ``then`` completes “Make room there, then …”, and may go on after that."""
    return f"The disk is full or fails: nothing can be written to {settings.CONFIG_DIR}. Make room there, then {then}"
