"""Dialogs and moves of channel groups (10 §7.4, §8.6)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from channels_app.autosync.filled_groups import groups_filled_by_auto_sync
from channels_app.commands import CreateGroup, DeleteGroups, PlaceGroups, RenameGroup
from channels_app.edit_groups import create_group, place_groups, rename_group
from channels_app.errors import EditRefused
from channels_app.forms import GroupForm, refuse_in
from channels_app.group_order import groups_in_order
from channels_app.groups.remove_groups import remove_groups
from channels_app.models import Channel, ChannelGroup
from channels_app.views.answers import carried_out, dialog, edited
from channels_app.views.posted import id_in, ids_in


@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """Create a group; one that exists under this name is shown instead."""
    form = GroupForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        form.is_valid()
        try:
            group, outcome = create_group(CreateGroup(form.cleaned_data.get("name", "")))
        except EditRefused as error:
            refuse_in(form, error)
        else:
            return edited(request, outcome, new_group=group.pk)
    return _form(request, form, "New group", "Create group", reverse("channels:create_group"))


@require_http_methods(["GET", "POST"])
def rename(request: HttpRequest, group_id: int) -> HttpResponse:
    group = _group_or_404(group_id)
    form = GroupForm(request.POST if request.method == "POST" else None, initial={"name": group.name})
    if request.method == "POST":
        form.is_valid()
        try:
            outcome = rename_group(RenameGroup(group.pk, form.cleaned_data.get("name", "")))
        except EditRefused as error:
            refuse_in(form, error)
        else:
            return edited(request, outcome, groups=[group.pk])
    return _form(request, form, f"Rename “{group.name}”", "Rename", reverse("channels:rename_group", args=[group.pk]))


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, group_id: int) -> HttpResponse:
    """Say what becomes of the channels, then delete; a group that auto-sync fills is hidden instead."""
    if request.method == "POST":
        command = DeleteGroups((group_id,), delete_channels=request.POST.get("delete_channels") == "1")
        return carried_out(request, lambda: edited(request, remove_groups(command)))
    group = _group_or_404(group_id)
    context = {
        "group": group,
        "is_linked": group.pk in groups_filled_by_auto_sync(),
        "count": Channel.objects.filter(group=group).count(),
        "action": reverse("channels:delete_group", args=[group.pk]),
    }
    verb = "Hide" if context["is_linked"] else "Delete"
    return dialog(request, "channels_app/_delete_group.html", f"{verb} group “{group.name}”", context)


@require_POST
def place(request: HttpRequest) -> HttpResponse:
    """A drag or an arrow key: ``group`` in front of ``before``, behind ``after``, or last."""
    before, after = id_in(request.POST, "before"), id_in(request.POST, "after")
    if before is None and after is not None:
        ids = [group.pk for group in groups_in_order()]
        before = next(iter(ids[ids.index(after) + 1 :]), None) if after in ids else None
    command = PlaceGroups(ids_in(request.POST, "group"), before)
    return carried_out(request, lambda: edited(request, place_groups(command)))


@require_POST
def step(request: HttpRequest, group_id: int) -> HttpResponse:
    """One place up or down among the groups."""
    ids = [group.pk for group in groups_in_order()]
    if group_id not in ids:
        raise Http404
    at = ids.index(group_id)
    before = ids[max(0, at - 1)] if request.POST.get("direction") == "up" else (ids[at + 2] if at + 2 < len(ids) else None)
    return carried_out(request, lambda: edited(request, place_groups(PlaceGroups((group_id,), before))))


def _group_or_404(group_id: int) -> ChannelGroup:
    group = ChannelGroup.objects.filter(pk=group_id).first()
    if group is None:
        raise Http404
    return group


def _form(request: HttpRequest, form: GroupForm, title: str, button: str, action: str) -> HttpResponse:
    context = {"form": form, "button": button, "action": action}
    return dialog(request, "channels_app/_group_form.html", title, context, 422 if form.errors else 200)
