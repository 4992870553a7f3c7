"""A switch as background work: it may take minutes."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.urls import reverse

from tasks_app.engine import request_run_soon
from tasks_app.mirror.state import mirror_state
from tasks_app.models import MirrorState, OutboxEntry, RunStatus, TaskRun
from tasks_app.progress import NoProgress
from tasks_app.queries import active_runs
from tasks_app.registry import TaskResult, TaskScheduler, WhatNext, register_task
from tasks_app.switching.note_rows import forget_all
from tasks_app.switching.preview import Way, goes_on, is_half_left
from tasks_app.switching.switch import LOCK, SwitchRefused, switch

TASK_ID = "switch_dispatcharr"
TITLES = {
    Way.ADOPT: "Connect to Dispatcharr",
    Way.PUSH: "Bring the lineup to Dispatcharr",
    Way.LEAVE: "Leave Dispatcharr",
    Way.MOVE: "Dispatcharr at its new address",
}
WHAT = {
    Way.ADOPT: "A backup is taken, what is here is removed, and what the server has is brought over kind by kind.",
    Way.PUSH: "A backup is taken, what a server can hold is created there, and the server fetches the streams.",
    Way.LEAVE: "A backup is taken, and what was mirrored becomes ECM’s own. The server is not changed.",
    Way.MOVE: "The server at the new address is compared with the one that is mirrored, and mirroring goes on with it.",
}
PACE = timedelta(minutes=10)
"""Between two tries of what was begun and failed; what was killed goes on at once."""


@register_task
class SwitchTask(TaskScheduler):
    """Goes from standalone to connected or back."""

    task_id = TASK_ID
    name = "Switch to or from Dispatcharr"
    description = "Connects to a Dispatcharr server or lets it go. Started on the settings page, after a preview."
    by_hand = False
    admin_only = True
    default_parameters: ClassVar[dict[str, Any] | None] = {"way": "", "token": ""}

    @classmethod
    def lock_key(cls, parameters: dict[str, Any]) -> str:
        return LOCK

    @classmethod
    def title(cls, parameters: dict[str, Any]) -> str:
        return TITLES.get(parameters.get("way", ""), cls.name)

    @classmethod
    def described(cls, parameters: dict[str, Any]) -> list[tuple[str, str]] | None:
        way = parameters.get("way", "")
        return [("Steps", WHAT[Way(way)])] if way in set(Way) else []

    @classmethod
    def result_link(cls, parameters: dict[str, Any], *, succeeded: bool) -> tuple[str, str] | None:
        if succeeded and parameters.get("way") != Way.LEAVE:
            return "Server", reverse("mirror:home")
        return "Settings of Dispatcharr", reverse("settings_dispatcharr")

    @classmethod
    def what_next(cls, parameters: dict[str, Any], *, active: bool, succeeded: bool) -> WhatNext:
        server = ("Server", reverse("mirror:home"))
        settings = ("Settings of Dispatcharr", reverse("settings_dispatcharr"))
        if active:
            if parameters.get("way") in (Way.ADOPT, Way.PUSH):
                return WhatNext("You can leave this page. The Server page shows it kind by kind.", (server,))
            return WhatNext("You can leave this page.")
        if succeeded:
            lineup = ("Channels", reverse("channels:manager"))
            return WhatNext(links=(lineup, settings) if parameters.get("way") == Way.LEAVE else (server, lineup))
        state = mirror_state()
        back = (("Go back to the backup", reverse("settings_go_back", args=[state.backup_file])),) if state.backup_file else ()
        if state.connecting and state.connecting == parameters.get("way"):
            return WhatNext(unfinished_words(state), (server, *back))
        if is_half_left(state):
            return WhatNext(
                "The server is let go; what is left to do goes on by itself within a few minutes.", (settings, *back)
            )
        return WhatNext("Nothing is half done: begin again from the settings when what is said above is mended.", (settings,))

    def execute(self) -> TaskResult:
        way = Way(self.parameters["way"])
        try:
            done = switch(way, self.parameters["token"], progress=self.progress)
        except SwitchRefused as refused:
            return TaskResult(success=False, message=str(refused))
        return TaskResult(
            success=True,
            message=done.sentence(),
            failed_count=0,
            details={"backup": done.snapshot.name if done.snapshot else "", "waiting": done.waiting},
        )


def unfinished_words(state: MirrorState) -> str:
    """What stands half done, and what becomes of it; "" when nothing does."""
    if is_half_left(state):
        return "The last server is still being left. That goes on by itself within a few minutes."
    if not state.connecting:
        return ""
    if not state.connected:
        return (
            "Connecting stopped while what was here was being removed: a part of it is gone. Go on with connecting, or go back"
            " to the backup that was taken before."
        )
    begun = "Bringing the lineup to the server" if state.connecting == Way.PUSH else "Bringing over what the server has"
    if not _may_go_on(None):
        return f"{begun} was stopped before its end. Go on with it, or go back to the backup that was taken before."
    return (
        f"{begun} stopped before its end. It goes on by itself within some minutes, once the server answers; what is done stays"
        " done. You can also go on now, or go back to the backup that was taken before."
    )


def finish_when_due(now: datetime) -> None:
    """Called at every tick: goes on with what was interrupted."""
    state = mirror_state()
    if active_runs([LOCK]):
        return
    if is_half_left(state):
        request_run_soon(TASK_ID, {"way": Way.LEAVE.value, "token": ""}, delay_seconds=0)
    elif not state.connected and OutboxEntry.objects.exists():
        forget_all(NoProgress())  # noted for a server that was never connected
    elif state.connecting and goes_on(Way(state.connecting), state) and _may_go_on(now) and not _waits(state, now):
        request_run_soon(TASK_ID, {"way": state.connecting, "token": ""}, delay_seconds=0)


def _waits(state: MirrorState, now: datetime) -> bool:
    """Whether an outage says not to knock again yet."""
    return state.retry_at is not None and state.retry_at > now


def _may_go_on(now: datetime | None) -> bool:
    """Not after somebody has stopped it, and – at ``now`` – not too soon after a failure."""
    last = TaskRun.objects.filter(task_id=TASK_ID).order_by("-pk").first()
    if last is None or now is None:
        return last is None or last.status != RunStatus.CANCELLED
    if last.status == RunStatus.FAILED:
        return last.completed_at is None or last.completed_at <= now - PACE
    return last.status != RunStatus.CANCELLED
