"""Imports of thousands of rows in the background; in edit mode they become one step of the draft."""

from typing import Any, ClassVar

from django.urls import reverse

from channels_app.drafts.runs import ProgressOutside, place_of
from channels_app.drafts.steps import DraftBusy
from channels_app.drafts.storage import DraftUnusable
from channels_app.errors import EditRefused
from channels_app.lineup_csv.apply_import import ImportChanged, ImportOutcome, import_sheet
from channels_app.lineup_csv.options import ImportOptions, options_from
from channels_app.lineup_csv.plan import ImportPlan, report_lines
from channels_app.lineup_csv.reading import read_sheet
from channels_app.models import Draft
from ecm_site.wording import counted
from m3u_app.store_upload import PendingUpload, drop_pending, find_pending
from tasks_app.registry import TaskResult, TaskScheduler, register_task

_LINES_KEPT = 200  # errors and warnings in the result of the run


@register_task
class CsvImportTask(TaskScheduler):
    task_id = "csv_import"
    name = "Import channels from CSV"
    description = "Imports a large CSV file. Start it from the channel manager."
    by_hand = False
    item_word = "channel"
    default_parameters: ClassVar[dict[str, Any] | None] = {
        "upload": "", "options": {}, "fingerprint": "", "count": 0, "draft_id": None,
    }  # fmt: skip

    @classmethod
    def title(cls, parameters: dict[str, Any]) -> str:
        return f"{cls.name} – {counted(int(parameters['count']), 'channel')}"

    @classmethod
    def lock_key(cls, parameters: dict[str, Any]) -> str:
        draft_id = parameters.get("draft_id")
        return f"{cls.task_id}:draft:{draft_id}" if draft_id else cls.task_id

    @classmethod
    def result_link(cls, parameters: dict[str, Any], *, succeeded: bool) -> tuple[str, str] | None:
        return "Open channels", reverse("channels:manager")

    def execute(self) -> TaskResult:
        """Make the plan again and carry it out, if it is still the one that the operator saw."""
        self.progress.report(phase="reading the file")
        upload = find_pending(self.parameters["upload"])
        if upload is None:
            return _failed("The uploaded file is no longer there. Choose it again in the channel manager.")
        try:
            with place_of(self.parameters):
                sheet = read_sheet(upload.path.read_bytes())
                outcome = import_sheet(
                    sheet,
                    options_from(self.parameters["options"]),
                    fingerprint=self.parameters["fingerprint"],
                    file_name=upload.name,
                    progress=ProgressOutside(self.progress),
                )
        except (ImportChanged, EditRefused, DraftBusy, DraftUnusable) as refusal:
            return _failed(str(refusal))
        drop_pending(upload)
        return TaskResult(
            success=True,
            message=outcome.message,
            success_count=len(outcome.channel_ids),
            failed_count=len(outcome.plan.errors),
            details=_details(outcome),
        )


def parameters_of(upload: PendingUpload, options: ImportOptions, plan: ImportPlan, draft: Draft | None) -> dict[str, Any]:
    """What a run needs to know, as plain JSON values."""
    return {
        "upload": upload.token,
        "options": options.as_values(),
        "fingerprint": plan.fingerprint,
        "count": len(plan.work),
        "draft_id": draft.pk if draft else None,
    }


def _failed(message: str) -> TaskResult:
    return TaskResult(success=False, message=message, failed_count=1)


def _details(outcome: ImportOutcome) -> dict[str, Any]:
    lines = list(report_lines(outcome.plan))
    return {
        "channels_created": outcome.created,
        "channels_changed": outcome.updated,
        "channels_deleted": outcome.deleted,
        "groups_created": outcome.groups_created,
        "streams_linked": outcome.streams_linked,
        "logos_from_guide": outcome.logos_from_guide,
        "problems": lines[:_LINES_KEPT],
        "more_problems": max(0, len(lines) - _LINES_KEPT),
        "batch_id": outcome.batch_id,
    }
