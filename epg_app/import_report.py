"""What an import of a guide did, in numbers (30 §3.1 step 8, §22: numbers stay numbers)."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class ImportReport:
    """``programmes`` = stored now for this source. ``skipped`` = in the file but not stored, whatever the reason."""

    source_id: int
    entries: int = 0
    entries_created: int = 0
    entries_updated: int = 0
    entries_removed: int = 0
    entries_kept: int = 0
    """Mapped entries that are no longer in the feed."""
    mapped: int = 0
    """Entries of the source that channels use."""
    programmes: int = 0
    programmes_written: int = 0
    """Rows that were new or different."""
    programmes_removed: int = 0
    in_file: int = 0
    """Readable programmes of the file."""
    unmapped: int = 0
    outside_window: int = 0
    unreadable: int = 0
    """Dropped: no start, no channel, no duration, doubles."""
    file_bytes: int = 0
    seconds: float = 0.0
    not_modified: bool = False
    damaged_line: int | None = None
    warnings: list[str] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    """Rows of :meth:`epg_app.importing.findings.Findings.as_rows`."""

    @property
    def skipped(self) -> int:
        return self.unmapped + self.outside_window + self.unreadable

    @property
    def changed_something(self) -> bool:
        return bool(
            self.entries_created
            or self.entries_updated
            or self.entries_removed
            or self.programmes_written
            or self.programmes_removed
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self) | {"skipped": self.skipped}

    def sentence(self) -> str:
        """The message on the row of the source (30 §3.1 step 8)."""
        if self.not_modified:
            return f"Not changed since the last refresh; {self.programmes:,} programmes."
        text = f"{self.programmes:,} programmes for {self.mapped:,} of {self.entries:,} guide channels"
        if self.unmapped:
            text += f", {self.unmapped:,} skipped (no channel uses them)"
        if not self.mapped and not self.programmes:
            text += ". Link channels to this guide to load programmes"
        return f"{text}."
