"""Settings: a page of its own for each subject, each with its own Save (50 §5.9)."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from ecm_site.conf import get_settings
from ecm_site.settings_form import SettingsForm
from ecm_site.settings_forms import PAGES, find_page
from ecm_site.views.switching import switching_context
from tasks_app.change_settings import change_settings


def settings_home(request: HttpRequest) -> HttpResponse:
    return redirect(PAGES[0].url_name)


@never_cache
@require_http_methods(["GET", "POST"])
def settings_page(request: HttpRequest, slug: str) -> HttpResponse:
    page = find_page(slug)
    if page is None:
        raise Http404
    form = page.form(request.POST if request.method == "POST" else None, current=get_settings())
    if request.method == "POST" and save_form(request, page.title, form):
        return redirect(page.url_name)
    context = {"page": page, "form": form} | more_context(request, slug)
    return render(request, "settings/form_page.html", context, status=422 if form.is_bound else 200)


def more_context(request: HttpRequest, slug: str) -> dict[str, object]:
    """What the card below a page's form shows, for pages that have one with a state of its own."""
    return switching_context(request) if slug == "dispatcharr" else {}


def save_form(request: HttpRequest, section: str, form: SettingsForm) -> bool:
    """Save what the operator changed and say so; False when something is wrong with it, which the form then shows."""
    if not request.user.is_staff:
        raise PermissionDenied("Settings are for administrators.")
    if not form.is_valid():
        return False
    change = change_settings(section, form.changes())
    undo = f"undo:{change.entry_id}" if change.entry_id else ""
    messages.success(request, f"{section}: saved." if change.names else "Nothing was changed.", extra_tags=undo)
    return True
