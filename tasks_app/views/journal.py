"""The journal: what changed, when, by whom, and what it was before (50 §2.3)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from ecm_site.htmx import render_page
from tasks_app.forms import PAGE_SIZES, JournalFilterForm
from tasks_app.journal_batches import batch_overview
from tasks_app.journal_diff import difference
from tasks_app.journal_pages import journal_page
from tasks_app.journal_tally import statistics
from tasks_app.models import JournalEntry
from tasks_app.undo import can_undo, undoable_in_batch
from tasks_app.views.dialogs import dialog
from tasks_app.views.parameters import number_from

LAST_PAGE = 1_000_000  # beyond this nobody pages, and offsets would leave what the database can count


@require_GET
def journal_list(request: HttpRequest) -> HttpResponse:
    form = JournalFilterForm(request.GET)
    every = request.GET.get("every") == "1"
    context = {
        "form": form,
        "counters": statistics(),
        "page": None,
        "every": every,
        "moments": form.moments(),
        "sizes": PAGE_SIZES,
    }
    if not form.is_valid():
        return render_page(request, "tasks_app/journal.html", "tasks_app/_journal_list.html", context, status=422)
    size = form.cleaned_data["size"]
    number = min(max(1, number_from(request, "page", 1)), LAST_PAGE)
    wanted = form.filter()
    page = journal_page(wanted, number=number, size=size, upto=number_from(request, "upto", 0), every=every)
    batch = batch_overview(wanted.batch_id) if wanted.batch_id else None
    context |= {"filter": wanted, "page": page, "size": size, "batch": batch}
    return render_page(request, "tasks_app/journal.html", "tasks_app/_journal_list.html", context)


@require_GET
def journal_entry(request: HttpRequest, entry_id: int) -> HttpResponse:
    """One entry with its before and after; in the list it unfolds below its line."""
    entry = get_object_or_404(JournalEntry.objects.select_related("user", "undone_by"), pk=entry_id)
    context = {
        "entry": entry,
        "difference": difference(entry),
        "undoes": JournalEntry.objects.filter(undone_by=entry).first(),
        "can_undo": can_undo(entry),
        "can_undo_batch": bool(entry.batch_id) and bool(undoable_in_batch(entry.batch_id, limit=1)),
    }
    return dialog(request, "tasks_app/_journal_entry.html", context, title="Journal entry")
