"""What one refresh did, in numbers that add up and in words (20 §2.2 step 9, §23 import report)."""

from dataclasses import dataclass, field
from typing import Any

from ecm_site.masking import mask_text
from ecm_site.wording import counted
from m3u_app.entries import DROP_REASONS, NO_URL, ReadReport


@dataclass
class RefreshReport:
    """Counts of one refresh.

    ``entries`` = ``created`` + ``updated`` + ``unchanged`` + ``filtered`` + ``disabled`` + ``duplicate`` + ``bad`` +
    ``no_url``. ``streams_total`` are the streams that the source contains now; ``stale`` went missing with this refresh
    and are kept for a while, ``removed`` were deleted. ``reconnected`` are those of the updated and
    returned ones that another identity could not hide. ``seconds`` is the time from start to end.
    """

    account_id: int
    entries: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    filtered: int = 0
    disabled: int = 0
    duplicate: int = 0
    bad: int = 0
    no_url: int = 0
    stale: int = 0
    returned: int = 0
    reconnected: int = 0
    removed: int = 0
    removed_in_use: int = 0
    kept_disabled: int = 0
    groups: int = 0
    groups_new: int = 0
    groups_removed: int = 0
    groups_renamed: list[tuple[str, str]] = field(default_factory=list)
    lines_skipped: int = 0
    seconds: float = 0.0
    dropped: dict[str, int] = field(default_factory=dict)
    samples: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def streams_total(self) -> int:
        return self.created + self.updated + self.unchanged

    @property
    def changed_anything(self) -> bool:
        counts = (self.created, self.updated, self.removed, self.stale, self.returned, self.groups_new, self.groups_removed)
        return any(counts) or bool(self.groups_renamed)

    def take_drops(self, read: ReadReport) -> None:
        """Take over what the reader counted."""
        self.entries = read.seen
        self.dropped = dict(read.dropped)
        self.no_url = read.dropped.get(NO_URL, 0)
        self.bad = sum(read.dropped.values()) - self.no_url
        self.samples = {reason: [(line, mask_text(text)) for line, text in found] for reason, found in read.samples.items()}
        self.lines_skipped = read.lines_skipped
        self.notes = list(read.notes)
        if read.lines_skipped:
            self.notes.append(f"{read.lines_skipped:,} lines longer than 64 KB were skipped.")

    def counts(self) -> dict[str, Any]:
        """All numbers as plain values; the first eleven names are the contract of ``import_m3u --json``."""
        return {
            "streams_total": self.streams_total,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "stale": self.stale,
            "removed": self.removed,
            "filtered": self.filtered,
            "bad": self.bad,
            "no_url": self.no_url,
            "groups": self.groups,
            "seconds": round(self.seconds, 3),
            "entries": self.entries,
            "duplicate": self.duplicate,
            "disabled": self.disabled,
            "returned": self.returned,
            "reconnected": self.reconnected,
            "kept_disabled": self.kept_disabled,
            "groups_new": self.groups_new,
            "groups_removed": self.groups_removed,
            "dropped": dict(self.dropped),
        }

    def as_json(self) -> dict[str, Any]:
        """What is kept on the account: the counts, why lines were dropped with samples, notes."""
        return {
            **self.counts(),
            "groups_renamed": [list(names) for names in self.groups_renamed[:100]],
            "samples": {reason: [list(sample) for sample in found] for reason, found in self.samples.items()},
            "reasons": {reason: DROP_REASONS.get(reason, reason) for reason in self.dropped},
            "notes": self.notes,
        }

    def sentence(self) -> str:
        """The message for the operator."""
        text = (
            f"{counted(self.streams_total, 'stream')} in {self.seconds:.1f} s: {self.created:,} new,"
            f" {self.updated:,} changed, {self.stale:,} missing, {self.removed:,} removed."
        )
        if self.reconnected:
            text += f" {self.reconnected:,} of the changed ones have another address or id and kept their place."
        skipped = self.bad + self.no_url
        if skipped:
            text += f" {counted(skipped, 'unusable line')} skipped."
        if self.duplicate:
            text += f" {counted(self.duplicate, 'duplicate')} skipped."
        return " ".join((text, *self.notes))
