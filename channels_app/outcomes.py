"""What a use case did, as plain values: pages make a message and an undo button of it, commands print it."""

from dataclasses import dataclass, field

from tasks_app.models import JournalEntry


@dataclass
class Outcome:
    """``entry_id`` is the first journal entry of the change, or None when nothing changed; ``warnings`` are sentences."""

    message: str
    batch_id: str = ""
    entry_id: int | None = None
    channel_ids: list[int] = field(default_factory=list)
    group_ids: list[int] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return bool(self.channel_ids or self.group_ids)

    def note(self, entries: list[JournalEntry]) -> None:
        """Remember the first of the journal entries just written."""
        if entries and self.entry_id is None:
            self.entry_id = entries[0].pk
