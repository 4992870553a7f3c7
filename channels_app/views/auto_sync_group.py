"""The auto-sync settings of one provider group, with what the next sync would do (20 §4.2)."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from channels_app.autosync.change_settings import SyncedElsewhere, change_settings, synced_elsewhere
from channels_app.autosync.preview import Preview, preview_sync
from channels_app.autosync.settings import SettingsRefused, read_settings
from channels_app.autosync.tasks import request_sync
from channels_app.forms_auto_sync import AutoSyncForm
from channels_app.logos.choose_logo import offered_logos
from channels_app.views.auto_sync import CHANGED
from ecm_site.htmx import done, render_page, wants_partial
from ecm_site.wording import shortened
from m3u_app.models import StreamGroup
from tasks_app.mirror.state import is_connected


@require_http_methods(["GET", "POST"])
def group(request: HttpRequest, group_id: int) -> HttpResponse:
    """GET shows the form. POST saves, or with ``preview`` (without a script) only shows what would happen."""
    found = _group_or_404(group_id)
    if request.method == "GET":
        return _show(request, found, _form(found))
    form = _form(found, request.POST)
    form.is_valid()
    try:
        settings = form.settings()
        if "preview" in request.POST:
            return _show(request, found, form, preview=preview_sync(found, settings))
        switched_on = bool(form.cleaned_data.get("switched_on"))
        entry_id = change_settings(found.pk, settings, switched_on=switched_on)
    except SettingsRefused as refusal:
        form.refuse(refusal.problems)
        return _show(request, found, form, status=422)
    except SyncedElsewhere as refusal:
        form.refuse({"switched_on": str(refusal)})
        return _show(request, found, form, status=422)
    if switched_on:
        request_sync(found.account_id)
    _say(request, found, entry_id, switched_on=switched_on)
    return done(request, reverse("channels:auto_sync", args=[found.account_id]), CHANGED, "journal:changed")


@require_POST
def preview(request: HttpRequest, group_id: int) -> HttpResponse:
    """What the next sync would do with the settings as typed; errors go beside their fields, and Save is blocked."""
    found = _group_or_404(group_id)
    form = _form(found, request.POST)
    form.is_valid()
    problems: dict[str, str] = {}
    would: Preview | None = None
    try:
        would = preview_sync(found, form.settings())
    except SettingsRefused as refusal:
        problems = refusal.problems
    checks = [(name, problems.get(name, "")) for name in form.fields]
    context = {"preview": would, "problems": problems, "checks": checks, "group": found, "form": form, "is_answer": True}
    return render(request, "channels_app/_auto_sync_preview.html", context)


@require_safe
def logos(request: HttpRequest, group_id: int) -> HttpResponse:
    """Logos of the library to choose from. Settings apply at once, so these are those of the lineup, not of a draft."""
    _group_or_404(group_id)
    find = request.GET.get("logo_find", "")
    offered, total = offered_logos(find)
    context = {"offered": offered, "total": total, "find": find.replace("\x00", "").strip()[:200]}
    return render(request, "channels_app/_auto_sync_logos.html", context)


def _form(found: StreamGroup, data: Any = None) -> AutoSyncForm:
    return AutoSyncForm(data, group=found, settings=read_settings(found))


def _group_or_404(group_id: int) -> StreamGroup:
    found = StreamGroup.objects.select_related("account").filter(pk=group_id).first()
    if found is None:
        raise Http404("There is no such group.")
    return found


def _say(request: HttpRequest, found: StreamGroup, entry_id: int | None, *, switched_on: bool) -> None:
    name = shortened(found.name)
    if switched_on and is_connected():
        text = f"Saved. Dispatcharr brings the channels of “{name}” in step when it refreshes the account next."
    elif switched_on:
        text = f"Saved. The channels of “{name}” are being brought in step."
    elif entry_id:
        text = f"Saved. “{name}” is not synchronised; channels that it has stay."
    else:
        messages.info(request, "Nothing was changed.")
        return
    messages.success(request, text, extra_tags=f"undo:{entry_id}" if entry_id else "")


def _show(
    request: HttpRequest, found: StreamGroup, form: AutoSyncForm, *, preview: Preview | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "group": found,
        "account": found.account,
        "form": form,
        "preview": preview,
        "elsewhere": None if found.auto_channel_sync else synced_elsewhere(found),
        "is_partial": wants_partial(request),
        "is_connected": is_connected(),
    }
    return render_page(request, "channels_app/auto_sync_group.html", "channels_app/_auto_sync_group.html", context, status)
