"""Settings → M3U Digest: decide, look at the next one, try it (20 §11)."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from ecm_site.htmx import wants_partial
from m3u_app.digest.edit_digest import change_digest
from m3u_app.digest.forms import DigestForm
from m3u_app.digest.page import digest_state, preview_digest, test_digest
from m3u_app.digest.values import stored_settings


@never_cache
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Show the settings; save them."""
    form = DigestForm(request.POST if request.method == "POST" else None, current=stored_settings())
    if request.method == "POST":
        _only_administrators(request)
        if form.is_valid():
            change = change_digest(form.settings.values())
            undo = f"undo:{change.entry_id}" if change.entry_id else ""
            messages.success(request, "M3U Digest: saved." if change.names else "Nothing was changed.", extra_tags=undo)
            return redirect("m3u_digest:page")
    return _page(request, form)


@never_cache
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """The digest that the values in the form would send now; nothing is saved and nothing marked."""
    form = DigestForm(request.POST, current=stored_settings())
    if not form.is_valid():
        return _answer(request, form, {})
    return _answer(request, form, {"preview": preview_digest(form.settings)})


@never_cache
@require_POST
def test(request: HttpRequest) -> HttpResponse:
    """Send a sample to what is chosen in the form, without saving."""
    _only_administrators(request)
    form = DigestForm(request.POST, current=stored_settings())
    if form.is_valid() and not form.settings.targets:
        form.add_error("email_recipients", "Enter a recipient or choose a messenger to send a test to.")
    if not form.is_valid():
        return _answer(request, form, {})
    return _answer(request, form, {"test": test_digest(form.settings)})


def _answer(request: HttpRequest, form: DigestForm, found: dict[str, Any]) -> HttpResponse:
    if wants_partial(request):
        return render(request, "m3u_app/_digest_answer.html", {"form": form, **found}, status=200 if found else 422)
    return _page(request, form, **found)


def _page(request: HttpRequest, form: DigestForm, **more: Any) -> HttpResponse:
    context = {"form": form, "state": digest_state(stored_settings()), **more}
    return render(request, "m3u_app/digest.html", context, status=422 if form.errors else 200)


def _only_administrators(request: HttpRequest) -> None:
    if not request.user.is_staff:
        raise PermissionDenied("Settings are for administrators.")
