"""Changes for programs (20 §21): ``/api/m3u/changes``, its summary, an account's own, and snapshots."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from m3u_app.changes.export import moment, shapes
from m3u_app.changes.filters import ChangeFilter
from m3u_app.changes.models import ChangeBatch, ChangeType
from m3u_app.changes.queries import change_page, summarise
from m3u_app.changes.record import read_snapshot
from m3u_app.changes.sorted_page import SORTS
from m3u_app.models import Account
from tasks_app.views.api.answers import Refused, api, whole

LARGEST_PAGE = 200
LONGEST_HOURS = 24 * 366
SNAPSHOTS_LISTED = 30


def _changes(request: HttpRequest, account_id: int = 0) -> HttpResponse:
    """``?account_id&change_type&enabled&hours&search&sort_by&sort_order&page&page_size``."""
    wanted = _filter(request, account_id)
    sort = request.GET.get("sort_by", "time")
    if sort not in SORTS:
        raise Refused(422, f"sort_by must be one of {', '.join(SORTS)}.")
    size = whole(request, "page_size", 50, 1, LARGEST_PAGE)
    total = summarise(wanted).rows
    page = change_page(
        wanted,
        total,
        sort=sort,
        descending=request.GET.get("sort_order", "desc") != "asc",
        number=whole(request, "page", 1, 1, 1_000_000),
        size=size,
    )
    found = list(shapes(page.changes))
    return JsonResponse(
        {"results": found, "total": total, "page": page.number, "page_size": size, "total_pages": -(-total // size)}
    )


def _of_account(request: HttpRequest, account_id: int) -> HttpResponse:
    if not Account.objects.filter(pk=account_id).exists():
        raise Refused(404, "There is no such account.")
    return _changes(request, account_id)


def _summary(request: HttpRequest) -> HttpResponse:
    """What the cards show; ``hours`` (default 168) is how far back."""
    found = summarise(_filter(request, 0, default_hours=168))
    return JsonResponse(
        {
            "total_changes": found.rows,
            "groups_added": found.of(ChangeType.GROUP_ADDED),
            "groups_removed": found.of(ChangeType.GROUP_REMOVED),
            "groups_renamed": found.of(ChangeType.GROUP_RENAMED),
            **{str(kind): found.of(kind) for kind in ChangeType if kind.startswith("streams_")},
            "removed_in_use": found.in_use,
        }
    )


def _snapshots(request: HttpRequest) -> HttpResponse:
    """The newest refreshes with the groups as they were then; ``account_id`` narrows it down."""
    batches = ChangeBatch.objects.order_by("-at", "-pk")
    account_id = whole(request, "account_id", 0, 0, 2**62)
    if account_id:
        batches = batches.filter(account_id=account_id)
    limit = whole(request, "limit", 10, 1, SNAPSHOTS_LISTED)
    return JsonResponse(
        {
            "results": [
                {
                    "id": batch.pk,
                    "account_id": batch.account_id,
                    "snapshot_time": moment(batch.at),
                    "source_updated_at": moment(batch.source_updated_at) if batch.source_updated_at else None,
                    "total_streams": batch.total_streams,
                    "total_groups": batch.total_groups,
                    "baseline": batch.baseline,
                    "groups": [
                        {"name": name, "enabled": enabled, "stream_count": count}
                        for name, enabled, count in read_snapshot(batch)
                    ],
                }
                for batch in batches[:limit]
            ]
        }
    )


def _filter(request: HttpRequest, account_id: int, *, default_hours: int = 0) -> ChangeFilter:
    change_type = request.GET.get("change_type", "")
    if change_type and change_type not in ChangeType.values:
        raise Refused(422, f"change_type must be one of {', '.join(ChangeType.values)}.")
    enabled = request.GET.get("enabled", "")
    if enabled not in ("", "true", "false"):
        raise Refused(422, "enabled must be true or false.")
    hours = whole(request, "hours", default_hours, 0, LONGEST_HOURS)
    return ChangeFilter(
        account_id=account_id or whole(request, "account_id", 0, 0, 2**62),
        change_type=change_type,
        enabled=enabled == "true" if enabled else None,
        since=timezone.now() - timedelta(hours=hours) if hours else None,
        text=request.GET.get("search", "")[:200],
    )


changes = api(GET=_changes)
of_account = api(GET=_of_account)
summary = api(GET=_summary)
snapshots = api(GET=_snapshots)
