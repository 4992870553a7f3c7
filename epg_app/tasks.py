"""Guide work in the background (30 §21): refresh, load programmes of newly linked channels, prune; and what is due."""

import logging
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from django import forms
from django.db.models import Q
from django.urls import reverse

from epg_app import alert_events
from epg_app.delete_source import DELETE_TASK, delete_source, deletion_lock_key
from epg_app.importing.errors import GuideError
from epg_app.load_programmes import load_newly_mapped
from epg_app.mapped_entries import mapping_changed
from epg_app.mirror.bring_programmes import bring_programmes
from epg_app.mirror.refresh_task import refresh_through_server
from epg_app.models import BUSY_STATUSES, SERVER_ONLY_TYPES, GuideSource, SourceType
from epg_app.prune_programmes import prune_all
from epg_app.refresh_source import file_stamp, refresh_source
from epg_app.request_refresh import ALL_KEY, REFRESH_TASK, lock_key
from epg_app.source_lock import SourceBusy
from epg_app.source_state import heal_interrupted
from tasks_app import engine
from tasks_app.mirror.state import is_connected
from tasks_app.models import ACTIVE_STATUSES, TaskRun, Trigger
from tasks_app.parameter_fields import Name, NamesField
from tasks_app.registry import TaskResult, TaskScheduler, register_task
from tasks_app.scheduling.parameters import NOTHING
from tasks_app.ticks import register_due_check

logger = logging.getLogger(__name__)

PRUNE_TASK = "epg_prune"
PRUNE_EVERY = timedelta(hours=24)


@register_task
class RefreshGuides(TaskScheduler):
    """Refreshes some or all guide sources, one after the other."""

    task_id = REFRESH_TASK
    name = "EPG Refresh"
    description = "Fetches guides and exchanges their programmes. Without a choice it takes every guide that is switched on."
    default_parameters = {"source_ids": [], "accept_smaller": False}
    internal_parameters = frozenset({"accept_smaller"})

    @classmethod
    def lock_key(cls, parameters: dict[str, Any]) -> str:
        ids = parameters["source_ids"]
        return lock_key(ids[0]) if len(ids) == 1 else ALL_KEY

    @classmethod
    def title(cls, parameters: dict[str, Any]) -> str:
        ids = parameters["source_ids"]
        if len(ids) != 1:
            return f"{cls.name} – {len(ids)} guides" if ids else f"{cls.name} – all"
        name = GuideSource.objects.filter(pk=ids[0]).values_list("name", flat=True).first()
        return f"{cls.name} – {name}" if name else cls.name

    @classmethod
    def parameter_fields(cls) -> dict[str, forms.Field]:
        words = "All guides that are on, also those added later"
        return {"source_ids": NamesField(names=_guide_names, all_words=words, label="Guides")}

    @classmethod
    def result_link(cls, parameters: dict[str, Any], *, succeeded: bool) -> tuple[str, str] | None:
        ids = parameters.get("source_ids") or []
        if len(ids) == 1 and GuideSource.objects.filter(pk=ids[0]).exists():
            return "Open guide", reverse("guide:source", args=[ids[0]])
        return "Open guides", reverse("guide:sources")

    @classmethod
    def on_interrupted(cls, parameters: dict[str, Any]) -> None:
        heal_interrupted(list(parameters.get("source_ids") or []))

    def _chosen(self) -> list[int]:
        """The guides of this run. What is off is left out (50 §1.2), unless somebody asks for it by hand."""
        chosen = list(self.parameters["source_ids"])
        if chosen and self.user_initiated:
            return [] if chosen == [NOTHING] else chosen
        idle_kinds = (SourceType.DUMMY,) if is_connected() else SERVER_ONLY_TYPES
        on = GuideSource.objects.filter(is_active=True, deleting_since=None).exclude(source_type__in=idle_kinds)
        return list((on.filter(pk__in=chosen) if chosen else on).values_list("pk", flat=True))

    def execute(self) -> TaskResult:
        ids = self._chosen()
        if is_connected():
            return refresh_through_server(ids, self.progress)
        done: list[str] = []
        failed: list[str] = []
        programmes = skipped = 0
        details: dict[str, Any] = {}  # by source id, and what failed
        failed_sources: list[dict[str, Any]] = []
        for source_id in ids:
            self.progress.raise_if_cancelled()
            name = GuideSource.objects.filter(pk=source_id).values_list("name", flat=True).first()
            if name is None:
                failed.append(f"Guide {source_id} no longer exists.")
                continue
            try:
                report = refresh_source(
                    source_id, progress=self.progress, accept_smaller=bool(self.parameters["accept_smaller"])
                )
            except (GuideError, SourceBusy) as error:
                logger.warning("[EPG] Refresh of guide id=%s failed: %s", source_id, error)
                failed.append(f"{name}: {error}")
                failed_sources.append({"id": source_id, "name": name, "message": str(error)})
            else:
                done.append(" ".join([f"{name}: {report.sentence()}", *report.warnings]))
                programmes += report.programmes
                skipped += report.skipped
                details[str(source_id)] = {key: value for key, value in report.as_dict().items() if key != "findings"}
        mapping_changed()  # a failed refresh leaves channels that were linked meanwhile to the next pass
        return TaskResult(
            success=not failed or bool(done),
            message=" ".join([*failed, *done]) or "There is no guide to refresh.",
            success_count=programmes,
            failed_count=len(failed),
            skipped_count=skipped,
            details=details | ({"failed_sources": failed_sources} if failed_sources else {}),
        )


def _guide_names() -> list[Name]:
    guides = GuideSource.objects.filter(deleting_since=None).order_by("name", "pk")
    return [Name(pk, name, "" if is_on else "off") for pk, name, is_on in guides.values_list("pk", "name", "is_active")]


@register_task
class LoadMappedProgrammes(TaskScheduler):
    """Loads the programmes of guide channels that were linked since their guide was imported."""

    task_id = "epg_load_mapped"
    name = "Load guide for new channels"
    description = "Reads the stored guide files once more for channels that were linked to a guide since the last refresh."
    default_parameters: ClassVar[dict[str, Any] | None] = {}

    def execute(self) -> TaskResult:
        if is_connected():
            return bring_programmes(self.progress)
        loaded = load_newly_mapped(progress=self.progress)
        message = f"Loaded {loaded:,} programmes." if loaded else "Every linked channel has its programmes already."
        return TaskResult(success=True, message=message, success_count=loaded)


@register_task
class PruneGuides(TaskScheduler):
    """Deletes programmes outside the window of the settings."""

    task_id = PRUNE_TASK
    name = "Guide clean-up"
    description = "Deletes programmes that are over or that no channel uses any more. Runs once a day."
    quiet = True
    default_parameters: ClassVar[dict[str, Any] | None] = {}

    def execute(self) -> TaskResult:
        deleted = prune_all(progress=self.progress)
        return TaskResult(success=True, message=f"Deleted {deleted:,} programmes.", success_count=deleted)


@register_task
class DeleteGuide(TaskScheduler):
    """Deletes one large guide source."""

    task_id = DELETE_TASK
    name = "Delete guide"
    description = "Removes a guide with its channels and programmes. Started by the Delete button of a guide."
    by_hand = False
    default_parameters: ClassVar[dict[str, Any] | None] = {"source_id": 0}

    @classmethod
    def lock_key(cls, parameters: dict[str, Any]) -> str:
        return deletion_lock_key(int(parameters["source_id"]))

    @classmethod
    def title(cls, parameters: dict[str, Any]) -> str:
        name = GuideSource.objects.filter(pk=parameters["source_id"]).values_list("name", flat=True).first()
        return f"{cls.name} – {name}" if name else cls.name

    def execute(self) -> TaskResult:
        try:
            deletion = delete_source(int(self.parameters["source_id"]), progress=self.progress)
        except GuideSource.DoesNotExist:
            return TaskResult(success=True, message="The guide was deleted already.")
        message = f"Deleted “{deletion.name}” with {deletion.entries:,} guide channels, {deletion.programmes:,} programmes."
        return TaskResult(success=True, message=message, success_count=deletion.programmes)


@register_due_check
def check_due(now: datetime) -> None:
    """Queue what is due: one refresh at a time, since two imports only get in each other's way, and the daily clean-up."""
    active = TaskRun.objects.filter(task_id=REFRESH_TASK, status__in=ACTIVE_STATUSES)
    if not active.exists() and not is_connected():  # a mirrored server has its own rhythm
        if GuideSource.objects.filter(status__in=BUSY_STATUSES).exists():
            heal_interrupted()
        source_id = next_due(now)
        if source_id is not None:
            _start(REFRESH_TASK, {"source_ids": [source_id]})
    last = TaskRun.objects.filter(task_id=PRUNE_TASK).order_by("-pk").values_list("queued_at", flat=True).first()
    if GuideSource.objects.exists() and (last is None or last <= now - PRUNE_EVERY):
        _start(PRUNE_TASK, {})


def next_due(now: datetime) -> int | None:
    """The source that has been due longest: by its rhythm since the last finish, by a retry, or because its file changed."""
    due: list[tuple[datetime, int]] = []
    sources = GuideSource.objects.filter(is_active=True, deleting_since=None).exclude(status__in=BUSY_STATUSES)
    sources = sources.exclude(source_type__in=SERVER_ONLY_TYPES)
    rhythmic = Q(refresh_interval__gt=0) | Q(retry_at__isnull=False)
    for source in sources.filter(rhythmic).only(*_DUE_FIELDS):
        times = [source.retry_at] if source.retry_at else []
        if source.refresh_interval:
            finished = source.last_finished_at or source.created_at
            times.append(finished + timedelta(hours=source.refresh_interval) if source.last_finished_at else finished)
            if _file_changed(source):
                times.append(now)
        moment = min(times)
        if moment <= now:
            due.append((moment, source.pk))
    return min(due)[1] if due else None


_DUE_FIELDS = (
    "source_type",
    "file_path",
    "refresh_interval",
    "last_modified",
    "last_finished_at",
    "last_success_at",
    "created_at",
    "retry_at",
)


def _file_changed(source: GuideSource) -> bool:
    """Whether the file of a source is another one than at the last good import."""
    if source.source_type != SourceType.XMLTV_FILE or source.last_success_at is None:
        return False
    stamp = file_stamp(Path(source.file_path))
    return bool(stamp) and stamp != source.last_modified


def _start(task_id: str, parameters: dict[str, Any]) -> None:
    try:
        engine.start_run(task_id, parameters, triggered_by=Trigger.SCHEDULED)
    except engine.AlreadyRunning:
        logger.debug("[EPG] %s is running already", task_id)


alert_events.register()
