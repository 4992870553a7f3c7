"""Tables of background work and of what ECM remembers and tells, one module per subject (50 §1-§4)."""

from tasks_app.models.alerts import AlertDelivery, AlertMethod, DeliveryStatus, PendingAlert, Severity
from tasks_app.models.journal import JournalBatch, JournalEntry, JournalTally
from tasks_app.models.live import LiveStatus
from tasks_app.models.mirror import CreationAttempt, MirrorLink, MirrorPull, MirrorState, OutboxEntry, OutboxState
from tasks_app.models.notifications import Notification, NotificationKind, ToldOnce
from tasks_app.models.runs import ACTIVE_STATUSES, RunRequest, RunStatus, TaskRun, TaskRunLog, TickClaim, Trigger, WorkerBeat
from tasks_app.models.schedules import Schedule, ScheduleType, Task

__all__ = [
    "ACTIVE_STATUSES",
    "AlertDelivery",
    "AlertMethod",
    "CreationAttempt",
    "DeliveryStatus",
    "JournalBatch",
    "JournalEntry",
    "JournalTally",
    "LiveStatus",
    "MirrorLink",
    "MirrorPull",
    "MirrorState",
    "Notification",
    "NotificationKind",
    "OutboxEntry",
    "OutboxState",
    "PendingAlert",
    "RunRequest",
    "RunStatus",
    "Schedule",
    "ScheduleType",
    "Severity",
    "Task",
    "TaskRun",
    "TaskRunLog",
    "TickClaim",
    "ToldOnce",
    "Trigger",
    "WorkerBeat",
]
