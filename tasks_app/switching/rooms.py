"""What an app has to say and to do when the house changes sides."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.wording import counted
from tasks_app.progress import Progress

SAMPLES = 5


@dataclass(frozen=True)
class Stock:
    """Things of one sort that are here: ``noun`` in the singular, some names for the preview."""

    noun: str
    count: int
    samples: tuple[str, ...] = ()
    plural: str = ""

    @property
    def words(self) -> str:
        return counted(self.count, self.noun, self.plural)


class Room(ABC):
    """One app's part in switching."""

    position: ClassVar[int]
    """Order of clearing: what refers to others goes first."""

    @abstractmethod
    def stock(self) -> list[Stock]:
        """What is here, counted; a constant number of queries."""

    @abstractmethod
    def clear(self, progress: Progress) -> None:
        """Remove all of it, in short turns. May be called again after it was interrupted."""

    def server_bound(self) -> list[Stock]:
        """What only makes sense with the server or providers it came from and goes with them (50 S-4)."""
        return []

    def asleep_alone(self) -> list[str]:
        """Sentences about what will rest in standalone mode because ECM cannot do it by itself."""
        return []

    def leave(self, progress: Progress) -> None:
        """The server is let go: what was mirrored becomes our own."""
        return

    def held(self) -> dict[str, int]:
        """Counts that bringing this lineup to a server must not make smaller unsaid, by the noun in the plural."""
        return {}

    def make_ready(self, progress: Progress) -> None:
        """Change what would meet with something on the server that does the same. After the backup, before anything is noted
        for bringing it there. May be called again."""
        return

    def missing_there(self) -> list[str]:
        """Sentences about what a server will not have after this lineup was brought to it."""
        return []

    def settle_there(self, client: Dispatcharr, progress: Progress) -> None:
        """Wait until the server knows what was just created there well enough to be told more about it."""
        return

    def refresh_there(self, client: Dispatcharr, progress: Progress) -> None:
        """Have the server fetch what was just brought to it, and wait until it has. Raises ``DispatcharrError``."""
        return


_rooms: dict[str, Room] = {}


def register_room(name: str, room: Room) -> None:
    """Apps do it in ``AppConfig.ready()``."""
    _rooms[name] = room


def all_rooms() -> list[Room]:
    """In the order of clearing."""
    return sorted(_rooms.values(), key=lambda room: room.position)
