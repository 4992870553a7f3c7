"""What the page of one guide shows: what its last import found, and its recent runs (30 §2, §3.1)."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from epg_app.mapped_entries import mapped_ids
from epg_app.models import GuideEntry
from epg_app.raw_sql import fetch_all, id_list, stored_time
from epg_app.source_rows import SourceRow, recent_runs, source_row
from m3u_app.providers.loose_values import count_of
from tasks_app.models import TaskRun

_COUNTS = (
    ("Guide channels", "entries"),
    ("New", "entries_created"),
    ("Changed", "entries_updated"),
    ("Gone from the feed, deleted", "entries_removed"),
    ("Gone from the feed, kept because a channel uses them", "entries_kept"),
    ("Programmes in the file", "in_file"),
    ("Stored", "programmes"),
    ("Written, because new or different", "programmes_written"),
    ("Not stored, no channel uses them", "unmapped"),
    ("Outside the days that are kept", "outside_window"),
    ("Could not be used", "unreadable"),
)
_OFTEN_ZERO = {"entries_created", "entries_updated", "entries_removed", "entries_kept", "outside_window", "unreadable"}


@dataclass(frozen=True)
class FindingGroup:
    """Findings with the same consequence."""

    title: str
    tone: str
    rows: list[dict[str, Any]]
    """As :meth:`epg_app.importing.findings.Findings.as_rows` wrote them; samples are not masked yet."""


@dataclass(frozen=True)
class SourcePage:
    """Everything on the page; addresses, messages and warnings are masked."""

    row: SourceRow
    counts: list[tuple[str, int]]
    file_bytes: int
    seconds: float
    warnings: list[str]
    findings: list[FindingGroup]
    vanished: int
    """Entries that channels use but the feed no longer has."""
    silent: int
    """Used entries without a programme from now on."""
    runs: list[TaskRun]


_GROUPS = (
    ("damage", "The file is damaged", "danger"),
    ("skipped", "Skipped", "warning"),
    ("repaired", "Repaired, nothing lost", "secondary"),
    ("noted", "Noticed", "secondary"),
)


def read_source_page(source_id: int) -> SourcePage | None:
    """Everything the page needs; None when there is no such source. The number of queries is fixed."""
    row = source_row(source_id)
    if row is None:
        return None
    stored = row.source.last_report
    report: dict[str, Any] = stored if isinstance(stored, dict) else {}
    seconds = report.get("seconds")
    return SourcePage(
        row=row,
        counts=[
            (words, report[key])
            for words, key in _COUNTS
            if isinstance(report.get(key), int) and (report[key] or key not in _OFTEN_ZERO)
        ],
        file_bytes=count_of(report.get("file_bytes")),
        seconds=seconds if isinstance(seconds, int | float) else 0.0,
        warnings=row.warnings,
        findings=_grouped(report.get("findings")),
        vanished=GuideEntry.objects.filter(source_id=source_id, in_feed=False).count(),
        silent=_silent_entries(source_id),
        runs=recent_runs(source_id),
    )


def _grouped(findings: Any) -> list[FindingGroup]:
    """By consequence, worst first. What another version wrote differently is left out."""
    rows = [row for row in findings if isinstance(row, dict)] if isinstance(findings, list) else []
    groups = [
        FindingGroup(title, tone, [row for row in rows if row.get("effect") == effect]) for effect, title, tone in _GROUPS
    ]
    return [group for group in groups if group.rows]


def _silent_entries(source_id: int) -> int:
    sql = (
        "SELECT COUNT(*) FROM epg_app_guideentry e WHERE e.source_id = %s AND e.programmes_loaded"
        " AND e.id IN (SELECT value FROM json_each(%s))"
        " AND NOT EXISTS (SELECT 1 FROM epg_app_programme p WHERE p.entry_id = e.id AND p.stop > %s)"
    )
    return int(fetch_all(sql, [source_id, id_list(mapped_ids()), stored_time(timezone.now())])[0][0])
