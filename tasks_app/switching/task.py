"""A switch as background work: it may take minutes."""

from datetime import datetime
from typing import Any, ClassVar

from django.urls import reverse

from tasks_app.engine import request_run_soon
from tasks_app.mirror.state import mirror_state
from tasks_app.queries import active_runs
from tasks_app.registry import TaskResult, TaskScheduler, register_task
from tasks_app.switching.preview import Way, is_half_left
from tasks_app.switching.switch import LOCK, SwitchRefused, switch

TASK_ID = "switch_dispatcharr"
TITLES = {
    Way.ADOPT: "Connect to Dispatcharr",
    Way.PUSH: "Bring the lineup to Dispatcharr",
    Way.LEAVE: "Leave Dispatcharr",
    Way.MOVE: "Dispatcharr at its new address",
}


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
    def result_link(cls, parameters: dict[str, Any], *, succeeded: bool) -> tuple[str, str] | None:
        return "Settings of Dispatcharr", reverse("settings_dispatcharr")

    def execute(self) -> TaskResult:
        way = Way(self.parameters["way"])
        try:
            done = switch(way, self.parameters["token"], progress=self.progress)
        except SwitchRefused as refused:
            return TaskResult(success=False, message=str(refused), error=str(refused))
        return TaskResult(
            success=True,
            message=done.sentence(),
            failed_count=0,
            details={"backup": done.snapshot.name if done.snapshot else "", "waiting": done.waiting},
        )


def finish_leaving_when_due(now: datetime) -> None:
    """Called at every tick: goes on with a leaving that was interrupted."""
    if is_half_left(mirror_state()) and not active_runs([LOCK]):
        request_run_soon(TASK_ID, {"way": Way.LEAVE.value, "token": ""}, delay_seconds=0)
