"""The page "Server": whether the mirrored server answers, the last pull of each kind, questions; the mark in the header."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ecm_site.htmx import done, render_page, wants_partial
from tasks_app.engine import AlreadyRunning, start_run
from tasks_app.mirror import answers
from tasks_app.mirror.state import SYNC_TASK
from tasks_app.mirror_pages.header import server_mark
from tasks_app.mirror_pages.overview import HeldBack, held_back, overview
from tasks_app.models import MirrorPull
from tasks_app.views.dialogs import dialog
from tasks_app.views.rights import check_may_manage

CHANGED_EVENT = "mirror:changed"


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """How mirroring goes. An open page asks for its body again while something is under way."""
    return render_page(request, "tasks_app/mirror/home.html", "tasks_app/mirror/_home.html", {"overview": overview()})


@never_cache
@require_safe
def mark(request: HttpRequest) -> HttpResponse:
    """The header's mark for a page that is open; nothing (204) while it looks the same."""
    found = server_mark(request)
    if request.GET.get("seen") == (found.token if found else ""):
        return HttpResponse(status=204)
    return render(request, "tasks_app/mirror/_mark.html", {"mark": found})


@require_POST
def sync(request: HttpRequest) -> HttpResponse:
    """Deliver what waits and read what the server has, now."""
    check_may_manage(request, SYNC_TASK)
    try:
        run = start_run(SYNC_TASK)
    except AlreadyRunning as busy:
        messages.info(request, f"{busy.run.title} is under way already.", extra_tags=f"run:{busy.run.pk}")
    else:
        messages.success(request, "The server is being asked.", extra_tags=f"run:{run.pk}")
    return done(request, reverse("mirror:home"), CHANGED_EVENT, "runs:changed")


@never_cache
@require_http_methods(["GET", "POST"])
def question(request: HttpRequest, kind: str) -> HttpResponse:
    """Much vanished on the server: delete it here too, or bring it back there."""
    try:
        asked = held_back(kind)
    except MirrorPull.DoesNotExist:
        messages.info(request, "That question is settled already.")
        return done(request, reverse("mirror:home"), CHANGED_EVENT) if wants_partial(request) else redirect("mirror:home")
    answer = request.POST.get("answer", "")
    if request.method != "POST":
        return _question(request, asked)
    if answer not in ("accept", "keep") or (answer == "keep" and not asked.can_create):
        return _question(request, asked, problem="Choose one of the two answers.")
    if request.POST.get("count") != str(asked.count):
        return _question(request, asked, problem="It is another number of rows by now. Look again.")
    try:
        answers.answer_held_back(kind, answer == "accept")
    except MirrorPull.DoesNotExist:
        messages.info(request, "That question was answered a moment ago.")
    else:
        messages.success(
            request,
            f"{asked.words} will be deleted here too." if answer == "accept" else f"{asked.words} will be made on the server.",
        )
    return done(request, reverse("mirror:home"), CHANGED_EVENT)


def _question(request: HttpRequest, asked: HeldBack, *, problem: str = "") -> HttpResponse:
    context = {"asked": asked, "problem": problem}
    status = 422 if problem else 200
    return dialog(request, "tasks_app/mirror/_question.html", context, title="Gone on the server", status=status)
