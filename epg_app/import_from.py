"""Import from a guide named on the command line: find or make its source, then refresh it here."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from epg_app.create_source import create_source
from epg_app.edit_source import edit_source
from epg_app.find_source import find_source
from epg_app.models import GuideSource, SourceType
from epg_app.request_refresh import REFRESH_TASK
from epg_app.source_values import FIELDS, SourceRefused, SourceValues
from tasks_app.engine import run_here
from tasks_app.models import TaskRun

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


@dataclass(frozen=True)
class ChosenSource:
    """``is_new``: it was made just now. ``source_changed``: it existed and now reads another guide."""

    source_id: int
    is_new: bool
    source_changed: bool


def choose_source(place: str, name: str, *, keep_unmapped: bool) -> ChosenSource:
    """Return the source called ``name``, reading from ``place`` (an address or a path on this machine).

    A missing source is made. An existing one that reads from elsewhere is switched to ``place``; one that is switched off
    is switched on. ``keep_unmapped`` only ever switches that choice on. Raises :class:`SourceRefused`.
    """
    where: dict[str, Any] = {"source_type": SourceType.XMLTV.value, "url": place, "file_path": ""}
    if not _ADDRESS.match(place):
        where |= {"source_type": SourceType.XMLTV_FILE.value, "url": "", "file_path": str(Path(place).resolve())}
    known = GuideSource.objects.filter(name__iexact=name, deleting_since=None).values_list("pk", flat=True).first()
    if known is None:
        values = SourceValues(name=name, keep_unmapped=keep_unmapped, any_path=True)
        return ChosenSource(create_source(replace(values, **where)).pk, is_new=True, source_changed=False)
    existing = find_source(known)
    present: dict[str, Any] = {field: getattr(existing, field) for field in FIELDS}
    wanted = {**present, **where, "keep_unmapped": existing.keep_unmapped or keep_unmapped, "is_active": True}
    edit = edit_source(existing.pk, SourceValues(**wanted, any_path=True), may_change_type=True)
    moved = bool({"url", "file_path"} & set(edit.changed))
    return ChosenSource(existing.pk, is_new=False, source_changed=moved)


def refresh_here(source_id: int, *, accept_smaller: bool) -> TaskRun:
    """Refresh the source in this process and return its finished run. Raises ``engine.AlreadyRunning``."""
    return run_here(REFRESH_TASK, {"source_ids": [source_id], "accept_smaller": accept_smaller})


__all__ = ["ChosenSource", "SourceRefused", "choose_source", "refresh_here"]
