"""Remembers what a step of the launcher was done for, so that the next start skips it."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def of_contents(paths: Iterable[Path], *extra: str) -> str:
    """Return a mark that changes with the content of a file, or with ``extra``."""
    digest = hashlib.sha256("\0".join(extra).encode())
    for path in paths:
        digest.update(path.name.encode())
        digest.update(path.read_bytes() if path.is_file() else b"(missing)")
    return digest.hexdigest()


def of_tree(folders: Iterable[Path], suffixes: tuple[str, ...], *extra: str) -> str:
    """Return a mark that changes when a file below ``folders`` comes, goes or is written. Reads no contents."""
    digest = hashlib.sha256("\0".join(extra).encode())
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in suffixes and path.is_file():
                stat = path.stat()
                digest.update(f"{path}\0{stat.st_mtime_ns}\0{stat.st_size}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


class Stamp:
    """One step's mark in a file. A step that fails leaves no mark, so it is repeated."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def matches(self, mark: str) -> bool:
        return self.path.is_file() and self.path.read_text(encoding="ascii") == mark

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)

    def write(self, mark: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(mark, encoding="ascii")
