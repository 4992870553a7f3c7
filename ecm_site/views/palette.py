"""What Ctrl-K finds: a list of options for the script, a page with a search box for everybody else."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import resolve
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from channels_app.drafts.staging import staged
from ecm_site.palette import LONGEST_TEXT, MOST_RECENT, Act, PaletteEntry, find_entries
from ecm_site.role_rules import refusal_for_viewers
from ecm_site.roles import may_edit


@never_cache
@require_GET
@staged
def find(request: HttpRequest) -> HttpResponse:
    """``q``: what was typed. ``recent``: keys of what was used lately, newest first. ``part``: just the options."""
    text = request.GET.get("q", "")[:LONGEST_TEXT]
    recent = request.GET.get("recent", "").split(",")[:MOST_RECENT]
    found = find_entries(text, is_admin=request.user.is_staff, recent=recent, may_use=_usable_by(request))
    template = "ecm_site/_palette_options.html" if "part" in request.GET else "ecm_site/palette.html"
    return render(request, template, {"entries": found, "text": text.strip()})


def _usable_by(request: HttpRequest) -> Callable[[PaletteEntry], bool] | None:
    """Viewers are not led to where they would be refused."""
    if may_edit(request.user):
        return None

    def may_use(entry: PaletteEntry) -> bool:
        match = resolve(urlsplit(entry.url).path)
        return not refusal_for_viewers("POST" if entry.act is Act.POST else "GET", match.route, match.func)

    return may_use
