"""What the list of guide sources shows (30 §2.1). The number of queries does not grow with sources or entries."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import QuerySet
from django.db.models.functions import Cast

from ecm_site.conf import get_settings
from ecm_site.crypto import SecretUnreadable, decrypt
from ecm_site.masking import mask_text
from epg_app.delete_source import deletion_lock_key
from epg_app.find_source import SECRET_FIELDS
from epg_app.models import GuideSource, SourceType
from epg_app.request_refresh import ALL_KEY, lock_key
from m3u_app.feeds.rows import UNREADABLE, FeedRow, bytes_done, items_done, with_time_left
from m3u_app.providers.loose_values import count_of, text_of
from m3u_app.store_upload import display_name
from tasks_app.models import TaskRun
from tasks_app.queries import active_runs

logger = logging.getLogger(__name__)

_BYTE_PHASES = ("download", "unpack", "reading")
_BADGES = {
    SourceType.XMLTV.value: "Address",
    SourceType.XMLTV_FILE.value: "File",
    SourceType.SCHEDULES_DIRECT.value: "Schedules Direct",
    SourceType.DUMMY.value: "Generated",
}


@dataclass(frozen=True)
class Smaller:
    """A sharply smaller guide that waits for a yes; counts are programmes in the file."""

    before: int
    after: int

    @property
    def percent_left(self) -> int:
        return round(100 * self.after / self.before) if self.before else 0


@dataclass(frozen=True)
class SourceRow(FeedRow):
    """One line of the EPG Manager. ``address`` is masked, empty when addresses are hidden; ``copyable`` is the same when
    nothing had to be masked in an address."""

    source: GuideSource
    address: str
    copyable: str
    run: TaskRun | None
    """The run that works on the source or will: its own, its deletion, or one that takes all sources in turn."""

    @property
    def badge(self) -> str:
        return _BADGES.get(self.source.source_type, self.source.source_type)

    @property
    def feed(self) -> GuideSource:
        return self.source

    @property
    def work_done(self) -> str:
        """Bytes while a file is read, else what is counted."""
        run = self.run
        if run is None or run.current <= 0:
            return ""
        return with_time_left(bytes_done(run) if run.phase.lower().startswith(_BYTE_PHASES) else items_done(run), run)

    @property
    def shares_run(self) -> bool:
        return self.run is not None and self.run.lock_key == ALL_KEY

    @property
    def is_waiting_in_line(self) -> bool:
        return self.shares_run and not self.source.is_busy

    @property
    def is_held_back(self) -> bool:
        return self.smaller is not None

    @property
    def smaller(self) -> Smaller | None:
        return read_smaller(self.source.held_back)

    @property
    def warnings(self) -> list[str]:
        report = self.source.last_report
        found = report.get("warnings") if isinstance(report, Mapping) else None
        return [mask_text(text_of(text)) for text in found] if isinstance(found, list) else []

    @property
    def can_refresh(self) -> bool:
        return self.source.is_active and not self.is_busy and not self.is_deleting and not self.is_generated

    @property
    def is_generated(self) -> bool:
        """Made by the mirrored server itself: there is nothing to refresh."""
        return self.source.source_type == SourceType.DUMMY


def read_smaller(stored: Any) -> Smaller | None:
    """What waits for an answer, or None."""
    if not isinstance(stored, Mapping) or not stored:
        return None
    return Smaller(count_of(stored.get("before")), count_of(stored.get("after")))


def visible_sources() -> QuerySet[GuideSource]:
    """All sources in list order. Secrets are not loaded: a lost key file must not cost the page."""
    return GuideSource.objects.defer(*SECRET_FIELDS).annotate(stored_url=Cast("url", models.TextField()))


def source_rows(*, text: str = "", ids: Collection[int] | None = None) -> list[SourceRow]:
    """Rows by priority, the highest first. Two queries."""
    sources = visible_sources()
    if text:
        sources = sources.filter(name__icontains=text)
    if ids is not None:
        sources = sources.filter(pk__in=ids)
    runs = active_runs()  # first, see there
    found = list(sources)
    return [_row(source, _run_of(source, runs)) for source in found]


def source_row(source_id: int) -> SourceRow | None:
    return next(iter(source_rows(ids=[source_id])), None)


def source_total() -> int:
    return GuideSource.objects.count()


def recent_runs(source_id: int, *, limit: int = 10) -> list[TaskRun]:
    return list(TaskRun.objects.filter(lock_key=lock_key(source_id)).order_by("-pk")[:limit])


def shown_address(source: GuideSource) -> str:
    """Where the guide comes from, without logins; empty when addresses are hidden. Of a source of :func:`visible_sources`."""
    return "" if get_settings().hide_epg_urls else mask_text(_address(source))


def _row(source: GuideSource, run: TaskRun | None) -> SourceRow:
    if get_settings().hide_epg_urls:
        return SourceRow(source, address="", copyable="", run=run)
    address = _address(source)
    masked = mask_text(address)
    can_copy = source.source_type == SourceType.XMLTV and address == masked and address != UNREADABLE
    return SourceRow(source, address=masked, copyable=address if can_copy else "", run=run)


def _address(source: GuideSource) -> str:
    if source.source_type == SourceType.XMLTV_FILE:
        return display_name(source.file_path)
    try:
        return decrypt(getattr(source, "stored_url", ""))
    except SecretUnreadable:
        logger.warning("[EPG] The address of guide source id=%s cannot be read with this key file", source.pk)
        return UNREADABLE


def _run_of(source: GuideSource, runs: dict[str, TaskRun]) -> TaskRun | None:
    """A deletion waits for the refresh to stop; while both exist, the deletion is what the row tells about."""
    own = runs.get(deletion_lock_key(source.pk)) or runs.get(lock_key(source.pk))
    if own is not None:
        return own
    shared = runs.get(ALL_KEY)
    if shared is None or not source.is_active:
        return None
    chosen = shared.parameters.get("source_ids") or []
    if chosen and source.pk not in chosen:
        return None
    its_turn_is_over = source.last_finished_at is not None and source.last_finished_at >= shared.queued_at
    return shared if source.is_busy or not its_turn_is_over else None
