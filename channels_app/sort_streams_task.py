"""Sorting the streams of thousands of channels in the background; in edit mode it becomes one step of the draft."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.urls import reverse

from channels_app.bulk_ids import read_ids, write_ids
from channels_app.drafts.runs import PARAMETER, ProgressOutside, draft_of_caller, place_of
from channels_app.drafts.steps import DraftBusy
from channels_app.drafts.storage import DraftUnusable
from channels_app.sort_streams import sort_streams
from ecm_site.wording import counted
from m3u_app.stream_order import SMART
from tasks_app.registry import TaskResult, TaskScheduler, register_task


@register_task
class SortStreamsTask(TaskScheduler):
    task_id = "sort_streams"
    name = "Sort streams"
    description = "Sorts the streams of many channels. Start it from the channel manager."
    by_hand = False
    item_word = "channel"
    default_parameters: ClassVar[dict[str, Any] | None] = {"channels": "", "count": 0, "mode": SMART, PARAMETER: None}

    @classmethod
    def title(cls, parameters: dict[str, Any]) -> str:
        return f"{cls.name} – {counted(int(parameters['count']), 'channel')}"

    @classmethod
    def lock_key(cls, parameters: dict[str, Any]) -> str:
        draft_id = parameters.get(PARAMETER)
        return f"{cls.task_id}:draft:{draft_id}" if draft_id else cls.task_id

    @classmethod
    def result_link(cls, parameters: dict[str, Any], *, succeeded: bool) -> tuple[str, str] | None:
        return "Open channels", reverse("channels:manager")

    def execute(self) -> TaskResult:
        ids = read_ids([self.parameters["channels"]])
        try:
            with place_of(self.parameters):
                outcome = sort_streams(ids, self.parameters["mode"], progress=ProgressOutside(self.progress))
        except (DraftBusy, DraftUnusable) as refusal:
            return TaskResult(success=False, message=str(refusal), failed_count=1)
        return TaskResult(
            success=True,
            message=outcome.message,
            success_count=outcome.sorted,
            skipped_count=len(ids) - outcome.sorted,
            details={"sorted": outcome.sorted, "considered": outcome.considered, "batch_id": outcome.batch_id},
        )


def parameters_of(channel_ids: Sequence[int], mode: str) -> dict[str, Any]:
    """What a run needs to know, as plain JSON values; ids in order, so that neighbours become ranges."""
    return {
        "channels": write_ids(sorted(channel_ids)),
        "count": len(channel_ids),
        "mode": mode,
        PARAMETER: draft_of_caller(),
    }
