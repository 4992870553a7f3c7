"""What Ctrl-K finds: a list of options for the script, a page with a search box for everybody else."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from channels_app.drafts.staging import staged
from ecm_site.palette import LONGEST_TEXT, MOST_RECENT, find_entries


@never_cache
@require_GET
@staged
def find(request: HttpRequest) -> HttpResponse:
    """``q``: what was typed. ``recent``: keys of what was used lately, newest first. ``part``: just the options."""
    text = request.GET.get("q", "")[:LONGEST_TEXT]
    recent = request.GET.get("recent", "").split(",")[:MOST_RECENT]
    found = find_entries(text, is_admin=request.user.is_staff, recent=recent)
    template = "ecm_site/_palette_options.html" if "part" in request.GET else "ecm_site/palette.html"
    return render(request, template, {"entries": found, "text": text.strip()})
