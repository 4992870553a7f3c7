"""What must not happen twice at once, in however many processes."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings


@contextmanager
def only_one(name: str, refusal: Exception) -> Iterator[int]:
    """Hold the lock ``name`` of this house; what is yielded is its open file. The kernel gives it back when its holder dies.

    Raises ``refusal`` at once while anybody else holds it.
    """
    handle = os.open(Path(settings.CONFIG_DIR) / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise refusal from None
        yield handle
    finally:
        os.close(handle)
