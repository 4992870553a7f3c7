"""Names for programs: previews, duplicates, merging, apply to all channels (10 §11, §15, §21.2)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from channels_app.api.reading import address
from channels_app.api.shapes import INSIDE, OUTSIDE, number_shape
from channels_app.api.values import LARGEST_ID, id_list, object_list, text_of, whole_id, wrong
from channels_app.errors import EditRefused
from channels_app.merging.find_duplicates import DuplicateGroup, MatchBy, Scope, find_duplicates
from channels_app.merging.merge_into import MergeGroup, MergeResult, merge_groups
from channels_app.merging.merge_new import MergeChannels, StaleSources, TooFew, merge_into_new
from channels_app.models import Channel
from channels_app.normalizing.apply_to_channels import ApplyResult, Decision, RowProblem, apply_to_channels
from channels_app.normalizing.one_at_a_time import AnotherRuns, TooManyRuns
from channels_app.normalizing.plan_apply import Action, ApplyPlan, plan_apply
from channels_app.normalizing.proposals import MOST_PREVIEWED, NamePreview, preview_channels, preview_names
from tasks_app.views.api.answers import Refused, body_of, only_known

MOST_MERGED = 200
MOST_GROUPS = 20_000
MOST_ROWS = 100_000
_FLAGS = {"is_hidden", "epg_locked", "no_epg"}
_FIELDS = {outside: inside for outside, inside in INSIDE.items() if inside not in _FLAGS}


def _preview(request: HttpRequest, channel_id: int) -> HttpResponse:
    found = preview_channels([channel_id])
    if not found:
        raise Refused(404, "There is no such channel.")
    return JsonResponse(_preview_shape(found[0]))


def _preview_batch(request: HttpRequest) -> HttpResponse:
    """``{"channel_ids": […]}`` or ``{"channels": [{"id", "name"}]}``, up to 100 of them; both or more → 400 (25.7 #96)."""
    sent = body_of(request)
    only_known(sent, {"channel_ids", "channels"})
    if sent.get("channel_ids") and sent.get("channels"):
        raise Refused(400, "Send channel_ids or channels, not both.")
    for name in ("channel_ids", "channels"):
        if isinstance(sent.get(name), list) and len(sent[name]) > MOST_PREVIEWED:
            raise Refused(400, f"At most {MOST_PREVIEWED} rows at once; there are {len(sent[name]):,}.")
    ids = id_list(sent, "channel_ids", most=MOST_PREVIEWED)
    if ids:
        return JsonResponse({"results": [_preview_shape(item) for item in preview_channels(ids)]})
    rows = object_list(sent, "channels", most=MOST_PREVIEWED)
    pairs = [
        (whole_id(row.get("id"), f"channels.{place}.id"), text_of(row.get("name"), f"channels.{place}.name"))
        for place, row in enumerate(rows)
    ]
    return JsonResponse({"results": [_preview_shape(item) for item in preview_names(pairs)]})


def _preview_shape(preview: NamePreview) -> dict[str, Any]:
    return {
        "channel_id": preview.channel_id,
        "current": preview.current,
        "proposed": preview.proposed,
        "would_change": preview.would_change,
        "transformations": [{"rule_id": step.rule_id, "before": step.before, "after": step.after} for step in preview.steps],
    }


def _find_duplicates(request: HttpRequest) -> HttpResponse:
    """``{"match_by": "name|tvg_id|gracenote|streams", "channel_ids": […] or "channel_group_id": n}``; {} = all, by name."""
    sent = body_of(request)
    only_known(sent, {"match_by", "channel_ids", "channel_group_id"})
    match_by = sent.get("match_by") or MatchBy.NAME
    if match_by not in [*MatchBy]:
        raise wrong("match_by", f"match_by must be one of {', '.join(MatchBy)}.")
    ids = id_list(sent, "channel_ids", most=MOST_ROWS)
    group_id = sent.get("channel_group_id")
    if group_id is not None and (
        isinstance(group_id, bool) or not isinstance(group_id, int) or not 0 <= group_id <= LARGEST_ID
    ):
        raise wrong("channel_group_id", "channel_group_id must be the id of a group, 0 for Uncategorized.")
    groups = find_duplicates(MatchBy(match_by), Scope(ids if "channel_ids" in sent else None, group_id))
    total = sum(len(group.channels) for group in groups)
    return JsonResponse(
        {"groups": [_group_shape(group) for group in groups], "total_groups": len(groups), "total_channels": total}
    )


def _group_shape(group: DuplicateGroup) -> dict[str, Any]:
    return {
        "key": group.key,
        "channels": [
            {
                "id": channel.channel_id,
                "name": channel.name,
                "channel_number": number_shape(Decimal(channel.number)) if channel.number else None,
                "stream_count": channel.streams,
                "channel_group_id": channel.group_id,
                "channel_group": channel.group or None,
            }
            for channel in group.channels
        ],
    }


def _merge(request: HttpRequest) -> HttpResponse:
    """``{"channel_ids": […], …fields of the new channel}``. One id → 400, ids that are gone → 422 naming them."""
    sent = body_of(request)
    only_known(sent, {"channel_ids", *_FIELDS})
    ids = id_list(sent, "channel_ids", most=MOST_MERGED)
    fields = {_FIELDS[name]: value for name, value in sent.items() if name in _FIELDS}
    try:
        outcome = merge_into_new(MergeChannels(tuple(ids), fields))
    except TooFew as error:
        raise Refused(400, str(error)) from None
    except StaleSources as error:
        raise Refused(422, str(error), errors={"channel_ids": [str(error)]}, missing=error.missing) from None
    except EditRefused as error:
        raise Refused(422, str(error), errors=_by_field(error)) from None
    channel = Channel.objects.only("name", "number").get(pk=outcome.channel_id)
    return JsonResponse(
        {
            "id": channel.pk,
            "name": channel.name,
            "channel_number": number_shape(channel.number),
            "stream_count": outcome.total_streams,
            "merged_channel_ids": outcome.sources,
            "batch_id": outcome.batch_id,
            "warnings": outcome.warnings,
        },
        status=201,
    )


def _bulk_merge(request: HttpRequest) -> HttpResponse:
    """``{"groups": [{"target_channel_id", "source_channel_ids"}]}``; a group that fails stops no other (25.7 #92)."""
    sent = body_of(request)
    only_known(sent, {"groups"})
    groups = []
    for place, row in enumerate(object_list(sent, "groups", most=MOST_GROUPS)):
        target = whole_id(row.get("target_channel_id"), f"groups.{place}.target_channel_id")
        groups.append(MergeGroup(target, tuple(id_list(row, "source_channel_ids", most=MOST_ROWS))))
    if not groups:
        raise Refused(400, "Name at least one group to merge.")
    try:
        outcome = merge_groups(groups)
    except EditRefused as error:
        raise Refused(422, str(error), errors={"groups": [str(error)]}) from None
    return JsonResponse(
        {
            "merged": len(outcome.merged),
            "failed": len(outcome.failed),
            "results": [_merge_shape(result) for result in outcome.results],
            "batch_id": outcome.batch_id,
        }
    )


def _merge_shape(result: MergeResult) -> dict[str, Any]:
    return {
        "target_channel_id": result.target_id,
        "success": not result.error,
        "sources_deleted": result.sources_deleted,
        "total_streams": result.total_streams,
        "error": result.error or None,
    }


def _apply(request: HttpRequest) -> HttpResponse:
    """``{"dry_run": true}`` (default) lists what would change; with ``rows`` and ``dry_run`` false it is done."""
    if not request.user.is_staff:
        raise Refused(403, "Only administrators may rename all channels at once.")
    sent = body_of(request)
    only_known(sent, {"dry_run", "rows"})
    dry_run = sent.get("dry_run", True)
    if not isinstance(dry_run, bool):
        raise wrong("dry_run", "dry_run must be true or false.")
    decisions = _decisions(sent)
    if dry_run:
        return JsonResponse(_plan_shape(plan_apply()))
    try:
        return JsonResponse(_result_shape(apply_to_channels(decisions)))
    except AnotherRuns as error:
        raise Refused(409, str(error)) from None
    except TooManyRuns as error:
        raise Refused(429, str(error), retry_after=error.retry_after) from None


def _decisions(sent: dict[str, Any]) -> dict[int, Decision]:
    decisions: dict[int, Decision] = {}
    for place, row in enumerate(object_list(sent, "rows", most=MOST_ROWS)):
        pk = whole_id(row.get("channel_id"), f"rows.{place}.channel_id")
        action = row.get("action")
        if not isinstance(action, str) or action not in [*Action]:
            raise wrong(f"rows.{place}.action", f"action must be one of {', '.join(Action)}.")
        target = row.get("target_channel_id")
        target = None if target is None else whole_id(target, f"rows.{place}.target_channel_id")
        decisions[pk] = Decision(Action(action), target)
    return decisions


def _plan_shape(plan: ApplyPlan) -> dict[str, Any]:
    rows = [
        {
            "channel_id": row.channel_id,
            "current": row.current,
            "proposed": row.proposed,
            "channel_group": row.group or None,
            "collision": bool(row.collision_id),
            "collision_channel": {"id": row.collision_id, "name": row.collision_name} if row.collision_id else None,
            "conflict_group": row.conflict or None,
            "suggested_action": str(row.suggested),
            "transformations": [{"rule_id": step.rule_id, "before": step.before, "after": step.after} for step in row.steps],
        }
        for row in plan.rows
    ]
    return {"dry_run": True, "channels": plan.channels, "rows": rows, "rule_set_hash": plan.rule_set_hash}


def _result_shape(result: ApplyResult) -> dict[str, Any]:
    return {
        "dry_run": False,
        "renamed": result.renamed,
        "merged": result.merged,
        "skipped": [_problem_shape(row) for row in result.skipped],
        "errors": [_problem_shape(row) for row in result.errors],
        "rule_set_hash": result.rule_set_hash,
        "batch_id": result.batch_id,
    }


def _problem_shape(row: RowProblem) -> dict[str, Any]:
    return {"channel_id": row.channel_id, "name": row.name, "reason": row.reason}


def _by_field(error: EditRefused) -> dict[str, list[str]]:
    return {OUTSIDE.get(name, name): [sentence] for name, sentence in error.problems.items()}


View = Callable[..., HttpResponse]
normalize_preview: View = address(GET=_preview)
normalize_preview_batch: View = address(POST=_preview_batch)
duplicates: View = address(POST=_find_duplicates)
merge: View = address(POST=_merge)
bulk_merge: View = address(POST=_bulk_merge)
apply_normalization: View = address(POST=_apply)
