"""What lets a pull skip what did not change (:attr:`tasks_app.models.MirrorPull.mark`)."""

from collections.abc import Iterable, Mapping
from typing import Any

from ecm_site.dispatcharr.shapes import GuideSource as ServerSource
from tasks_app.models import MirrorPull

SourceMarks = dict[str, list[Any]]


def source_marks(rows: Iterable[ServerSource], here: Mapping[int, int]) -> SourceMarks:
    """Changes whenever a source has been refreshed, came or went – there, or here (remote id → local id)."""
    return {
        str(row["id"]): [row.get("updated_at"), row.get("epg_data_count"), row.get("source_type"), here.get(row["id"])]
        for row in rows
    }


def read_mark(kind: str) -> dict[str, Any]:
    """The mark of the last pull that was seen through; empty before the first."""
    found = MirrorPull.objects.filter(kind=kind).values_list("mark", flat=True).first()
    return found if isinstance(found, dict) else {}


def save_mark(kind: str, mark: dict[str, Any]) -> None:
    MirrorPull.objects.update_or_create(kind=kind, defaults={"mark": mark})
