"""Channel groups for programs (10 §7.4, §21.2)."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse

from channels_app.api.reading import address, flag_filter, only_filters
from channels_app.api.shapes import number_shape
from channels_app.api.values import LARGEST_ID
from channels_app.autosync.filled_groups import groups_filled_by_auto_sync
from channels_app.commands import CreateGroup, DeleteGroups, RenameGroup
from channels_app.edit_groups import create_group, rename_group
from channels_app.errors import EditRefused, NotThere
from channels_app.groups.auto_created import auto_created_groups, clear_auto_created
from channels_app.groups.hidden import hidden_group_ids, hidden_groups, restore_group
from channels_app.groups.orphans import OrphanedGroup, delete_orphaned_groups, orphaned_groups
from channels_app.groups.overview import diagnose_groups, groups_with_streams
from channels_app.groups.remove_groups import remove_groups
from channels_app.models import Channel, ChannelGroup
from channels_app.numbering import natural_key
from tasks_app.api_shapes import moment
from tasks_app.views.api.answers import Refused, body_of, only_known


def _list(request: HttpRequest) -> HttpResponse:
    """All groups but the hidden ones, in natural order. A fixed number of queries."""
    only_filters(request)
    hidden, synced = hidden_group_ids(), groups_filled_by_auto_sync()
    counts = dict(Channel.objects.order_by().values_list("group_id").annotate(count=Count("pk")))
    groups = [group for group in ChannelGroup.objects.all() if group.pk not in hidden]
    groups.sort(key=lambda group: (natural_key(group.name), group.pk))
    return JsonResponse([_shape(group, counts.get(group.pk, 0), group.pk in synced) for group in groups], safe=False)


def _create(request: HttpRequest) -> HttpResponse:
    """Create a group; one that has this name is returned instead, with 200."""
    sent = body_of(request)
    only_known(sent, {"name"})
    try:
        group, outcome = create_group(CreateGroup(_name(sent)))
    except EditRefused as error:
        raise _unusable(error) from None
    count = 0 if outcome.changed else Channel.objects.filter(group=group).count()
    shape = _shape(group, count, group.pk in groups_filled_by_auto_sync())
    return JsonResponse(shape, status=201 if outcome.changed else 200)


def _rename(request: HttpRequest, group_id: int) -> HttpResponse:
    sent = body_of(request)
    only_known(sent, {"name"})
    try:
        rename_group(RenameGroup(group_id, _name(sent)))
    except NotThere as error:
        raise Refused(404, str(error)) from None
    except EditRefused as error:
        raise _unusable(error) from None
    group = _group(group_id)
    return JsonResponse(_shape(group, Channel.objects.filter(group=group).count(), group.pk in groups_filled_by_auto_sync()))


def _delete(request: HttpRequest, group_id: int) -> HttpResponse:
    """Delete, or hide a group that auto-sync fills; ``?delete_channels=true`` deletes the channels too."""
    only_filters(request, "delete_channels")
    with_channels = flag_filter(request, "delete_channels")
    _group(group_id)
    try:
        outcome = remove_groups(DeleteGroups((group_id,), delete_channels=with_channels))
    except EditRefused as error:
        raise Refused(409, str(error)) from None
    status = "hidden" if outcome.hidden else "deleted"
    return JsonResponse({"status": status, "message": outcome.message, "batch_id": outcome.batch_id})


def _restore(_request: HttpRequest, group_id: int) -> HttpResponse:
    try:
        outcome = restore_group(group_id)
    except NotThere as error:
        raise Refused(404, str(error)) from None
    return JsonResponse({"status": "restored", "message": outcome.message})


def _hidden(request: HttpRequest) -> HttpResponse:
    only_filters(request)
    rows = [
        {"id": group.pk, "name": group.name, "hidden_at": moment(group.hidden_at), "channel_count": group.channels}
        for group in hidden_groups()
    ]
    return JsonResponse(rows, safe=False)


def _orphaned(request: HttpRequest) -> HttpResponse:
    only_filters(request)
    return JsonResponse({"orphaned_groups": [_orphan(group) for group in orphaned_groups()]})


def _delete_orphaned(request: HttpRequest) -> HttpResponse:
    """``{"group_ids": […]}`` narrows the set; none or an empty list means all orphans. Others are never deleted."""
    sent = body_of(request)
    only_known(sent, {"group_ids"})
    done = delete_orphaned_groups(_ids(sent, "group_ids"))
    return JsonResponse(
        {
            "message": done.message,
            "deleted_groups": [{"id": group.pk, "name": group.name} for group in done.deleted],
            "failed_groups": [{"id": group.pk, "name": group.name, "error": reason} for group, reason in done.failed],
            "batch_id": done.batch_id,
        }
    )


def _auto_created(request: HttpRequest) -> HttpResponse:
    only_filters(request)
    groups = [
        {
            "id": group.pk or None,
            "name": group.name,
            "auto_created_count": group.count,
            "sample_channels": [
                {"name": item.name, "channel_number": number_shape(item.number), "auto_created_by_name": item.creator or None}
                for item in group.samples
            ],
        }
        for group in auto_created_groups()
    ]
    return JsonResponse({"groups": groups, "total_auto_created_channels": sum(group["auto_created_count"] for group in groups)})


def _clear_auto_created(request: HttpRequest) -> HttpResponse:
    sent = body_of(request)
    only_known(sent, {"group_ids"})
    try:
        done = clear_auto_created(_ids(sent, "group_ids"))
    except EditRefused as error:
        raise Refused(400, str(error)) from None
    return JsonResponse(
        {
            "message": done.message,
            "updated_count": done.updated,
            "failed_groups": [{"id": pk, "error": reason} for pk, reason in done.failed],
            "updated_channels": [{"id": pk, "name": name} for pk, name in done.first],
            "batch_id": done.batch_id,
        }
    )


def _with_streams(request: HttpRequest) -> HttpResponse:
    only_filters(request)
    rows = [{"id": pk, "name": name} for pk, name in groups_with_streams()]
    return JsonResponse({"groups": rows, "total": len(rows)})


def _diagnostic(request: HttpRequest) -> HttpResponse:
    only_filters(request)
    found = diagnose_groups()
    return JsonResponse(
        {
            "is_sound": found.is_sound,
            "group_count": found.groups,
            "hidden_count": found.hidden,
            "duplicate_names": [[{"id": pk, "name": name} for pk, name in rows] for rows in found.duplicate_names],
            "invalid_hidden_records": [{"group_id": item.group_id, "name": item.name} for item in found.invalid_hidden],
            "channels_with_missing_group": [
                {"id": pk, "name": name, "channel_group_id": group_id} for pk, name, group_id in found.stray_channels
            ],
        }
    )


collection = address(GET=_list, POST=_create)
single = address(PATCH=_rename, DELETE=_delete)
restore = address(POST=_restore)
hidden = address(GET=_hidden)
orphaned = address(GET=_orphaned, DELETE=_delete_orphaned)
auto_created = address(GET=_auto_created)
clear_flag = address(POST=_clear_auto_created)
with_streams = address(GET=_with_streams)
diagnostic = address(GET=_diagnostic)


def _shape(group: ChannelGroup, count: int, is_auto_sync: bool) -> dict[str, Any]:
    return {
        "id": group.pk,
        "name": group.name,
        "channel_count": count,
        "is_auto_sync": is_auto_sync,
        "position": group.position,
    }


def _orphan(group: OrphanedGroup) -> dict[str, Any]:
    return {"id": group.pk, "name": group.name, "reason": group.reason}


def _group(group_id: int) -> ChannelGroup:
    group = ChannelGroup.objects.filter(pk=group_id).first()
    if group is None:
        raise Refused(404, "There is no such group.")
    return group


def _name(sent: Mapping[str, Any]) -> str:
    name = sent.get("name")
    if not isinstance(name, str):
        raise Refused(422, "name must be a text.", errors={"name": ["name must be a text."]})
    return name


def _ids(sent: Mapping[str, Any], name: str) -> list[int]:
    ids = sent.get(name) or []
    if not isinstance(ids, list) or not all(type(pk) is int and 0 <= pk <= LARGEST_ID for pk in ids):
        raise Refused(422, f"{name} must be a list of ids.", errors={name: [f"{name} must be a list of ids."]})
    return ids


def _unusable(error: EditRefused) -> Refused:
    return Refused(422, str(error), errors={name or "name": [text] for name, text in error.problems.items()})
