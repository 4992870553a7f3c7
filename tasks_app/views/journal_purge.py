"""Deleting old entries of the journal by hand: first it is shown how many would go (50 §2.3). For administrators."""

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from ecm_site.htmx import done
from ecm_site.wording import counted
from tasks_app import journal_purge
from tasks_app.engine import AlreadyRunning, start_run
from tasks_app.views.dialogs import dialog
from tasks_app.views.undo import CHANGED_EVENT

AT_ONCE = 20_000  # entries deleted while the browser waits, a second or two; more become a run with progress


class PurgeForm(forms.Form):
    days = forms.IntegerField(
        label="Older than how many days",
        min_value=journal_purge.SHORTEST_DAYS,
        max_value=journal_purge.LONGEST_DAYS,
        initial=journal_purge.DEFAULT_DAYS,
        help_text="The weekly clean-up deletes old entries by itself.",
    )


@require_http_methods(["GET", "POST"])
def purge(request: HttpRequest) -> HttpResponse:
    """GET ``?days=90`` shows how many entries would go, POST deletes them."""
    if not request.user.is_staff:
        raise PermissionDenied("Only administrators may delete journal entries.")
    given = request.POST if request.method == "POST" else request.GET if "days" in request.GET else None
    form = PurgeForm(given) if given is not None else PurgeForm({"days": journal_purge.DEFAULT_DAYS})
    if not form.is_valid():
        return _dialog(request, form, None, status=422)
    days = form.cleaned_data["days"]
    cutoff = timezone.now() - timedelta(days=days)
    count = journal_purge.count_before(cutoff)
    if request.method == "GET":
        return _dialog(request, form, count)
    if count > AT_ONCE:
        return _in_background(request, days)
    deleted = journal_purge.purge(cutoff, days)
    messages.success(request, f"Deleted {counted(deleted, 'entry', 'entries')} older than {counted(days, 'day')}.")
    return done(request, reverse("journal:list"), CHANGED_EVENT)


def _in_background(request: HttpRequest, days: int) -> HttpResponse:
    try:
        run = start_run("journal_purge", {"days": days})
    except AlreadyRunning as busy:
        messages.info(request, str(busy))
        run = busy.run
    else:
        messages.success(request, "Deleting has begun. The Tasks page shows how far it is.")
    return done(request, reverse("tasks:run", args=[run.pk]), CHANGED_EVENT, "runs:changed")


def _dialog(request: HttpRequest, form: PurgeForm, count: int | None, status: int = 200) -> HttpResponse:
    context = {"form": form, "count": count}
    return dialog(request, "tasks_app/_journal_purge.html", context, title="Delete old journal entries", status=status)
