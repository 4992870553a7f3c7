"""Notifications as JSON (50 §3.2): codes as in the chapter's table, problems in words under ``detail``."""

import json
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_http_methods

from tasks_app.models import Notification, NotificationKind
from tasks_app.notifications import change_notifications, queries
from tasks_app.notifications.dead_ends import without_dead_ends
from tasks_app.notifications.store import is_own_path
from tasks_app.post_notification import post_notification
from tasks_app.views.parameters import number_from

_MAX_PAGE_SIZE = 200
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
_TEXTS = {"title": 255, "source": 50, "source_id": 100, "action_label": 50, "action_url": 500}


class BadRequest(ValueError):
    """What was sent cannot be read. The message says what and why."""


@require_http_methods(["GET", "HEAD", "POST", "DELETE"])
def collection(request: HttpRequest) -> HttpResponse:
    """List, create, or delete the read ones (``?read_only=false``: all that are over)."""
    try:
        if request.method == "POST":
            return _create(request)
        if request.method == "DELETE":
            return JsonResponse({"deleted": change_notifications.delete_many(read_only=_flag(request, "read_only", True))})
        return _list(request)
    except BadRequest as problem:
        return _refused(str(problem), 400)


@require_http_methods(["PATCH"])
def mark_all_read(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"marked_read": change_notifications.mark_all_read()})


@require_http_methods(["DELETE"])
def by_source(request: HttpRequest) -> HttpResponse:
    """``?source=…`` and, to narrow it down, ``&source_id=…``."""
    source = request.GET.get("source", "").strip()
    if not source:
        return _refused("Name the source: ?source=…", 400)
    deleted = change_notifications.delete_by_source(source, request.GET.get("source_id", "").strip())
    return JsonResponse({"deleted": deleted})


@require_http_methods(["GET", "HEAD", "PATCH", "DELETE"])
def single(request: HttpRequest, pk: int) -> HttpResponse:
    """One of them: read it, ``PATCH ?read=true|false`` (without a value: the other way round), delete it."""
    notification = Notification.objects.select_related("run").filter(pk=pk).first()
    if notification is None:
        return _refused("There is no such notification.", 404)
    try:
        if request.method == "PATCH":
            notification = change_notifications.set_read(notification, _flag(request, "read", not notification.read))
        elif request.method == "DELETE":
            change_notifications.delete(notification)
            return JsonResponse({"deleted": 1})
    except change_notifications.StillLive as refusal:
        return _refused(str(refusal), 409)
    except BadRequest as problem:
        return _refused(str(problem), 400)
    return JsonResponse(_as_json(without_dead_ends([notification])[0]))


def _list(request: HttpRequest) -> HttpResponse:
    kind = request.GET.get("notification_type", "")
    if kind and kind not in NotificationKind.values:
        raise BadRequest(f"notification_type is one of {', '.join(NotificationKind.values)}.")
    size = min(max(1, number_from(request, "page_size", 50)), _MAX_PAGE_SIZE)
    wanted = queries.NotificationFilter(unread_only=_flag(request, "unread_only", False), kind=kind)
    page = queries.notification_page(wanted, number=number_from(request, "page", 1), size=size)
    running = queries.live_lines() if page.number == 1 and not kind and not wanted.unread_only else []
    return JsonResponse(
        {
            "notifications": [_as_json(row) for row in (*running, *page.rows)],
            "total": page.total + len(running),
            "unread_count": queries.unread_count(),
            "page": page.number,
            "page_size": page.size,
            "total_pages": page.pages,
        }
    )


def _create(request: HttpRequest) -> HttpResponse:
    values = _body(request)
    message = values.get("message")
    if not isinstance(message, str) or not message.strip():
        raise BadRequest("message must not be empty.")
    kind = values.get("type", values.get("notification_type", NotificationKind.INFO))
    if kind not in NotificationKind.values:
        raise BadRequest(f"type is one of {', '.join(NotificationKind.values)}.")
    texts = {name: _text(values, name, longest) for name, longest in _TEXTS.items()}
    if texts["action_url"] and not is_own_path(texts["action_url"]):
        raise BadRequest("action_url is a path of this site, such as /m3u/.")
    metadata = values.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise BadRequest("metadata is an object.")
    alerts = values.get("send_alerts", True)
    if not isinstance(alerts, bool):
        raise BadRequest("send_alerts is true or false.")
    told = post_notification(kind, message, metadata=metadata, send_alerts=alerts, **texts)
    if told is None:
        return _refused("The notification could not be stored. The log says why.", 503)
    return JsonResponse(_as_json(told), status=201)


def _body(request: HttpRequest) -> dict[str, Any]:
    try:
        values = json.loads(request.body or b"{}")
        json.dumps(values, ensure_ascii=False).encode()  # half a letter, "\\ud800", can be sent but not be stored
    except (ValueError, RecursionError):
        raise BadRequest("The body is not JSON.") from None
    if not isinstance(values, dict):
        raise BadRequest("The body is not a JSON object.")
    return values


def _text(values: dict[str, Any], name: str, longest: int) -> str:
    value = values.get(name) or ""
    if isinstance(value, int) and not isinstance(value, bool) and name == "source_id":
        value = str(value)
    if not isinstance(value, str) or len(value) > longest:
        raise BadRequest(f"{name} is text of at most {longest} characters.")
    return value


def _flag(request: HttpRequest, name: str, default: bool) -> bool:
    text = request.GET.get(name, "").strip().lower()
    if not text:
        return default
    if text not in (*_TRUE, *_FALSE):
        raise BadRequest(f"{name} is true or false.")
    return text in _TRUE


def _as_json(row: Notification) -> dict[str, Any]:
    metadata = row.metadata
    message = row.message
    if row.live and row.run is not None:
        metadata = {**metadata, **_progress(row)}
        message = queries.progress_words(row.run) or message
    return {
        "id": row.pk,
        "type": row.kind,
        "title": row.title,
        "message": message,
        "read": row.read,
        "read_at": _moment(row.read_at),
        "live": row.live,
        "count": row.count,
        "source": row.source,
        "source_id": row.source_id,
        "action_label": row.action_label,
        "action_url": row.action_url,
        "metadata": metadata,
        "created_at": _moment(row.created_at),
        "updated_at": _moment(row.last_at),
        "expires_at": _moment(row.expires_at),
    }


def _progress(row: Notification) -> dict[str, Any]:
    run = row.run
    if run is None:
        return {}
    return {
        "status": run.phase or str(run.status),
        "current": run.current,
        "total": run.total,
        "percentage": run.percentage,
        "current_item": run.current_item,
        "success_count": run.success_count,
        "failed_count": run.failed_count,
        "skipped_count": run.skipped_count,
        "started_at": _moment(run.started_at),
    }


def _moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None


def _refused(detail: str, status: int) -> JsonResponse:
    return JsonResponse({"detail": detail}, status=status)
