"""Which entries of the journal are meant."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q, QuerySet

from tasks_app.models import JournalEntry


@dataclass(frozen=True)
class JournalFilter:
    """All parts apply together; empty ones do not filter. ``entity_id`` means something together with ``category`` only."""

    category: str = ""
    action: str = ""
    since: datetime | None = None
    until: datetime | None = None
    user_initiated: bool | None = None
    batch_id: str = ""
    entity_id: int | None = None
    text: str = ""

    @property
    def folds_batches(self) -> bool:
        """Whether a batch shows as one line: not when single entries are being looked for."""
        return not (self.batch_id or self.action or self.text or self.entity_id is not None)

    @property
    def is_tallied(self) -> bool:
        """Whether :mod:`tasks_app.journal_tally` can count it."""
        return not (self.batch_id or self.text or self.entity_id is not None)

    @property
    def narrows(self) -> bool:
        """Whether anything but the text filters."""
        return self.without_text() != JournalFilter()

    def without_text(self) -> "JournalFilter":
        return replace(self, text="")

    def entries(self) -> QuerySet[JournalEntry]:
        """Entries that match everything but the text, newest first."""
        entries = JournalEntry.objects.order_by("-timestamp", "-id")
        if self.category:
            entries = entries.filter(category=self.category)
        if self.action:
            entries = entries.filter(action_type=self.action)
        if self.since is not None:
            entries = entries.filter(timestamp__gte=self.since)
        if self.until is not None:
            entries = entries.filter(timestamp__lte=self.until)
        if self.user_initiated is not None:
            entries = entries.filter(user_initiated=self.user_initiated)
        if self.batch_id:
            entries = entries.filter(batch_id=self.batch_id)
        if self.entity_id is not None:
            entries = entries.filter(entity_id=self.entity_id)
        return entries

    def spellings(self) -> list[str]:
        """The text in the spellings to look for row by row.

        SQLite folds the case of plain letters only; for é and Ж the usual spellings are asked for one by one.
        """
        if self.text.isascii():
            return [self.text]
        return sorted({self.text, self.text.lower(), self.text.upper(), self.text.title()})

    def contains_text(self) -> Q:
        """The text in name or description, looked for row by row."""
        found = Q()
        for spelling in self.spellings():
            found |= Q(entity_name__icontains=spelling) | Q(description__icontains=spelling)
        return found
