"""CSV for programs (10 §20, §21.2). What is wrong with single rows is in the answer, not an error of the request."""

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict

from channels_app.api.reading import address
from channels_app.errors import EditRefused
from channels_app.lineup_csv.apply_import import ImportChanged, import_sheet
from channels_app.lineup_csv.options import ImportOptions, Key, Mode, options_from
from channels_app.lineup_csv.plan import Action, ImportPlan, PlannedRow
from channels_app.lineup_csv.plan_import import plan_import
from channels_app.lineup_csv.reading import LARGEST_FILE, FileRefused, Sheet, read_sheet
from channels_app.numbering import format_number
from channels_app.views import csv_files
from tasks_app.views.api.answers import Refused, only_known

_SWITCHES = ("create_missing", "clear_empty", "logos_from_guide")
_OPTIONS = ("mode", "key", *_SWITCHES)
_ROWS = 1000


def _preview(request: HttpRequest) -> HttpResponse:
    """What importing would do; nothing is changed."""
    sheet, options, _ = _sent(request)
    plan = plan_import(sheet, options)
    counts = plan.counts()
    return JsonResponse(
        {
            "rows": [_row(row) for row in plan.rows[:_ROWS]],
            "row_count": len(plan.rows),
            "counts": {str(action): counts[action] for action in Action},
            "new_groups": plan.new_groups,
            "errors": _errors(plan),
            "warnings": plan.warnings,
            "problem": plan.problem or None,
            "fingerprint": plan.fingerprint,
        }
    )


def _import(request: HttpRequest) -> HttpResponse:
    """Import at once. With the ``fingerprint`` of a preview only if it would still do the same (409 otherwise)."""
    sheet, options, fingerprint = _sent(request)
    try:
        outcome = import_sheet(sheet, options, fingerprint=fingerprint, file_name="api")
    except ImportChanged as changed:
        raise Refused(409, str(changed)) from None
    except EditRefused as error:
        raise Refused(422, str(error)) from None
    return JsonResponse(
        {
            "success": not outcome.plan.errors,
            "channels_created": outcome.created,
            "channels_updated": outcome.updated,
            "channels_deleted": outcome.deleted,
            "groups_created": len(outcome.groups_created),
            "streams_linked": outcome.streams_linked,
            "logos_from_epg": outcome.logos_from_guide,
            "errors": _errors(outcome.plan),
            "warnings": [*outcome.plan.warnings, *outcome.warnings],
            "batch_id": outcome.batch_id,
        }
    )


template = address(GET=csv_files.template)
export = address(GET=csv_files.export_file)
preview = address(POST=_preview)
import_file = address(POST=_import)


def _sent(request: HttpRequest) -> tuple[Sheet, ImportOptions, str]:
    """The file – uploaded as ``file``, or the text in the JSON field ``content`` – and the options sent beside it."""
    if request.content_type == "application/json":
        values = _checked(_json(request))
        data, options = str(values.get("content", "")).encode("utf-8", "replace"), options_from(values)
        fingerprint = str(values.get("fingerprint", ""))
    else:
        file = request.FILES.get("file")
        if file is None or isinstance(file, list):
            raise Refused(400, "Send the file as “file”, or its text as JSON in “content”.", errors={"file": ["Missing."]})
        if (file.size or 0) > LARGEST_FILE:
            raise Refused(413, f"The file is larger than {LARGEST_FILE // 1024 // 1024} MB.")
        data, options = file.read(), options_from(_checked(_flags(request.POST)))
        fingerprint = request.POST.get("fingerprint", "")
    try:
        return read_sheet(data), options, fingerprint
    except FileRefused as error:
        raise Refused(400, str(error), errors={"file": [str(error)]}) from None


def _json(request: HttpRequest) -> dict[str, Any]:
    try:
        values = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Refused(400, "The body is not JSON.") from None
    if not isinstance(values, dict):
        raise Refused(400, "The body must be a JSON object.")
    only_known(values, {"content", "fingerprint", *_OPTIONS})
    return values


def _checked(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Refuse what would quietly mean something else: an option that is not understood, a text that is none."""
    errors = {
        name: [f"{name} must be a text."] for name in ("content", "fingerprint") if not isinstance(values.get(name, ""), str)
    }
    for name, choices in (("mode", [*Mode]), ("key", [*Key])):
        if name in values and values[name] not in choices:
            errors[name] = [f"{name} must be one of {', '.join(choices)}."]
    for name in _SWITCHES:
        if not isinstance(values.get(name, False), bool):
            errors[name] = [f"{name} must be true or false."]
    if errors:
        raise Refused(422, " ".join(text for texts in errors.values() for text in texts), errors=errors)
    return values


def _flags(posted: QueryDict) -> Mapping[str, Any]:
    """Form values; "true" and "1" are yes."""
    values: dict[str, Any] = {name: posted[name] for name in ("mode", "key") if name in posted}
    values.update((name, posted[name] in ("true", "1", "on")) for name in _SWITCHES if name in posted)
    return values


def _errors(plan: ImportPlan) -> list[dict[str, Any]]:
    return [{"row": error.line, "error": " ".join(error.problems)} for error in plan.errors]


def _row(row: PlannedRow) -> dict[str, Any]:
    number = row.after.get("number")
    return {
        "row": row.line or None,
        "action": str(row.action),
        "channel_id": row.channel_id,
        "name": row.name,
        "channel_number": (format_number(number) or None) if not isinstance(number, str | int | None) else None,
        "group_name": row.after.get("group") or None,
        "tvg_id": row.after.get("tvg_id") or None,
        "changes": [{"field": label, "old": old, "new": new} for label, old, new in row.changes()],
    }
