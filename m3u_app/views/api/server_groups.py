"""``/api/m3u/server-groups`` (20 §7)."""

from django.http import HttpRequest, HttpResponse, JsonResponse

from m3u_app.models import Account, ServerGroup
from m3u_app.server_groups import change_server_group, create_server_group, delete_server_group
from m3u_app.views.api.reading import address
from tasks_app.views.api.answers import Refused, body_of, only_known


def _list(request: HttpRequest) -> HttpResponse:
    members: dict[int | None, list[int]] = {}
    for group_id, account_id in Account.objects.exclude(server_group=None).order_by("pk").values_list("server_group_id", "pk"):
        members.setdefault(group_id, []).append(account_id)
    groups = ServerGroup.objects.values_list("pk", "name")
    return JsonResponse({"results": [{"id": pk, "name": name, "accounts": members.get(pk, [])} for pk, name in groups]})


def _create(request: HttpRequest) -> HttpResponse:
    name, accounts = _read(request, "", [])
    group, _ = create_server_group(name, accounts)
    return JsonResponse(_shape(group), status=201)


def _show(request: HttpRequest, group_id: int) -> HttpResponse:
    return JsonResponse(_shape(_stored(group_id)))


def _change(request: HttpRequest, group_id: int) -> HttpResponse:
    stored = _stored(group_id)
    name, accounts = _read(request, stored.name, _members(stored))
    group, _ = change_server_group(group_id, name, accounts)
    return JsonResponse(_shape(group))


def _delete(request: HttpRequest, group_id: int) -> HttpResponse:
    _stored(group_id)
    delete_server_group(group_id)
    return HttpResponse(status=204)


def _read(request: HttpRequest, name: str, accounts: list[int]) -> tuple[str, list[int]]:
    sent = body_of(request)
    only_known(sent, {"name", "accounts"})
    errors: dict[str, list[str]] = {}
    if not isinstance(sent.get("name", ""), str):
        errors["name"] = ["name must be a text."]
    chosen = sent.get("accounts", accounts)
    if not isinstance(chosen, list) or any(type(pk) is not int for pk in chosen):
        errors["accounts"] = ["accounts must be a list of ids."]
    elif missing := sorted(set(chosen) - set(Account.objects.filter(pk__in=chosen[:1000]).values_list("pk", flat=True))):
        errors["accounts"] = [f"There is no account {missing[0]}."]
    if errors:
        raise Refused(422, " ".join(text for texts in errors.values() for text in texts), errors=errors)
    return sent.get("name", name), chosen


def _stored(group_id: int) -> ServerGroup:
    found = ServerGroup.objects.filter(pk=group_id).first()
    if found is None:
        raise Refused(404, "There is no such server group.")
    return found


def _members(group: ServerGroup) -> list[int]:
    return list(Account.objects.filter(server_group=group).order_by("pk").values_list("pk", flat=True))


def _shape(group: ServerGroup) -> dict[str, object]:
    return {"id": group.pk, "name": group.name, "accounts": _members(group)}


server_groups = address(GET=_list, POST=_create)
server_group = address(GET=_show, PATCH=_change, DELETE=_delete)
