"""The Tasks page: what runs now, what can be run, what ran (50 §1.8, T-19, T-23)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET
from django_htmx.http import trigger_client_event

from tasks_app.forms import RunFilterForm
from tasks_app.queries import worker_health
from tasks_app.task_cards import task_cards
from tasks_app.task_pages import active_runs_now, history
from tasks_app.views.parameters import number_from
from tasks_app.watchdog import problems


@require_GET
def runs_page(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    context = {
        "active": active_runs_now(),
        "cards": task_cards(now=now),
        "health": worker_health(now),
        "problems": problems(now),
        **_history(request),
    }
    return render(request, "tasks_app/runs.html", context)


@require_GET
def active_part(request: HttpRequest) -> HttpResponse:
    """What runs now; nothing (204) when the page shows that already, so that open menus and focus stay."""
    active = active_runs_now()
    if request.GET.get("seen") == active.token:
        return HttpResponse(status=204)
    context = {"active": active, "health": worker_health()}
    return trigger_client_event(render(request, "tasks_app/_active_runs.html", context), "runs:listed", {})


@require_GET
def tasks_part(request: HttpRequest) -> HttpResponse:
    return render(request, "tasks_app/_tasks.html", {"cards": task_cards()})


@require_GET
def history_part(request: HttpRequest) -> HttpResponse:
    return render(request, "tasks_app/_history.html", _history(request))


def _history(request: HttpRequest) -> dict[str, object]:
    form = RunFilterForm(request.GET)
    form.is_valid()  # an unknown status simply does not filter; the field says so
    past = history(
        form.cleaned_data.get("task", ""),
        form.cleaned_data.get("status", ""),
        before=number_from(request, "before", 0),
        after=number_from(request, "after", 0),
    )
    return {"form": form, "history": past}
