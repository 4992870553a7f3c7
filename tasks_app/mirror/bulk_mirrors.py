"""What is only read from the server, in masses: streams, guide entries, programmes. No links, no outbox; one step each."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from ecm_site.dispatcharr.client import Dispatcharr
from tasks_app.mirror.kinds import LinkBook
from tasks_app.progress import Progress


@dataclass
class PullCounts:
    """What one step of a pull found and did."""

    seen: int = 0
    created: int = 0
    updated: int = 0
    deleted: int = 0
    conflicts: int = 0
    skipped: int = 0
    """Rows that were known to be unchanged and not read."""
    left_out: int = 0
    """Rows of the server that could not be understood."""
    notes: list[str] = field(default_factory=list)
    """Sentences for the operator."""


@dataclass(frozen=True)
class BulkMirror:
    """``pull`` brings everything over; ``locals_of``/``remotes_of`` translate ids for other kinds (None = nobody asks)."""

    name: str
    label: str
    position: int
    pull: Callable[[Dispatcharr, LinkBook, Progress], PullCounts]
    locals_of: Callable[[Collection[int]], dict[int, int]] | None = None
    remotes_of: Callable[[Collection[int]], dict[int, int]] | None = None
    owners: Callable[[Collection[int]], dict[int, tuple[str, int]]] | None = None
    """Local id → kind and local id of the row without which the server does not have it: a stream's account."""
    held: Callable[[Collection[int]], Collection[int]] | None = None
    """Those of these local ids that the server has lost and that stay here until somebody says yes."""


_mirrors: dict[str, BulkMirror] = {}


def register_bulk_mirror(mirror: BulkMirror) -> None:
    """Apps do it in ``AppConfig.ready()``."""
    _mirrors[mirror.name] = mirror


def all_bulk_mirrors() -> list[BulkMirror]:
    return sorted(_mirrors.values(), key=lambda mirror: mirror.position)
