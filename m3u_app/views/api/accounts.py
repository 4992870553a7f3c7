"""``/api/m3u/accounts``: the list, one account, its groups, what its playlist says about guide ids, uploads."""

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse

from ecm_site.masking import mask_text
from m3u_app.account_values import AccountValues
from m3u_app.choose_groups import SetGroups, choose_groups
from m3u_app.create_account import create_account
from m3u_app.delete_account import Deletion, request_deletion
from m3u_app.describe_accounts import described_accounts
from m3u_app.edit_account import edit_account
from m3u_app.linked_accounts import pass_on
from m3u_app.models import Account, Stream, StreamGroup
from m3u_app.request_refresh import refresh_after_change
from m3u_app.store_upload import display_name, find_pending, is_upload, receive_upload
from m3u_app.views.api.reading import account_or_refuse, address, changed_by
from tasks_app.views.api.answers import Refused, body_of, only_known

_HIDDEN = {"upload_path", "password"}
_UPLOAD = frozenset({"upload"})
MOST_GROUPS = 10_000


def _list(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"results": described_accounts()})


def _create(request: HttpRequest) -> HttpResponse:
    """Create an account and start its first refresh, as the page does."""
    account = create_account(_read(request, AccountValues(name="", refresh_interval=24)))
    refresh_after_change(account.pk)
    return JsonResponse(_shape(account.pk), status=201)


def _show(request: HttpRequest, account_id: int) -> HttpResponse:
    account_or_refuse(account_id)
    return JsonResponse(_shape(account_id))


def _change(request: HttpRequest, account_id: int) -> HttpResponse:
    """Change what is sent. Secrets that are not sent stay; where the source changed, a refresh starts."""
    account = account_or_refuse(account_id)
    edit = edit_account(account_id, _read(request, _values_of(account)))
    if edit.source_changed:
        refresh_after_change(account_id)
    return JsonResponse({**_shape(account_id), "changed": sorted(edit.changed)})


def _delete(request: HttpRequest, account_id: int) -> HttpResponse:
    """A small account goes at once (200); of a large one the run that deletes it is named (202)."""
    account_or_refuse(account_id)
    done = request_deletion(account_id)
    if isinstance(done, Deletion):
        return JsonResponse({"deleted": done.name, "streams": done.streams, "kept": done.kept, "failed": done.failed})
    return JsonResponse({"run_id": done.pk}, status=202)


def _groups(request: HttpRequest, account_id: int) -> HttpResponse:
    account_or_refuse(account_id)
    columns = ("id", "name", "enabled", "stream_count", "is_new", "is_stale", "auto_channel_sync")
    found = StreamGroup.objects.filter(account_id=account_id).order_by("name", "id").values(*columns)
    return JsonResponse({"results": list(found)})


def _choose_groups(request: HttpRequest, account_id: int) -> HttpResponse:
    """``{"groups": [{"id": 3, "enabled": false}, …]}``: only those named change; linked accounts follow."""
    account_or_refuse(account_id)
    sent = body_of(request)
    only_known(sent, {"groups"})
    rows = sent.get("groups")
    if not isinstance(rows, list) or len(rows) > MOST_GROUPS or not all(_is_choice(row) for row in rows):
        sentence = f'groups must be a list of at most {MOST_GROUPS:,} objects like {{"id": 3, "enabled": false}}.'
        raise Refused(422, sentence, errors={"groups": [sentence]})
    on, off = (frozenset(row["id"] for row in rows if row["enabled"] is to) for to in (True, False))
    chosen = choose_groups(account_id, [SetGroups(on, enabled=True), SetGroups(off - on, enabled=False)], keep_new_marks=True)
    if chosen.total:
        pass_on(account_id, chosen)
    return JsonResponse({"enabled": chosen.enabled, "disabled": chosen.disabled, "batch_id": chosen.batch_id})


def _stream_metadata(request: HttpRequest, account_id: int) -> StreamingHttpResponse:
    """Per guide id the station id, name, logo and group of its first stream; written while it is read."""
    account_or_refuse(account_id)
    return StreamingHttpResponse(_metadata(account_id), content_type="application/json")


def _metadata(account_id: int) -> Iterator[str]:
    columns = ("tvg_id", "station_id", "tvg_name", "logo_url", "group__name")
    rows = Stream.objects.filter(account_id=account_id, is_stale=False).exclude(tvg_id="").order_by("pk").values_list(*columns)
    seen: set[str] = set()
    yield "{"
    for tvg_id, station_id, tvg_name, logo, group in rows.iterator(chunk_size=2000):
        if tvg_id in seen:
            continue
        found = {"tvc-guide-stationid": station_id, "tvg-name": tvg_name, "tvg-logo": mask_text(logo), "group-title": group}
        yield f"{', ' if seen else ''}{json.dumps(tvg_id)}: {json.dumps(found)}"
        seen.add(tvg_id)
    yield "}"


def _upload(request: HttpRequest) -> HttpResponse:
    """A playlist as ``file`` of a multipart form; ``upload`` of the answer names it when an account is made or changed."""
    file = request.FILES.get("file")
    if file is None:
        raise Refused(422, "Send the playlist as “file” of a multipart form.", errors={"file": ["No file was sent."]})
    pending = receive_upload(file.name or "", file.chunks())
    return JsonResponse({"upload": pending.token, "name": pending.name, "size": pending.size}, status=201)


def _read(request: HttpRequest, start: AccountValues) -> AccountValues:
    sent = body_of(request)
    if "upload_path" in sent:  # paths of waiting uploads are ours to know
        only_known({"upload_path": ""}, set())
    values = changed_by(start, sent, also=_UPLOAD)
    if "upload" not in sent:
        return values
    pending = find_pending(str(sent["upload"]))
    if pending is None:
        sentence = "The uploaded file is no longer there. Upload it again."
        raise Refused(422, sentence, errors={"upload": [sentence]})
    return replace(values, upload_path=str(pending.path))


def _values_of(account: Account) -> AccountValues:
    """What is stored, as if it had been sent; secrets stay where they are."""
    known = {spec.name: getattr(account, spec.name) for spec in fields(AccountValues) if spec.name not in _HIDDEN}
    return AccountValues(**(known | {"server_url": None, "password": None}))


def _shape(account_id: int) -> dict[str, Any]:
    account = account_or_refuse(account_id)
    found = next((row for row in described_accounts() if row["id"] == account_id), {"id": account_id, "name": account.name})
    return {
        **found,
        "server_url": mask_text(account.server_url),
        "file": display_name(account.file_path) if is_upload(account.file_path) else account.file_path,
        "has_login": bool(account.username),
        "user_agent": account.user_agent,
        "stale_stream_days": account.stale_stream_days,
        "shrink_guard_percent": account.shrink_guard_percent,
        "auto_enable_new_groups": account.auto_enable_new_groups,
        "allow_private_addresses": account.allow_private_addresses,
        "server_group": account.server_group_id,
    }


def _is_choice(row: object) -> bool:
    return isinstance(row, dict) and row.keys() == {"id", "enabled"} and type(row["id"]) is int and type(row["enabled"]) is bool


accounts = address(GET=_list, POST=_create)
account = address(GET=_show, PATCH=_change, DELETE=_delete)
group_settings = address(GET=_groups, PATCH=_choose_groups)
stream_metadata = address(GET=_stream_metadata)  # type: ignore[arg-type]  # a streaming answer is one too
upload = address(POST=_upload)
