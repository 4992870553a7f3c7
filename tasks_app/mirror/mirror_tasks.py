"""Background work of the mirror: deliver what was changed here, pull what changed there; never two of it at once."""

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.forms import Field, MultipleChoiceField
from django.urls import reverse
from django.utils import timezone

from ecm_site.dispatcharr.client import Dispatcharr
from ecm_site.dispatcharr.errors import DispatcharrError
from ecm_site.dispatcharr.session import stopping_when
from ecm_site.wording import counted
from tasks_app.engine import request_run_soon
from tasks_app.mirror.deliver import deliver
from tasks_app.mirror.links import StoredLinks
from tasks_app.mirror.pull import PullFailed, PullReport, pull, steps
from tasks_app.mirror.report import DeliveryReport
from tasks_app.mirror.state import SYNC_TASK, is_connected, mirror_state
from tasks_app.mirror.triggers import DELIVER_TASK, ensure_triggers
from tasks_app.mirror.trouble import Trouble, full_disk_is_trouble, note_trouble
from tasks_app.mirror.which_server import mirrored_client
from tasks_app.models import MirrorState, OutboxEntry, OutboxState
from tasks_app.progress import Progress
from tasks_app.registry import TaskResult, TaskScheduler, WhatNext, register_task

LOCK = "mirror"
STANDALONE = "No server is mirrored."


@register_task
class SyncDispatcharr(TaskScheduler):
    """Delivers what waits, then reads what the server has."""

    task_id = SYNC_TASK
    name = "Sync with Dispatcharr"
    description = "Takes your changes to the mirrored Dispatcharr server, then brings over what changed there."
    default_parameters = {"kinds": []}
    default_schedule = {"schedule_type": "interval", "interval_seconds": 1800}
    quiet = True
    one_notification = True
    item_word = "row"

    @classmethod
    def lock_key(cls, parameters: dict[str, Any]) -> str:
        return LOCK

    @classmethod
    def title(cls, parameters: dict[str, Any]) -> str:
        labels = {step.name: step.label for step in steps()}
        named = [labels.get(name, name) for name in parameters.get("kinds", [])]
        return f"{cls.name} – {', '.join(named)}" if named else cls.name

    @classmethod
    def parameter_fields(cls) -> dict[str, Field]:
        choices = [(step.name, step.label) for step in steps()]
        return {
            "kinds": MultipleChoiceField(
                choices=choices, required=False, label="Only these", help_text="Nothing chosen: everything."
            )
        }

    @classmethod
    def rests(cls) -> bool:
        return not is_connected()

    @classmethod
    def result_link(cls, parameters: dict[str, Any], *, succeeded: bool) -> tuple[str, str] | None:
        return "Server", reverse("mirror:home")

    @classmethod
    def what_next(cls, parameters: dict[str, Any], *, active: bool, succeeded: bool) -> WhatNext:
        return what_next(active=active, succeeded=succeeded)

    def execute(self) -> TaskResult:
        if not is_connected():
            return TaskResult(True, STANDALONE)
        try:
            with stopping_when(_watching(self.progress)):
                client = mirrored_client()
        except DispatcharrError as error:
            note_trouble(error)
            return TaskResult(False, str(error))
        ensure_triggers()  # a migration that broke off leaves none, and a change nobody noticed would be overwritten
        links = StoredLinks()
        delivered = DeliveryReport()
        try:
            with stopping_when(_watching(self.progress)), full_disk_is_trouble():
                delivered = deliver(client, links=links, progress=self.progress)
                if delivered.trouble:
                    return TaskResult(False, delivered.trouble, delivered.delivered, details=_delivery_details(delivered))
                pulled = pull(client, self.parameters["kinds"], links=links, progress=self.progress)
        except (Trouble, PullFailed) as error:
            return TaskResult(False, str(error), delivered.delivered, details=_delivery_details(delivered))
        return _sync_result(delivered, pulled)


@register_task
class DeliverOutbox(TaskScheduler):
    """Delivers what waits; asked for by the changes themselves."""

    task_id = DELIVER_TASK
    name = "Deliver changes to Dispatcharr"
    description = "Takes your changes to the mirrored Dispatcharr server. Starts by itself after each change."
    default_parameters = {}
    quiet = True
    one_notification = True
    item_word = "change"

    @classmethod
    def lock_key(cls, parameters: dict[str, Any]) -> str:
        return LOCK

    @classmethod
    def result_link(cls, parameters: dict[str, Any], *, succeeded: bool) -> tuple[str, str] | None:
        return "Server", reverse("mirror:home")

    @classmethod
    def what_next(cls, parameters: dict[str, Any], *, active: bool, succeeded: bool) -> WhatNext:
        return what_next(active=active, succeeded=succeeded)

    def execute(self) -> TaskResult:
        if not is_connected():
            return TaskResult(True, STANDALONE)
        state = mirror_state()
        if not self.user_initiated and state.retry_at is not None and state.retry_at > timezone.now():
            return TaskResult(True, f"Changes wait: {state.trouble}")
        try:
            with stopping_when(_watching(self.progress)):
                client: Dispatcharr = mirrored_client()
        except DispatcharrError as error:
            note_trouble(error)
            return TaskResult(False, str(error))
        try:
            with stopping_when(_watching(self.progress)), full_disk_is_trouble():
                report = deliver(client, progress=self.progress)
        except Trouble as error:
            return TaskResult(False, str(error))
        if report.trouble:
            return TaskResult(False, report.trouble, report.delivered, details=_delivery_details(report))
        return TaskResult(
            not report.broken,
            report.words,
            success_count=report.delivered,
            failed_count=report.parked,
            skipped_count=report.postponed + report.faults + report.conflicts,
            details=_delivery_details(report),
        )


def what_next(*, active: bool, succeeded: bool) -> WhatNext:
    """From the page of a run to where one sees what it is about."""
    server = ("Server", reverse("mirror:home"))
    if active:
        return WhatNext("You can leave this page. The Server page shows it kind by kind.", (server,))
    queue = ("Changes for the server", reverse("mirror:queue"))
    if succeeded:
        return WhatNext(links=(server, queue))
    return WhatNext("What was done stays done, and changes wait: the Server page says when it is tried again.", (server, queue))


def deliver_when_due(now: datetime) -> None:
    """Called at every tick: changes whose moment has come, and those that an outage has held back, ask for a run. So does an
    outage while nothing waits: the end of it is noticed by asking, and what was not brought over then is."""
    state = MirrorState.objects.filter(Q(retry_at=None) | Q(retry_at__lte=now), pk=1, connected=True).first()
    if state is None:
        return
    due = OutboxEntry.objects.filter(Q(next_attempt_at=None) | Q(next_attempt_at__lte=now), state=OutboxState.WAITING)
    if due.exists():
        request_run_soon(DELIVER_TASK, delay_seconds=0)
    elif state.trouble:
        request_run_soon(SYNC_TASK, delay_seconds=0)


def _watching(progress: Progress) -> Any:
    """For requests: raises ``Cancelled`` in the middle of one when the run is to stop."""

    def should_stop() -> bool:
        progress.raise_if_cancelled()
        return False

    return should_stop


def _sync_result(delivered: DeliveryReport, pulled: PullReport) -> TaskResult:
    parts = [delivered.words] if delivered.delivered or delivered.parked or delivered.conflicts or delivered.broken else []
    parts.append(f"Brought over {counted(pulled.changed, 'row')}." if pulled.changed else "The server has nothing new.")
    if pulled.conflicts:
        parts.append(f"{counted(pulled.conflicts, 'row was', 'rows were')} changed on both sides and waits for an answer.")
    if pulled.held_back:
        parts.append(f"Much vanished on the server ({', '.join(pulled.held_back)}): the page Server asks what to do.")
    parts += pulled.notes
    return TaskResult(
        not delivered.broken,
        " ".join(parts),
        success_count=delivered.delivered + pulled.changed,
        failed_count=delivered.parked,
        skipped_count=delivered.conflicts + pulled.conflicts,
        details={
            **_delivery_details(delivered),
            "pulled": {
                name: {key: value for key, value in vars(counts).items() if key != "notes"}
                for name, counts in pulled.counts.items()
            },
        },
    )


def _delivery_details(report: DeliveryReport) -> dict[str, Any]:
    names = ("created", "updated", "deleted", "adopted", "parked", "postponed", "faults", "conflicts")
    return {"delivered": {name: getattr(report, name) for name in names}}
