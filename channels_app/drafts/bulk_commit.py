"""Many operations of a program as one change of the lineup (10 §14): a draft that lives for a moment, and its net effect."""

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, transaction

from channels_app.drafts.carry_out import Doing, OperationRefused
from channels_app.drafts.carry_out_together import carry_out_together, in_runs
from channels_app.drafts.commit_draft import Applied, NothingApplied, commit_draft
from channels_app.drafts.operations import Operation
from channels_app.drafts.own_steps import recorded
from channels_app.drafts.review import Review, review
from channels_app.drafts.storage import create_file, main_database, new_file_name, remove_file
from channels_app.drafts.switching import working_in
from channels_app.drafts.validate import Issue
from channels_app.models import Channel, ChannelGroup, Draft
from ecm_site.masking import mask_text
from m3u_app.models import Stream
from tasks_app import journal

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    operations: Sequence[Operation]
    groups_to_create: Sequence[str] = ()
    validate_only: bool = False
    continue_on_error: bool = False


@dataclass
class Failed:
    operation: Operation
    type: str
    message: str
    stream_id: int | None = None


@dataclass
class Outcome:
    """The answer of 10 §14.2 before it is told as JSON. ``issues`` pair an issue with the operation it is about, if one."""

    success: bool = True
    applied: int = 0
    failed: list[Failed] = field(default_factory=list)
    issues: list[tuple[Issue | Failed, Operation | None]] = field(default_factory=list)
    channel_ids: dict[int, int] = field(default_factory=dict)
    group_ids: dict[str, int] = field(default_factory=dict)
    batch_id: str = ""
    names: dict[tuple[str, int], str] = field(default_factory=dict)

    @property
    def valid(self) -> bool:
        return not any(isinstance(issue, Failed) or issue.is_error for issue, _ in self.issues)


def bulk_commit(request: Request, *, owner_id: int) -> Outcome:
    """Carry out a request, all or nothing unless it is to continue on errors. Whatever happens is in the outcome.

    Operations are always consolidated: what is applied is their net effect (10 §14.4).
    """
    outcome = Outcome()
    if not request.operations and not request.groups_to_create:
        return outcome
    draft = Draft(owner_id=owner_id, file_name=new_file_name(owner_id))
    with ExitStack() as tidy:
        tidy.callback(remove_file, draft.file_name)
        create_file(draft.file_name, main_database())
        doing = _stage(draft, request, outcome)
        found = review(draft)
        _check(found, doing, outcome)
        if request.validate_only:
            outcome.success = outcome.valid
            return _named(outcome)
        if outcome.failed and not request.continue_on_error:
            outcome.success = False
            return _named(outcome)
        _apply(draft, request, doing, outcome, anything=bool(found.changes))
    return _named(outcome)


def _stage(draft: Draft, request: Request, outcome: Outcome) -> Doing:
    doing = Doing()
    with working_in(draft), journal.collecting(), recorded("Operations of a program"):
        for name in request.groups_to_create:
            doing.create_group(name)
        for run in in_runs(request.operations):
            if len(run) > 1 and _done_together(doing, run):
                continue
            for operation in run:
                _do(doing, operation, outcome)
    return doing


def _done_together(doing: Doing, run: Sequence[Operation]) -> bool:
    """Whether none of the operations was refused; else nothing of them was done."""
    touched = dict(doing.touched)
    try:
        with transaction.atomic():
            carry_out_together(doing, run)
    except OperationRefused:
        doing.touched = touched
        return False
    return True


def _do(doing: Doing, operation: Operation, outcome: Outcome) -> None:
    try:
        with transaction.atomic():
            doing.carry_out(operation)
    except OperationRefused as refused:
        failed = Failed(operation, refused.type, str(refused), refused.stream_id)
        outcome.failed.append(failed)
        outcome.issues.append((failed, operation))
        if operation.type == "createChannel":
            doing.failed_creates.setdefault(operation.values["tempId"], operation)


def _check(found: Review, doing: Doing, outcome: Outcome) -> None:
    """Problems of the net effect; an error belongs to the operation that touched the thing last."""
    for issue in found.issues:
        operation = doing.touched.get(issue.key)
        outcome.issues.append((issue, operation))
        if issue.is_error and operation is not None and all(failed.operation is not operation for failed in outcome.failed):
            outcome.failed.append(Failed(operation, issue.type, issue.message, issue.stream_id))


def _apply(draft: Draft, request: Request, doing: Doing, outcome: Outcome, *, anything: bool) -> None:
    applied = Applied("")
    if anything:
        try:
            applied = commit_draft(draft, apply_rest=request.continue_on_error)
        except NothingApplied as refused:
            logger.info("[DRAFTS] A bulk commit was refused: %s", refused)
            if not outcome.failed:
                outcome.failed = [Failed(operation, "refused", str(refused)) for operation in request.operations[:1]]
            outcome.success = False
            return
        except DatabaseError:
            logger.exception("[DRAFTS] A bulk commit failed")
            outcome.failed = [Failed(operation, "busy", "The database is busy. Try again.") for operation in request.operations]
            outcome.success = False
            return
    outcome.batch_id = applied.batch_id
    real = applied.ids
    outcome.applied = len(request.operations) - len(outcome.failed)
    made = real.get("channel", {})
    outcome.channel_ids = {temp: made[pk] for temp, pk in doing.channels.items() if pk in made}
    outcome.group_ids = {name: real.get("group", {}).get(pk, pk) for name, pk in doing.groups.items()}
    outcome.success = outcome.applied > 0 or not outcome.failed if request.continue_on_error else not outcome.failed


def _named(outcome: Outcome) -> Outcome:
    """Names for the things that errors and issues mention."""
    channels, groups, streams = set(), set(), set()
    for failed in [*outcome.failed, *(issue for issue, _ in outcome.issues if isinstance(issue, Failed))]:
        channels.update({failed.operation.values.get("channelId")})
        groups.update({failed.operation.values.get("groupId")})
        streams.update({failed.stream_id, failed.operation.values.get("streamId")})
    found: dict[tuple[str, int], str] = {}
    for kind, model, ids in (("channel", Channel, channels), ("group", ChannelGroup, groups), ("stream", Stream, streams)):
        wanted: list[Any] = [pk for pk in ids if isinstance(pk, int) and pk > 0]
        for pk, name in model._default_manager.filter(pk__in=wanted).values_list("pk", "name") if wanted else ():
            found[kind, pk] = mask_text(name)
    outcome.names = found
    return outcome
