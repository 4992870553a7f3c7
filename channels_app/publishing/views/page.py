"""The publishing page: state, addresses, access, tokens, tuner check."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from channels_app.models import OutputToken
from channels_app.publishing.base_address import base_address
from channels_app.publishing.change_output import change_output
from channels_app.publishing.check_tuner import check_tuner as run_tuner_check
from channels_app.publishing.forms import OutputForm, TokenForm
from channels_app.publishing.output_tokens import UnknownToken, create_token, revoke_token
from channels_app.publishing.overview import addresses, all_tokens, publish_state
from channels_app.publishing.request_publish import TASK_ID
from ecm_site.conf import get_settings
from ecm_site.htmx import done, render_page, wants_partial
from tasks_app import engine

PAGE = "channels_app/publishing/page.html"


def _context(request: HttpRequest, **extra: object) -> dict[str, object]:
    return {
        "state": publish_state(),
        "tokens": all_tokens(),
        "form": OutputForm(current=get_settings()),
        "access": get_settings().output_access,
        **addresses(request),
        **extra,
    }


def _only_administrators(request: HttpRequest) -> None:
    """Who may fetch the lineup, and with which secret, is theirs to say (50 U-5)."""
    if not request.user.is_staff:
        raise PermissionDenied("Only administrators may change how and to whom the lineup is published.")


@never_cache
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    return render(request, PAGE, _context(request))


@never_cache
@require_GET
def state(request: HttpRequest) -> HttpResponse:
    """The part about the last publish; asked for again when a run ends."""
    return render(request, "channels_app/publishing/_state.html", {"state": publish_state()})


@require_POST
def publish_now(request: HttpRequest) -> HttpResponse:
    try:
        engine.start_run(TASK_ID)
    except engine.AlreadyRunning:
        messages.info(request, "The lineup is being published already.")
    if wants_partial(request):
        return state_part(request)
    return redirect("publishing:page")


def state_part(request: HttpRequest) -> HttpResponse:
    return render(request, "channels_app/publishing/_state.html", {"state": publish_state()})


@require_POST
def change_settings(request: HttpRequest) -> HttpResponse:
    _only_administrators(request)
    form = OutputForm(request.POST, current=get_settings())
    if not form.is_valid():
        return render(request, PAGE, _context(request, form=form), status=422)
    entry_id = change_output(form.cleaned_data)
    if entry_id:
        messages.success(request, "Publishing was changed.", extra_tags=f"undo:{entry_id}")
    else:
        messages.info(request, "Nothing was changed.")
    return redirect("publishing:page")


@never_cache
@require_GET
def tokens(request: HttpRequest) -> HttpResponse:
    """The list of tokens; asked for again when one was made or revoked."""
    return render(request, "channels_app/publishing/_tokens.html", {"tokens": all_tokens()})


@never_cache
@require_http_methods(["GET", "POST"])
def add_token(request: HttpRequest) -> HttpResponse:
    """Make a token and show it, this once."""
    _only_administrators(request)
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        token, text = create_token(form.cleaned_data["label"])
        context = {"token": token, "text": text, **addresses(request, text)}
        response = render_page(
            request, "channels_app/publishing/token_made.html", "channels_app/publishing/_token_made.html", context
        )
        response["HX-Trigger-After-Swap"] = "tokens:changed"
        return response
    status = 422 if request.method == "POST" else 200
    return render_page(
        request, "channels_app/publishing/token_form.html", "channels_app/publishing/_token_form.html", {"form": form}, status
    )


@never_cache
@require_http_methods(["GET", "POST"])
def revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    _only_administrators(request)
    if request.method == "POST":
        try:
            messages.success(request, f"The token “{revoke_token(token_id)}” was revoked.")
        except UnknownToken as problem:
            messages.info(request, str(problem))
        return done(request, reverse("publishing:page"), "tokens:changed")
    token = OutputToken.objects.filter(pk=token_id).first()
    if token is None:
        messages.info(request, "This token was revoked already.")
        return done(request, reverse("publishing:page"), "tokens:changed")
    return render_page(
        request, "channels_app/publishing/revoke_token.html", "channels_app/publishing/_revoke_token.html", {"token": token}
    )


@require_POST
def check_tuner(request: HttpRequest) -> HttpResponse:
    checks = run_tuner_check(base_address(request))
    context = {"checks": checks, "all_passed": all(check.passed for check in checks)}
    if wants_partial(request):
        return render(request, "channels_app/publishing/_tuner_checks.html", context)
    return render(request, PAGE, _context(request, **context))
