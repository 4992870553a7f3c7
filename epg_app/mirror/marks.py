"""What lets a pull skip what did not change (:attr:`tasks_app.models.MirrorPull.mark`)."""

from collections.abc import Iterable
from typing import Any

from ecm_site.dispatcharr.shapes import GuideSource as ServerSource
from tasks_app.models import MirrorPull

SourceMarks = dict[str, list[Any]]


def source_marks(rows: Iterable[ServerSource]) -> SourceMarks:
    """Changes whenever a source has been refreshed, came or went."""
    return {str(row["id"]): [row.get("updated_at"), row.get("epg_data_count"), row.get("source_type")] for row in rows}


def read_mark(kind: str) -> dict[str, Any]:
    """The mark of the last pull that was seen through; empty before the first."""
    found = MirrorPull.objects.filter(kind=kind).values_list("mark", flat=True).first()
    return found if isinstance(found, dict) else {}


def save_mark(kind: str, mark: dict[str, Any]) -> None:
    MirrorPull.objects.update_or_create(kind=kind, defaults={"mark": mark})


def forget_mark(kind: str) -> None:
    """Let the next pull look at everything."""
    MirrorPull.objects.filter(kind=kind).update(mark={})
