"""The filters of an account (20 §5): list, order, form with a live count, and letting them take effect."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from ecm_site.htmx import done, render_page
from ecm_site.typed_numbers import number_in, numbers_in
from m3u_app.account_values import AccountLocked
from m3u_app.apply_filters import apply_filters
from m3u_app.edit_filters import (
    FilterRefused,
    FiltersMoved,
    add_filter,
    change_filter,
    drop_the_rest,
    order_filters,
    remove_filter,
    step_filter,
    switch_filter,
    words,
)
from m3u_app.filter_forms import FilterForm
from m3u_app.filter_list import filter_page
from m3u_app.filter_preview import count_filters, preview_filter
from m3u_app.models import Account, StreamFilter
from m3u_app.request_refresh import RefreshRefused
from m3u_app.views._answers import account_or_404, dialog
from tasks_app.engine import AlreadyRunning
from tasks_app.mirror.state import is_connected
from tasks_app.mirror_pages.waits import waiting_rows

CHANGED = "filters:changed"


@require_safe
def filters(request: HttpRequest, account_id: int) -> HttpResponse:
    """The list; htmx asks for it again whenever a filter changed."""
    account = account_or_404(account_id)
    page = filter_page(account)
    context = {
        "account": account,
        "page": page,
        "is_connected": is_connected(),
        "waits": waiting_rows({"account_filter": [stored.pk for stored in page.filters]}),
    }
    return render_page(request, "m3u_app/filters.html", "m3u_app/_filters.html", context)


@require_safe
def counts(request: HttpRequest, account_id: int) -> HttpResponse:
    """What the filters do, counted on the last playlist: it takes a moment, so the list asks for it separately."""
    account = account_or_404(account_id)
    counted, by_id = count_filters(account)
    rows = [(stored, by_id.get(stored.pk, 0)) for stored in account.filters.order_by("position", "pk")]
    return render(request, "m3u_app/_filter_counts.html", {"counted": counted, "rows": rows, "account": account})


def add(request: HttpRequest, account_id: int) -> HttpResponse:
    """GET shows the form, POST saves."""
    return _form_view(request, account_or_404(account_id), None)


def edit(request: HttpRequest, account_id: int, filter_id: int) -> HttpResponse:
    """As :func:`add` for a stored filter."""
    account = account_or_404(account_id)
    return _form_view(request, account, _filter_or_404(account, filter_id))


@require_POST
def preview(request: HttpRequest, account_id: int) -> HttpResponse:
    """Say what the filter would do as it is typed; ``filter_id`` is the stored one that is being edited."""
    account = account_or_404(account_id)
    filter_id = number_in(request.POST.get("filter_id"))
    form = FilterForm(request.POST)
    if not request.POST.get("regex_pattern"):
        return render(request, "m3u_app/_filter_preview.html", {"is_empty": True})
    if not form.is_valid():
        problems = [str(error) for errors in form.errors.values() for error in errors]
        return render(request, "m3u_app/_filter_preview.html", {"problems": problems})
    found = preview_filter(account, form.values(), filter_id=filter_id)
    return render(request, "m3u_app/_filter_preview.html", {"preview": found})


def delete(request: HttpRequest, account_id: int, filter_id: int) -> HttpResponse:
    """GET asks, POST deletes."""
    account = account_or_404(account_id)
    stored = _filter_or_404(account, filter_id)
    if request.method != "POST":
        context = {"account": account, "filter": stored, "words": words(stored)}
        heading = f"Filters of {account.name}"
        return dialog(request, "m3u_app/_filter_delete.html", context, title="Delete filter", heading=heading)

    def remove() -> tuple[str, int | None]:
        told, entry_id = remove_filter(account_id, filter_id)
        return f"Deleted the filter: {told}.", entry_id

    return _change(request, account_id, remove)


@require_POST
def toggle(request: HttpRequest, account_id: int, filter_id: int) -> HttpResponse:
    """Switch on (``enabled=1``) or off."""
    enabled = request.POST.get(f"enabled-{filter_id}", request.POST.get("enabled")) == "1"

    def switch() -> tuple[str, int | None]:
        stored, entry_id = switch_filter(account_id, filter_id, enabled=enabled)
        return f"Filter {'on' if enabled else 'off'}: {words(stored)}.", entry_id

    return _change(request, account_id, switch)


@require_POST
def step(request: HttpRequest, account_id: int, filter_id: int) -> HttpResponse:
    """Move a filter one place up (``direction=up``) or down."""

    def move() -> tuple[str, int | None]:
        entry_id = step_filter(account_id, filter_id, up=request.GET.get("direction") == "up")
        return ("Changed the order of the filters." if entry_id else ""), entry_id

    return _change(request, account_id, move)


@require_POST
def order(request: HttpRequest, account_id: int) -> HttpResponse:
    """Put the filters into the order of the posted ids."""
    ids = numbers_in(request.POST.getlist("order"))

    def put() -> tuple[str, int | None]:
        entry_id = order_filters(account_id, ids)
        return ("Changed the order of the filters." if entry_id else ""), entry_id

    return _change(request, account_id, put)


@require_POST
def rest(request: HttpRequest, account_id: int) -> HttpResponse:
    """“…and drop the rest”: one click to import only what a filter keeps."""

    def add_last() -> tuple[str, int | None]:
        _, entry_id = drop_the_rest(account_id)
        return ("What no filter keeps is dropped now." if entry_id else "The rest is dropped already."), entry_id

    return _change(request, account_id, add_last)


@require_POST
def apply(request: HttpRequest, account_id: int) -> HttpResponse:
    """Import again so that the filters take effect."""
    account = account_or_404(account_id)
    try:
        apply_filters(account)
    except AlreadyRunning:
        messages.info(request, f"“{account.name}” is being refreshed right now. Apply the filters when that has finished.")
    except (RefreshRefused, AccountLocked) as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, f"The filters of “{account.name}” are being applied.")
    return done(request, reverse("m3u:filters", args=[account_id]), CHANGED, "accounts:changed")


def _form_view(request: HttpRequest, account: Account, stored: StreamFilter | None) -> HttpResponse:
    if request.method != "POST":
        return _show_form(request, account, stored, FilterForm(stored=stored))
    form = FilterForm(request.POST, stored=stored)
    if not form.is_valid():
        return _show_form(request, account, stored, form, status=422)

    def save() -> tuple[str, int | None]:
        if stored is None:
            made, entry_id = add_filter(account.pk, form.values())
            return f"Added the filter: {words(made)}.", entry_id
        changed, entry_id = change_filter(account.pk, stored.pk, form.values())
        return (f"Changed the filter: {words(changed)}." if entry_id else "Nothing was changed."), entry_id

    try:
        return _change(request, account.pk, save)
    except FilterRefused as refusal:
        form.refuse(refusal)
        return _show_form(request, account, stored, form, status=422)


def _change(request: HttpRequest, account_id: int, work: Callable[[], tuple[str, int | None]]) -> HttpResponse:
    """Do it, say it with an undo link, and let the list reload."""
    account_or_404(account_id)
    try:
        text, entry_id = work()
    except (AccountLocked, FiltersMoved) as refusal:
        messages.warning(request, str(refusal))
    except StreamFilter.DoesNotExist:
        messages.warning(request, "This filter has been deleted meanwhile.")
    else:
        if text:
            messages.success(request, text, extra_tags=f"undo:{entry_id}" if entry_id else "")
    return done(request, reverse("m3u:filters", args=[account_id]), CHANGED)


def _show_form(
    request: HttpRequest, account: Account, stored: StreamFilter | None, form: FilterForm, *, status: int = 200
) -> HttpResponse:
    context = {"account": account, "filter": stored, "form": form}
    title, heading = "Edit filter" if stored else "Add filter", f"Filters of {account.name}"
    return dialog(request, "m3u_app/_filter_form.html", context, title=title, heading=heading, status=status)


def _filter_or_404(account: Account, filter_id: int) -> StreamFilter:
    try:
        return account.filters.get(pk=filter_id)
    except StreamFilter.DoesNotExist:
        raise Http404("There is no such filter.") from None
