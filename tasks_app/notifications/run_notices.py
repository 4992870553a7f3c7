"""What the bell tells about runs (N-1, N-2, N-3): one line per run, live while it works, then its outcome.

Who gets a live line: a run that somebody or a schedule started, of a task whose bell is on. Quiet are

- runs that a change asked for (publishing after every few edits),
- runs inside another run (each account of "refresh all accounts"): the outer one counts them,
- by schedule: tasks that say so (:attr:`~tasks_app.registry.TaskScheduler.quiet`), and what ran less than half an hour ago.

Of a quiet run only a failure is told. One that was merely interrupted is not: it is asked for again by itself, or the outer
run tells it. The same failure again within ten minutes counts up instead of adding a line (N-4). Of work that a schedule
repeats, the newest success replaces the one before: the Tasks page has the history.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from tasks_app.models import ACTIVE_STATUSES, Notification, NotificationKind, RunStatus, Task, TaskRun, Trigger
from tasks_app.notifications import store
from tasks_app.notifications.notify import REPEATS_WITHIN
from tasks_app.registry import TaskScheduler, UnknownTask, get_task
from tasks_app.undo import undoable_in_batch

logger = logging.getLogger(__name__)

FREQUENT = timedelta(minutes=30)
KEPT_AFTER_THE_END = timedelta(days=7)  # N-8
GRACE = timedelta(minutes=1)  # between the end of a run and the closing of its line, both stored by the same process
RUNNING = "Running."


def source_of(task_id: str) -> str:
    return f"task_{task_id}"[:50]


def on_run_started(run: TaskRun, inside: int | None = None, **_: Any) -> None:
    """Open the live line of a run (N-1)."""
    task = _task_of(run)
    if inside is not None or not bell_is_on(run.task_id) or is_quiet(run, task):
        return
    with transaction.atomic():
        if task is not None and task.one_notification:
            Notification.objects.filter(source=source_of(run.task_id), live=False).delete()
        Notification.objects.create(
            kind=NotificationKind.INFO,
            title=store.line(run.title, 255),
            message=RUNNING,
            source=source_of(run.task_id),
            source_id=str(run.pk),
            metadata={"task_id": run.task_id},
            run=run,
            live=True,
            revision=store.next_revision(),
        )


def on_run_finished(run: TaskRun, inside: int | None = None, **_: Any) -> None:
    """Close the line of a run with its outcome (T-22), or open one for a quiet run that failed."""
    own = Notification.objects.filter(run_id=run.pk).first()
    if own is None and not _is_worth_telling(run, inside):
        return
    task = _task_of(run)
    if task is not None and task.one_notification and run.status == RunStatus.CANCELLED:
        Notification.objects.filter(run_id=run.pk).delete()
        return
    values = _outcome_values(run, task)
    with transaction.atomic():
        _put(run, own, values)


def close_orphans(now: datetime) -> None:
    """Close live lines whose run has ended, or is gone, without saying so (N-3). Called every minute."""
    live = Notification.objects.filter(live=True).exclude(run__status__in=ACTIVE_STATUSES).select_related("run")
    for orphan in live:
        run = orphan.run
        if run is None:
            store.touch(
                Notification.objects.filter(pk=orphan.pk),
                kind=NotificationKind.ERROR,
                message="Interrupted: nothing is known any more about this run.",
                live=False,
                last_at=now,
                expires_at=now + KEPT_AFTER_THE_END,
            )
        elif run.completed_at is not None and run.completed_at > now - GRACE:
            continue
        else:
            on_run_finished(run)
        logger.warning("[NOTIFY] The line of run %s was still live after its end; closed", orphan.source_id)


def bell_is_on(task_id: str) -> bool:
    """The task's own switch (50 §1.9); on for tasks that have no row."""
    shown = Task.objects.filter(task_id=task_id).values_list("show_notifications", flat=True).first()
    return shown is not False


def is_quiet(run: TaskRun, task: type[TaskScheduler] | None) -> bool:
    """Whether only a failure of this run is worth a line (see the top of this module)."""
    if run.triggered_by == Trigger.EVENT:
        return True
    if run.triggered_by != Trigger.SCHEDULED:
        return False  # somebody waits for it
    if task is not None and task.quiet:
        return True
    earlier = TaskRun.objects.filter(lock_key=run.lock_key, triggered_by=Trigger.SCHEDULED, pk__lt=run.pk)
    return earlier.filter(queued_at__gt=run.queued_at - FREQUENT).exists()


def _is_worth_telling(run: TaskRun, inside: int | None) -> bool:
    """For a run without a line: was none opened on purpose, and is its end one that must be told all the same?"""
    if not bell_is_on(run.task_id):
        return False
    if inside is None and not is_quiet(run, _task_of(run)):
        return run.status != RunStatus.TERMINATED or not _was_inside_another(run)
    return run.status == RunStatus.FAILED


def _was_inside_another(run: TaskRun) -> bool:
    """A process does one run at a time: an older one that it had not ended yet is the outer one of this."""
    if not run.worker or run.started_at is None:
        return False
    older = TaskRun.objects.filter(worker=run.worker, pk__lt=run.pk)
    return older.exclude(completed_at__lt=run.started_at).exists()


def _put(run: TaskRun, own: Notification | None, values: dict[str, Any]) -> None:
    now = timezone.now()
    values |= {"read": False, "read_at": None, "live": False, "run_id": run.pk}
    earlier = _same_failure(run, values, now)
    if earlier is not None:
        count = earlier.count + 1
        if own is None:
            store.repeat(earlier, values, now)
            return
        earlier.delete()
        store.repeat(own, values, now, count=count)
        return
    if values["kind"] == NotificationKind.SUCCESS and run.triggered_by == Trigger.SCHEDULED:
        _earlier_successes(run, values).delete()
    revision = store.next_revision()
    news = revision if store.deserves_a_word(values["kind"], values["metadata"]) else 0
    values |= {"last_at": now, "revision": revision, "news": news}
    if own is None:
        Notification.objects.create(**values, created_at=now)
    else:
        Notification.objects.filter(pk=own.pk).update(**values)


def _same_failure(run: TaskRun, values: dict[str, Any], now: datetime) -> Notification | None:
    """An unread line about the same work failing a moment ago: it is replaced, its counter goes on."""
    if values["kind"] != NotificationKind.ERROR:
        return None
    rows = Notification.objects.filter(
        source=values["source"], title=values["title"], kind=NotificationKind.ERROR, read=False, live=False
    )
    return rows.filter(last_at__gte=now - REPEATS_WITHIN).exclude(run_id=run.pk).order_by("-last_at").first()


def _earlier_successes(run: TaskRun, values: dict[str, Any]) -> QuerySet[Notification]:
    """Lines about the same work of the same schedule that went well before."""
    same = Notification.objects.filter(
        source=values["source"], title=values["title"], kind=NotificationKind.SUCCESS, live=False
    ).exclude(run_id=run.pk)
    return same.filter(run__triggered_by=Trigger.SCHEDULED, run__lock_key=run.lock_key)


def _outcome_values(run: TaskRun, task: type[TaskScheduler] | None) -> dict[str, Any]:
    label, url = _link(run, task)
    return store.clean_values(
        kind=run.severity or NotificationKind.INFO,
        title=run.title,
        message=run.message or f"{run.get_status_display()}.",
        source=source_of(run.task_id),
        source_id=run.pk,
        action_label=label,
        action_url=url,
        metadata=_outcome_metadata(run, task),
        expires_at=(run.completed_at or timezone.now()) + KEPT_AFTER_THE_END,
    )


def _outcome_metadata(run: TaskRun, task: type[TaskScheduler] | None) -> dict[str, Any]:
    known: dict[str, Any] = {
        "task_id": run.task_id,
        "status": str(run.status),
        "current": run.current,
        "total": run.total,
        "percentage": run.percentage,
        "success_count": run.success_count,
        "failed_count": run.failed_count,
        "skipped_count": run.skipped_count,
    }
    if run.duration is not None:
        known["duration_seconds"] = round(run.duration.total_seconds(), 1)
    went_wrong = run.status in (RunStatus.FAILED, RunStatus.TERMINATED)
    if went_wrong and task is not None and task.by_hand:
        known["retry"] = True
    if went_wrong and run.triggered_by == Trigger.SCHEDULED:
        known["action_type"] = "configure_task"
    if run.status == RunStatus.FAILED and run.triggered_by == Trigger.MANUAL:
        known[store.TOAST] = True  # somebody waits for it, perhaps on another page
    batch_id = run.details.get("batch_id")
    if isinstance(batch_id, str) and batch_id and undoable_in_batch(batch_id, limit=1):
        known["undo_batch"] = batch_id
    return known


def _link(run: TaskRun, task: type[TaskScheduler] | None) -> tuple[str, str]:
    if task is None:
        return "", ""
    try:
        found = task.result_link(run.parameters, succeeded=run.status == RunStatus.COMPLETED)
    except Exception:  # an app's link must not keep the outcome from being told
        logger.exception("[NOTIFY] Task %s cannot say where its result is seen", run.task_id)
        return "", ""
    return found or ("", "")


def _task_of(run: TaskRun) -> type[TaskScheduler] | None:
    try:
        return get_task(run.task_id)
    except UnknownTask:
        return None
