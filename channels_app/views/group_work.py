"""Dialogs about groups beyond single ones: hidden, orphaned, auto-created, and the diagnosis (10 §7.4)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from channels_app.errors import EditRefused, NotThere
from channels_app.groups.auto_created import auto_created_groups, clear_auto_created
from channels_app.groups.hidden import hidden_groups, restore_group
from channels_app.groups.orphans import delete_orphaned_groups, orphaned_groups
from channels_app.groups.overview import diagnose_groups
from channels_app.views.answers import carried_out, dialog, edited
from channels_app.views.posted import numbers_in


@require_GET
def hidden(request: HttpRequest) -> HttpResponse:
    """The hidden groups, each with a way back."""
    return dialog(request, "channels_app/groups/_hidden.html", "Hidden groups", {"groups": hidden_groups()})


@require_http_methods(["POST"])
def restore(request: HttpRequest, group_id: int) -> HttpResponse:
    """Bring one back. Restoring what is not hidden is a 404."""
    try:
        outcome = restore_group(group_id)
    except NotThere as error:
        raise Http404(str(error)) from None
    return edited(request, outcome)


@require_http_methods(["GET", "POST"])
def orphaned(request: HttpRequest) -> HttpResponse:
    """Scan, tick, delete. What is no orphan any more at that moment stays."""
    problem = ""
    if request.method == "POST":
        ids = numbers_in(request.POST.getlist("orphan"))
        if ids:
            return carried_out(request, lambda: edited(request, delete_orphaned_groups(ids)))
        problem = "Tick the groups to delete."
    groups = orphaned_groups()
    context = {"groups": groups, "problem": problem, "action": reverse("channels:orphaned_groups")}
    return dialog(request, "channels_app/groups/_orphaned.html", "Orphaned groups", context, status=422 if problem else 200)


@require_http_methods(["GET", "POST"])
def auto_created(request: HttpRequest) -> HttpResponse:
    """Groups with auto-created channels, and making those ordinary ones."""
    problem = ""
    if request.method == "POST":
        try:
            return edited(request, clear_auto_created(numbers_in(request.POST.getlist("group"))))
        except EditRefused as error:
            problem = str(error)
    context = {"groups": auto_created_groups(), "problem": problem, "action": reverse("channels:auto_created_groups")}
    title = "Groups with auto-created channels"
    return dialog(request, "channels_app/groups/_auto_created.html", title, context, status=422 if problem else 200)


@require_GET
def diagnosis(request: HttpRequest) -> HttpResponse:
    """Whether anything is wrong with the groups."""
    return dialog(request, "channels_app/groups/_diagnosis.html", "Group check", {"found": diagnose_groups()})
