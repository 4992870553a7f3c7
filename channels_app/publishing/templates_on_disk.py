"""Writes texts with placeholders for this server's address."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from channels_app.publishing.generation import Template
from channels_app.publishing.playlist_text import BASE

BATCH_BYTES = 262_144


def write_template(folder: Path, name: str, parts: Iterable[str]) -> Template:
    """Write ``parts`` one after another into ``folder``/``name``; complete and on disk when this returns."""
    placeholder = BASE.encode()
    digest = hashlib.blake2b(digest_size=16)
    size = bases = 0
    with (folder / name).open("wb", buffering=BATCH_BYTES) as file:
        for part in parts:
            data = part.encode("utf-8", errors="replace")
            file.write(data)
            digest.update(data)
            size += len(data)
            bases += data.count(placeholder)
        file.flush()
        os.fsync(file.fileno())
    return Template(name, size, bases, digest.hexdigest())
