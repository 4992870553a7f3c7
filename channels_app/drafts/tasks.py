"""The run that applies a draft. It goes on when the page that started it is closed."""

from typing import Any, ClassVar

from django.urls import reverse

from channels_app.drafts.commit_draft import NothingApplied, commit_draft
from channels_app.drafts.healing import heal_draft, lock_key_of
from channels_app.drafts.storage import DraftUnusable
from channels_app.models import Draft, DraftState
from ecm_site.wording import counted
from tasks_app.registry import TaskResult, TaskScheduler, register_task

TASK_ID = "commit_draft"


@register_task
class CommitDraftTask(TaskScheduler):
    task_id = TASK_ID
    name = "Apply a draft"
    description = "Applies the staged edits of one person to the lineup. Start it from the channel manager."
    by_hand = False
    quiet = True
    item_word = "change"
    default_parameters: ClassVar[dict[str, Any] | None] = {"draft_id": 0, "excluded": [], "apply_rest": False, "count": 0}

    @classmethod
    def lock_key(cls, parameters: dict[str, Any]) -> str:
        return lock_key_of(int(parameters["draft_id"]))

    @classmethod
    def title(cls, parameters: dict[str, Any]) -> str:
        count = int(parameters["count"])
        return f"{cls.name} – {counted(count, 'change')}" if count else cls.name

    @classmethod
    def result_link(cls, parameters: dict[str, Any], *, succeeded: bool) -> tuple[str, str] | None:
        return "Open channels", reverse("channels:manager")

    @classmethod
    def on_interrupted(cls, parameters: dict[str, Any]) -> None:
        """Nothing of the commit was stored: the draft is open again."""
        draft = Draft.objects.filter(pk=parameters["draft_id"]).first()
        for interrupted in (
            (draft, *Draft.objects.filter(owner_id=draft.owner_id, state=DraftState.COMMITTING)) if draft else ()
        ):
            heal_draft(interrupted)

    def execute(self) -> TaskResult:
        draft = Draft.objects.get(pk=self.parameters["draft_id"])
        if draft.state != DraftState.COMMITTING:
            return TaskResult(success=False, message="This draft is not waiting to be applied any more.")
        excluded = [(str(kind), int(pk)) for kind, pk in self.parameters["excluded"]]
        try:
            done = commit_draft(draft, excluded=excluded, apply_rest=self.parameters["apply_rest"], progress=self.progress)
        except (NothingApplied, DraftUnusable) as refused:
            return TaskResult(success=False, message=str(refused), error="REFUSED")
        finally:
            reopen(draft)
        return TaskResult(
            success=True,
            message=done.message,
            success_count=done.applied,
            failed_count=done.failed_count,
            skipped_count=done.kept_out,
            details={"batch_id": done.batch_id, "created": done.created, "leftover_draft_id": done.leftover_draft_id},
        )


def reopen(draft: Draft) -> None:
    """A commit that was refused or failed leaves the draft open for editing, whole."""
    Draft.objects.filter(pk=draft.pk, state=DraftState.COMMITTING).update(state=DraftState.OPEN, run_id=None)
