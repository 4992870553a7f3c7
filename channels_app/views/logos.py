"""The library of logos (10 §16): its list, and the dialogs that add, change and delete."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from channels_app.errors import EditRefused
from channels_app.forms import refuse_in
from channels_app.logos.edit_logos import LogoOutcome, add_logo, adopt_used, delete_logos, delete_unused, edit_logo, upload_logo
from channels_app.logos.forms import MOST_FILES, UPLOAD_HELP, LogoForm, read_filter
from channels_app.logos.library import (
    NAMED_CHANNELS,
    PAGE_SIZES,
    SHOWN,
    SORTS,
    channels_using,
    library_totals,
    logo_page,
    unused_logos,
    usage,
)
from channels_app.logos.pictures import LARGEST_FILE
from channels_app.logos.tasks import TASK_ID
from channels_app.models import Logo
from channels_app.views.answers import dialog, tell
from channels_app.views.posted import ids_in, parameters
from ecm_site.htmx import done, render_page, wants_partial
from ecm_site.wording import counted, shortened
from tasks_app import engine
from tasks_app.models import TaskRun
from tasks_app.queries import active_runs

CHANGED = ("logos:changed", "lineup:changed")
_LISTED = 200


@never_cache
@require_GET
def library(request: HttpRequest) -> HttpResponse:
    """The list or grid; searching and turning pages swap it."""
    wanted = read_filter(request.GET)
    grid = request.GET.get("view") == "grid"
    context: dict[str, Any] = {
        "wanted": wanted,
        "page": logo_page(wanted),
        "totals": library_totals(),
        "sizes": PAGE_SIZES,
        "sorts": SORTS,
        "kinds": SHOWN,
        "grid": grid,
        "filtered": bool(wanted.text or wanted.only),
    }
    if not wants_partial(request):
        context |= {"run": check_run(), "upload_help": UPLOAD_HELP}
    return render_page(request, "channels_app/logos/library.html", "channels_app/logos/_list.html", context)


@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Add a picture by its address; one that is known already is told."""
    if request.method == "GET":
        return _form(request, LogoForm(), "Add logo", reverse("logos:add"))
    form = LogoForm(request.POST)
    form.is_valid()
    try:
        _, outcome = add_logo(form.cleaned_data.get("name", ""), form.cleaned_data.get("url", ""))
    except EditRefused as error:
        refuse_in(form, error)
        return _form(request, form, "Add logo", reverse("logos:add"), status=422)
    return answered(request, outcome)


@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Upload pictures, several at once; what is refused is told beside its name, the others are taken."""
    if request.method == "GET":
        return _upload_form(request)
    files = request.FILES.getlist("file")
    if not files:
        return _upload_form(request, ["Choose at least one file."], status=422)
    if len(files) > MOST_FILES:
        return _upload_form(request, [f"At most {MOST_FILES} files at once; these are {len(files)}."], status=422)
    total = LogoOutcome("")
    problems: list[str] = []
    known = 0
    for file in files:
        try:
            data = file.read(LARGEST_FILE + 1)
            _, outcome = upload_logo(data, file.name or "")
        except EditRefused as error:
            problems += error.problems.values()
            continue
        known += not outcome.logo_ids
        total.logo_ids += outcome.logo_ids
        total.entry_id = total.entry_id or outcome.entry_id
    if total.logo_ids or known:
        total.message = _uploaded(len(total.logo_ids), known)
        total.entry_id = total.entry_id if len(total.logo_ids) == 1 else None
        if problems:
            total.warnings += problems
        return answered(request, total)
    return _upload_form(request, problems, status=422)


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, logo_id: int) -> HttpResponse:
    """Name and address; channels that show the picture follow."""
    logo = _logo(logo_id)
    action = reverse("logos:edit", args=[logo_id])
    title = f"Edit {shortened(logo.name)}"
    used = usage([logo.url]).get(logo.url, 0)
    if request.method == "GET":
        return _form(request, LogoForm(initial={"name": logo.name, "url": logo.url}), title, action, logo=logo, used=used)
    form = LogoForm(request.POST)
    form.is_valid()
    try:
        outcome = edit_logo(logo_id, form.cleaned_data.get("name", ""), form.cleaned_data.get("url", ""))
    except EditRefused as error:
        refuse_in(form, error)
        return _form(request, form, title, action, status=422, logo=logo, used=used)
    return answered(request, outcome)


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest) -> HttpResponse:
    """Ask, with the channels that lose their logo, then delete."""
    values = parameters(request)
    ids = ids_in(values, "logo")
    if request.method == "POST" and values.get("confirmed") == "1":
        return answered(request, delete_logos(ids))
    logos = list(Logo.objects.filter(pk__in=ids[:_LISTED]).order_by("name", "pk"))
    used = usage(logo.url for logo in logos)
    channels = channels_using([logo.url for logo in logos], limit=10)
    context = {
        "logos": logos,
        "used": sum(used.values()),
        "channels": channels,
        "more": max(0, sum(used.values()) - len(channels)),
        "action": reverse("logos:delete"),
        "back": reverse("logos:library"),
        "nothing": not logos,
    }
    title = f"Delete {shortened(logos[0].name)}" if len(logos) == 1 else f"Delete {counted(len(logos), 'logo')}"
    return dialog(request, "channels_app/logos/_delete.html", title, context)


@require_http_methods(["GET", "POST"])
def unused(request: HttpRequest) -> HttpResponse:
    """Logos without a channel, all ticked; deleted in one go. What is used by then stays."""
    if request.method == "POST" and request.POST.get("confirmed") == "1":
        ids = ids_in(request.POST, "logo")
        if request.POST.get("rest") == "1":  # those that the list did not name
            shown = set(ids_in(request.POST, "shown"))
            ids += tuple(pk for pk in unused_logos().values_list("pk", flat=True) if pk not in shown)
        return answered(request, delete_unused(ids))
    found = unused_logos().order_by("name", "pk")
    logos = list(found[: _LISTED + 1])
    total = len(logos) if len(logos) <= _LISTED else found.count()
    context = {
        "logos": logos[:_LISTED],
        "total": total,
        "rest": max(0, total - _LISTED),
        "action": reverse("logos:unused"),
        "back": reverse("logos:library"),
    }
    return dialog(request, "channels_app/logos/_unused.html", "Delete unused logos", context)


@require_GET
def used_by(request: HttpRequest, logo_id: int) -> HttpResponse:
    """The channels that show a logo."""
    logo = _logo(logo_id)
    channels = channels_using([logo.url])
    total = usage([logo.url]).get(logo.url, 0) if len(channels) == NAMED_CHANNELS else len(channels)
    context = {"logo": logo, "channels": channels, "total": total, "back": reverse("logos:library")}
    return dialog(request, "channels_app/logos/_used_by.html", f"Channels with {shortened(logo.name)}", context)


@require_POST
def adopt(request: HttpRequest) -> HttpResponse:
    """Take every address that channels use into the library."""
    return answered(request, adopt_used())


@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """Start the background check; its progress stands on the page."""
    try:
        run = engine.start_run(TASK_ID, user_id=request.user.pk)
    except engine.AlreadyRunning as running:
        run = running.run
    if wants_partial(request):
        return render(request, "channels_app/logos/_check.html", {"run": run})
    return redirect("logos:library")


@never_cache
@require_GET
def check_state(request: HttpRequest) -> HttpResponse:
    """The part about the check; asked for again when a run ends."""
    return render(request, "channels_app/logos/_check.html", {"run": check_run()})


def check_run() -> TaskRun | None:
    """The check that is at work, if one is."""
    return active_runs([TASK_ID]).get(TASK_ID)


def answered(request: HttpRequest, outcome: LogoOutcome) -> HttpResponse:
    """Say what was done, close the dialog, and have lists read again."""
    tell(request, outcome)
    return done(request, reverse("logos:library"), *CHANGED)


def _logo(logo_id: int) -> Logo:
    logo = Logo.objects.filter(pk=logo_id).first()
    if logo is None:
        raise Http404
    return logo


def _form(
    request: HttpRequest, form: LogoForm, title: str, action: str, *, status: int = 200, logo: Logo | None = None, used: int = 0
) -> HttpResponse:
    context = {"form": form, "action": action, "logo": logo, "used": used, "back": reverse("logos:library")}
    return dialog(request, "channels_app/logos/_form.html", title, context, status)


def _upload_form(request: HttpRequest, problems: list[str] | None = None, status: int = 200) -> HttpResponse:
    context = {
        "problems": problems or [],
        "upload_help": UPLOAD_HELP,
        "action": reverse("logos:upload"),
        "back": reverse("logos:library"),
    }
    return dialog(request, "channels_app/logos/_upload.html", "Upload logos", context, status)


def _uploaded(made: int, known: int) -> str:
    told = [f"Uploaded {counted(made, 'logo')}"] if made else []
    if known:
        told.append(f"{counted(known, 'picture')} {'was' if known == 1 else 'were'} in the library already")
    text = "; ".join(told)
    return f"{text[0].upper()}{text[1:]}."
