"""Undoing from the journal: first it is shown what will be restored, then it is done."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from ecm_site.htmx import done, wants_partial
from tasks_app.engine import AlreadyRunning, start_run
from tasks_app.journal_diff import restoration
from tasks_app.models import JournalEntry
from tasks_app.undo import (
    UndoReport,
    can_undo,
    foresee_conflict,
    has_parts_for_administrators,
    is_for_administrators,
    undo_batch,
    undo_entry,
    undoable_in_batch,
)
from tasks_app.views.dialogs import dialog

CHANGED_EVENT = "journal:changed"
AT_ONCE = 300  # entries undone while the browser waits; larger batches become a run with progress
NOT_YOURS = "Only administrators may change this, so only they can undo it."
_SHOWN = 50


@require_http_methods(["GET", "POST"])
def undo(request: HttpRequest, entry_id: int) -> HttpResponse:
    entry = get_object_or_404(JournalEntry, pk=entry_id)
    allowed = request.user.is_staff or not is_for_administrators(entry)
    if request.method == "POST":
        if not allowed:
            raise PermissionDenied(NOT_YOURS)
        report = undo_entry(entry)
        if report.undone:
            messages.success(request, f"Undone: {entry.description}")
            return done(request, reverse("journal:list"), CHANGED_EVENT)
        return _refused(request, entry, " ".join(report.conflicts))
    if not allowed:
        return _dialog(request, entry, NOT_YOURS)
    problem = foresee_conflict(entry) if can_undo(entry) else "This was undone already, or it cannot be undone."
    return _dialog(request, entry, problem)


@require_http_methods(["GET", "POST"])
def undo_whole_batch(request: HttpRequest, batch_id: str) -> HttpResponse:
    if not request.user.is_staff and has_parts_for_administrators(batch_id):
        raise PermissionDenied(NOT_YOURS)
    ids = undoable_in_batch(batch_id)
    if request.method == "GET":
        first = JournalEntry.objects.in_bulk(ids[:_SHOWN])
        context = {
            "batch_id": batch_id,
            "count": len(ids),
            "rows": [(first[pk], restoration(first[pk])) for pk in ids[:_SHOWN] if pk in first],
            "not_shown": max(0, len(ids) - _SHOWN),
            "in_background": len(ids) > AT_ONCE,
        }
        return dialog(request, "tasks_app/_undo_batch.html", context, title="Undo a bulk change")
    if len(ids) > AT_ONCE:
        return _undo_in_background(request, batch_id)
    return _tell(request, batch_id, undo_batch(batch_id))


def _undo_in_background(request: HttpRequest, batch_id: str) -> HttpResponse:
    try:
        run = start_run("undo_batch", {"batch_id": batch_id})
    except AlreadyRunning as busy:
        messages.info(request, str(busy))
        run = busy.run
    else:
        messages.success(request, "Undoing has begun. The Tasks page shows how far it is.", extra_tags=f"run:{run.pk}")
    return done(request, reverse("tasks:run", args=[run.pk]), CHANGED_EVENT, "runs:changed")


def _tell(request: HttpRequest, batch_id: str, report: UndoReport) -> HttpResponse:
    undone = f"{report.undone} {'change' if report.undone == 1 else 'changes'} undone"
    if not report.conflict_count:
        messages.success(request, f"{undone}.")
        return done(request, reverse("journal:list"), CHANGED_EVENT)
    htmx = getattr(request, "htmx", None)
    if wants_partial(request) and htmx is not None and not htmx.target:  # from an "Undo" in a toast
        messages.warning(request, f"{undone}, {report.conflict_count} not. {report.conflicts[0]}")
        return done(request, reverse("journal:list"), CHANGED_EVENT)
    context = {"batch_id": batch_id, "report": report}
    response = dialog(request, "tasks_app/_undo_report.html", context, title="Undone")
    return trigger_client_event(response, CHANGED_EVENT, {}) if wants_partial(request) else response


def _refused(request: HttpRequest, entry: JournalEntry, problem: str) -> HttpResponse:
    """Say why not: in the dialog it came from, or as a toast when it came from an "Undo" in a toast."""
    htmx = getattr(request, "htmx", None)
    if wants_partial(request) and htmx is not None and not htmx.target:
        messages.error(request, problem)
        return HttpResponse(status=204)
    return _dialog(request, entry, problem, status=422)


def _dialog(request: HttpRequest, entry: JournalEntry, problem: str, status: int = 200) -> HttpResponse:
    context = {"entry": entry, "difference": restoration(entry), "problem": problem}
    return dialog(request, "tasks_app/_undo_entry.html", context, title="Undo", status=status)
