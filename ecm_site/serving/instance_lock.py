"""Keeps two servers off one data folder: two task workers would heal each other's runs."""

import fcntl
import os
from pathlib import Path
from typing import TextIO


class AlreadyServing(Exception):
    """Another process serves this data folder; the message says which one."""


def hold_data_folder(folder: Path, address: str) -> TextIO:
    """Claim ``folder`` until the returned file is closed or the process ends, however it ends.

    Raises :class:`AlreadyServing`.
    """
    file = (folder / "serve.lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "another process"
        file.close()
        raise AlreadyServing(
            f"ECM already runs on the data folder {folder} ({holder}). "
            "Stop that one first, or give this one a folder of its own: CONFIG_DIR=/other/folder"
        ) from None
    file.truncate(0)
    file.write(f"process {os.getpid()}, {address}")
    file.flush()
    return file
