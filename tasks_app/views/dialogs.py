"""Dialogs of tasks, journal and server; without htmx each is a page."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from ecm_site.htmx import render_dialog


def dialog(request: HttpRequest, partial: str, context: dict[str, Any], *, title: str, status: int = 200) -> HttpResponse:
    """A dialog, or the same on a page of its own for a plain request."""
    return render_dialog(request, partial, context, title=title, page="tasks_app/dialog_page.html", status=status)
