"""What one delivery did, and what it could not do."""

from dataclasses import dataclass, field

from ecm_site.wording import counted

Key = tuple[str, int]
"""Kind and local id."""


@dataclass(frozen=True)
class Held:
    """A row that cannot be delivered, or that waits for another one. ``after``: how many had been delivered by then."""

    version: int
    reason: str
    refused: bool
    after: int


@dataclass
class DeliveryReport:
    """Numbers of rows. ``trouble``: why everything stopped, "" = it did not."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    adopted: int = 0
    parked: int = 0
    postponed: int = 0
    faults: int = 0
    conflicts: int = 0
    trouble: str = ""
    held: dict[Key, Held] = field(default_factory=dict)
    faulty: set[Key] = field(default_factory=set)
    """Rows on which the server, or we, failed: not tried again in this run."""

    broken: dict[str, str] = field(default_factory=dict)
    """Kinds on which ECM itself failed, with a sentence each."""

    @property
    def delivered(self) -> int:
        return self.created + self.updated + self.deleted + self.adopted

    @property
    def words(self) -> str:
        """ "Delivered 3 changes, 1 cannot be delivered." """
        parts = [f"Delivered {counted(self.delivered, 'change')}" if self.delivered else "Nothing was delivered"]
        if self.parked:
            parts.append(f"{self.parked:,} cannot be delivered")
        if self.conflicts:
            parts.append(f"{counted(self.conflicts, 'row was', 'rows were')} changed on both sides")
        if self.postponed + self.faults:
            parts.append(f"{self.postponed + self.faults:,} will be tried again")
        return " ".join([f"{', '.join(parts)}.", *self.broken.values()])
