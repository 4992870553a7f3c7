"""Putting the demo in and taking it out."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from ecm_site.demo.install_demo import DemoRefused, demo_state, install_demo, remove_demo
from ecm_site.htmx import done, render_page


@require_POST
def install(request: HttpRequest) -> HttpResponse:
    try:
        install_demo()
    except DemoRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "The demo is being read. Its streams and its guide appear in a few seconds.")
    return redirect("welcome")


@require_http_methods(["GET", "POST"])
def remove(request: HttpRequest) -> HttpResponse:
    """GET says what goes away, POST does it."""
    if request.method != "POST":
        return render_page(request, "ecm_site/remove_demo.html", "ecm_site/_remove_demo.html", {"demo": demo_state()})
    remove_demo()
    messages.success(request, "The demo is gone. Channels that were made from it stay, without its streams.")
    return done(request, reverse("welcome"), "demo:changed")
