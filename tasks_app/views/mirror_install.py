"""The question whether what answers at the mirrored address is the mirrored server."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from ecm_site.htmx import done, wants_partial
from tasks_app.mirror.state import mirror_state
from tasks_app.mirror.which_server_answer import NoDoubt, accept_as_same, doubt_of
from tasks_app.views.dialogs import dialog
from tasks_app.views.mirror import CHANGED_EVENT


@never_cache
@require_http_methods(["GET", "POST"])
def install(request: HttpRequest) -> HttpResponse:
    """GET says what is known of both; POST says that they are the same. Letting the old one go is done in the settings."""
    if request.method == "POST" and not request.user.is_staff:
        raise PermissionDenied("Only administrators may say which server is mirrored.")
    problem = ""
    if request.method == "POST":
        try:
            if request.POST.get("answer") != "same":
                problem = "Choose one of the answers."
            else:
                accept_as_same(request.POST.get("token", ""))
                messages.success(request, "It is the same server: ECM goes on with it.")
                return done(request, reverse("mirror:home"), CHANGED_EVENT, "runs:changed")
        except NoDoubt as settled:
            problem = str(settled)
    doubt = doubt_of(mirror_state())
    if doubt is None:
        messages.info(request, "That question is settled already.")
        return done(request, reverse("mirror:home"), CHANGED_EVENT) if wants_partial(request) else redirect("mirror:home")
    context = {"doubt": doubt, "problem": problem}
    return dialog(request, "tasks_app/mirror/_install.html", context, title="Another server?", status=422 if problem else 200)
