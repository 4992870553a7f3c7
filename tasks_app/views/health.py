"""Whether background work gets done: the mark in the header, what is wrong in words, and what to do about it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from tasks_app.queries import worker_health
from tasks_app.watchdog import problems


@require_GET
def health_page(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    return render(request, "tasks_app/health.html", {"problems": problems(now), "health": worker_health(now)})


@require_GET
def health_panel(request: HttpRequest) -> HttpResponse:
    """What the mark in the header opens."""
    now = timezone.now()
    return render(request, "tasks_app/_health_panel.html", {"problems": problems(now), "health": worker_health(now)})


@require_GET
def health_mark(request: HttpRequest) -> HttpResponse:
    """The mark itself; nothing (204) while the page shows the same number of problems."""
    found = problems(timezone.now())
    if request.GET.get("seen") == str(len(found)):
        return HttpResponse(status=204)
    return render(request, "tasks_app/_health_mark.html", {"count": len(found)})


@require_GET
def problems_part(request: HttpRequest) -> HttpResponse:
    """The problems above the task cards."""
    return render(request, "tasks_app/_problems.html", {"problems": problems(timezone.now()), "short": True})
