"""The wizard after setup: three ways to begin. Can be left at any time and opened again from the dashboard."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ecm_site.conf import get_settings
from ecm_site.demo.install_demo import demo_state
from ecm_site.getting_started import progress
from ecm_site.htmx import render_page


@never_cache
@require_safe
def welcome(request: HttpRequest) -> HttpResponse:
    context = {"progress": progress(), "demo": demo_state(), "has_server": bool(get_settings().dispatcharr_url)}
    return render_page(request, "ecm_site/welcome.html", "ecm_site/_welcome.html", context)
