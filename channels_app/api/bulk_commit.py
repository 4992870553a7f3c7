"""POST /api/channels/bulk-commit: many operations as one change, for programs (10 §14.1–14.3)."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from channels_app.api.reading import address
from channels_app.drafts.bulk_commit import Failed, Outcome, Request, bulk_commit
from channels_app.drafts.operations import BadRequest, Operation, read_operations
from channels_app.drafts.validate import Issue
from channels_app.errors import EditRefused
from tasks_app.views.api.answers import Refused, body_of, only_known

MOST_OPERATIONS = 20_000
_FLAGS = ("validateOnly", "continueOnError", "consolidate")


def _commit(request: HttpRequest) -> HttpResponse:
    """Problems come back with 200 (10 §14.2); only fields of the wrong type are 422, with operation index and field."""
    wanted = _read(body_of(request))
    try:
        outcome = bulk_commit(wanted, owner_id=request.user.pk or 0)
    except EditRefused as refused:  # a group that cannot be created aborts everything (10 §14.1)
        raise Refused(422, str(refused), errors={"groupsToCreate": [str(refused)]}) from None
    return JsonResponse(_shape(outcome))


def _read(sent: dict[str, Any]) -> Request:
    only_known(sent, {"operations", "groupsToCreate", *_FLAGS})
    operations, groups = sent.get("operations"), sent.get("groupsToCreate", [])
    if not isinstance(operations, list):
        raise Refused(422, "operations must be a list.", errors={"operations": ["operations must be a list."]})
    if len(operations) > MOST_OPERATIONS:
        sentence = f"At most {MOST_OPERATIONS:,} operations at once; there are {len(operations):,}."
        raise Refused(422, sentence, errors={"operations": [sentence]})
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        sentence = 'groupsToCreate must be a list of {"name": …}.'
        raise Refused(422, sentence, errors={"groupsToCreate": [sentence]})
    for name in _FLAGS:
        if not isinstance(sent.get(name, False), bool):
            raise Refused(422, f"{name} must be true or false.", errors={name: [f"{name} must be true or false."]})
    names = [group.get("name") for group in groups]
    if any(name is not None and not isinstance(name, str) for name in names):
        raise Refused(422, "A group's name must be a text.", errors={"groupsToCreate": ["A group's name must be a text."]})
    try:
        read = read_operations(operations)
    except BadRequest as bad:
        raise Refused(422, str(bad), errors=bad.errors) from None
    return Request(
        read,
        [name for name in names if name and name.strip()],
        validate_only=sent.get("validateOnly", False),
        continue_on_error=sent.get("continueOnError", False),
    )


def _shape(outcome: Outcome) -> dict[str, Any]:
    return {
        "success": outcome.success,
        "operationsApplied": outcome.applied,
        "operationsFailed": len(outcome.failed),
        "errors": [
            {
                "operationId": failed.operation.id,
                "operationType": failed.operation.type,
                "error": failed.message,
                **_about(failed.operation, failed.stream_id, outcome),
            }
            for failed in outcome.failed
        ],
        "tempIdMap": {str(temp): real for temp, real in outcome.channel_ids.items()},
        "groupIdMap": outcome.group_ids,
        "validationIssues": [_issue(issue, operation, outcome) for issue, operation in outcome.issues],
        "validationPassed": outcome.valid,
        "batchId": outcome.batch_id or None,
    }


def _issue(issue: Issue | Failed, operation: Operation | None, outcome: Outcome) -> dict[str, Any]:
    stream_id = issue.stream_id
    values: dict[str, Any] = {
        "type": issue.type,
        "severity": "error" if isinstance(issue, Failed) else str(issue.severity),
        "message": issue.message,
        "operationIndex": operation.index if operation else None,
    }
    if operation is not None:
        return values | _about(operation, stream_id, outcome)
    if isinstance(issue, Issue) and issue.kind == "channel":
        return values | {"channelId": issue.id, "channelName": issue.name}
    return values


def _about(operation: Operation, stream_id: int | None, outcome: Outcome) -> dict[str, Any]:
    """Ids and names of what an operation is about, as far as it names any."""
    found: dict[str, Any] = {}
    channel_id = operation.values.get("channelId", operation.values.get("tempId"))
    if channel_id is not None:
        found["channelId"] = channel_id
        found["channelName"] = outcome.names.get(("channel", channel_id))
    stream = stream_id if stream_id is not None else operation.values.get("streamId")
    if stream is not None:
        found["streamId"], found["streamName"] = stream, outcome.names.get(("stream", stream))
    entity = operation.values.get("name") or operation.values.get("newName")
    entity = entity or outcome.names.get(("group", operation.values.get("groupId") or 0)) or found.get("channelName")
    if entity:
        found["entityName"] = entity
    return found


commit = address(POST=_commit)
