"""The last good file of a feed, as it came over the wire (20 §2.2 steps 2 and 3, 30 §3.1)."""

import os
import shutil
from pathlib import Path

from django.conf import settings


class CachedFile:
    """Where the file of one feed is kept. A new download lives beside it until it is accepted.

    ``candidate`` starts as a second name of the good copy, so that a conditional request ("not modified") has something
    to be conditional on; a download replaces only that name.
    """

    def __init__(self, name: str, ending: str) -> None:
        self.path = Path(settings.SOURCE_CACHE_DIR) / f"{name}.{ending}"
        self.candidate = self.path.with_name(f"{name}.candidate")

    def prepare(self, *, conditional: bool) -> None:
        """Make ``candidate`` name the good copy, or nothing at all when the request shall not be conditional."""
        self.candidate.parent.mkdir(parents=True, exist_ok=True)
        self.candidate.unlink(missing_ok=True)
        if conditional and self.path.exists():
            try:
                os.link(self.path, self.candidate)
            except OSError:  # a file system without hard links
                shutil.copyfile(self.path, self.candidate)

    def accept(self) -> None:
        """The candidate is good: it becomes the copy."""
        os.replace(self.candidate, self.path)

    def reject(self) -> None:
        """Forget the candidate, if there still is one; the good copy stays."""
        self.candidate.unlink(missing_ok=True)

    def forget(self) -> None:
        """Remove everything (the feed is deleted)."""
        self.path.unlink(missing_ok=True)
        self.candidate.unlink(missing_ok=True)
