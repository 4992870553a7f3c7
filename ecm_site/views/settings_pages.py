"""Settings: a page of its own for each subject, each with its own Save (50 §5.9)."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from ecm_site.change_settings import change_settings
from ecm_site.conf import get_settings
from ecm_site.settings_forms import PAGES, find_page, time_zones


def settings_home(request: HttpRequest) -> HttpResponse:
    return redirect(PAGES[0].url_name)


@never_cache
@require_http_methods(["GET", "POST"])
def settings_page(request: HttpRequest, slug: str) -> HttpResponse:
    page = find_page(slug)
    if page is None:
        raise Http404
    form = page.form(request.POST or None, current=get_settings())
    if request.method == "POST":
        if not request.user.is_staff:
            raise PermissionDenied("Settings are for administrators.")
        if form.is_valid():
            changed = change_settings(page.title, form.changes())
            messages.success(request, f"{page.title}: saved." if changed else "Nothing was changed.")
            return redirect(page.url_name)
    context = {"page": page, "form": form, "time_zones": time_zones() if "time_zone" in form.fields else ()}
    return render(request, "settings/form_page.html", context, status=422 if form.is_bound else 200)
