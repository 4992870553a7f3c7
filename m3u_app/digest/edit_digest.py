"""Use case: decide about the digest. Journalled, can be taken back, and the frequency makes a real schedule (50 §5.8)."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from m3u_app.digest.models import DigestRecord, DigestTarget, Frequency, Target
from m3u_app.digest.values import RECORD_ID, DigestSettings, InvalidDigest, checked, settings_of
from tasks_app import journal
from tasks_app.models import JournalEntry
from tasks_app.scheduling.edit_schedules import create_schedule, switch_schedule, update_schedule
from tasks_app.undo import UndoConflict, register_undo

logger = logging.getLogger(__name__)

DIGEST_TASK = "m3u_digest"
ENTITY = "m3u_digest"
SCHEDULE_NAME = "M3U digest"
HOURLY_AT = "5 * * * *"
_SCHEDULING = ("enabled", "frequency", "send_time", "send_weekday")


@dataclass(frozen=True)
class DigestChange:
    """``names`` of what really changed; ``entry_id`` of the journal entry that can be undone."""

    settings: DigestSettings
    names: tuple[str, ...] = ()
    entry_id: int | None = None


def change_digest(values: Mapping[str, Any], *, now: datetime | None = None) -> DigestChange:
    """Store ``values`` over what is stored. Raises :class:`InvalidDigest`; then nothing is saved.

    A frequency makes or changes the schedule that belongs to it; immediate digests and a digest that is off have none that
    is on. What is switched on now begins one period back, so that nobody gets the changes of months.
    """
    now = now or timezone.now()
    with transaction.atomic():
        record = _record()
        before = settings_of(record)
        after = checked(values, before)
        changed = tuple(name for name in before.values() if getattr(before, name) != getattr(after, name))
        entry = None
        if changed:
            for name in changed:
                setattr(record, name, after.values()[name])
            entry = journal.log_entry(
                "m3u",
                "update",
                entity_type=ENTITY,
                entity_id=RECORD_ID,
                entity_name="M3U digest",
                description=f"Changed the M3U digest: {', '.join(changed).replace('_', ' ')}",
                before={name: before.values()[name] for name in changed},
                after={name: after.values()[name] for name in changed},
                undoable=True,
            )
            _open_targets(before, after, now)
        if _needs_scheduling(record, after, changed):
            _schedule(record, after, now)
        record.save()
    if changed:
        logger.info("[M3U-DIGEST] Changed %s", ", ".join(changed))
    return DigestChange(after, changed, entry.pk if entry else None)


def undo_digest(entry: JournalEntry) -> None:
    """Put back what the entry changed. Raises :class:`UndoConflict` when it was changed again since."""
    before, after = entry.before_value or {}, entry.after_value or {}
    current = settings_of(_record()).values()
    altered = sorted(name for name, value in after.items() if current.get(name) != value)
    if altered:
        raise UndoConflict(f"{', '.join(altered).replace('_', ' ')} was changed since.")
    try:
        change_digest(before)
    except InvalidDigest as problem:
        raise UndoConflict(str(problem)) from None


def register() -> None:
    """Called when the app starts."""
    register_undo(ENTITY, undo_digest, admin_only=True)


def _record() -> DigestRecord:
    return DigestRecord.objects.filter(pk=RECORD_ID).select_related("schedule").first() or DigestRecord(pk=RECORD_ID)


def _open_targets(before: DigestSettings, after: DigestSettings, now: datetime) -> None:
    """What is switched on begins a period back; marks stay, so nothing is told twice."""
    live = set(before.targets) if before.enabled else set()
    for target in after.targets if after.enabled else ():
        if target not in live:
            open_target(target, after, now)


def open_target(target: Target, settings: DigestSettings, now: datetime) -> DigestTarget:
    """Let ``target`` begin one period before ``now``."""
    opened = now - settings.period
    return DigestTarget.objects.update_or_create(target=target, defaults={"opened_at": opened})[0]


def _needs_scheduling(record: DigestRecord, after: DigestSettings, changed: tuple[str, ...]) -> bool:
    """Only a decision about the time touches the schedule: the operator may have changed it since in his own way."""
    missing = after.enabled and after.frequency != Frequency.IMMEDIATE and record.schedule is None
    return missing or any(name in changed for name in _SCHEDULING)


def _schedule(record: DigestRecord, settings: DigestSettings, now: datetime) -> None:
    rule = schedule_rule(settings)
    if not settings.enabled or rule is None:
        if record.schedule is not None and record.schedule.enabled:
            switch_schedule(record.schedule.pk, False, now=now)
        return
    values = {"name": SCHEDULE_NAME, "enabled": True, **rule}
    if record.schedule is None:
        record.schedule = create_schedule(DIGEST_TASK, values, now=now)
    else:
        record.schedule = update_schedule(record.schedule.pk, values, now=now)


def schedule_rule(settings: DigestSettings) -> dict[str, Any] | None:
    """The schedule of a frequency, in the operator's time zone; None for immediate digests (20 §11)."""
    if settings.frequency == Frequency.HOURLY:
        return {"schedule_type": "cron", "cron_expression": HOURLY_AT}
    if settings.frequency == Frequency.DAILY:
        return {"schedule_type": "daily", "schedule_time": settings.send_time}
    if settings.frequency == Frequency.WEEKLY:
        return {"schedule_type": "weekly", "schedule_time": settings.send_time, "days_of_week": [settings.send_weekday]}
    return None
