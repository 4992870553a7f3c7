"""The exit dialog of edit mode: what a draft comes to, whose values count, and applying it (10 §13.7, §14)."""

import functools
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from channels_app.drafts.exit_page import ChangesPage, changes_page, exit_page, failed_keys, in_short, look
from channels_app.drafts.lives import discard, put_aside, unfinished_draft
from channels_app.drafts.resolve import drop, leave_out, read_key, resolve
from channels_app.drafts.review import Review
from channels_app.drafts.start_commit import start_commit
from channels_app.drafts.steps import DraftBusy
from channels_app.drafts.storage import DraftUnusable
from channels_app.errors import EditRefused
from channels_app.models import Draft, DraftState
from channels_app.views.answers import MANAGER, dialog
from ecm_site.htmx import wants_partial
from ecm_site.wording import counted
from tasks_app.models import ACTIVE_STATUSES, TaskRun

_TITLE = "Finish editing"


def _usable(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """A draft whose file cannot be read is said by the dialog, whatever was asked for."""

    @functools.wraps(view)
    def told(request: HttpRequest) -> HttpResponse:
        try:
            return view(request)
        except DraftUnusable:
            draft = _open_draft(request)
            return _no_draft(request) if draft is None else _page(request, draft)

    return told


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """The dialog, or the same on a page of its own."""
    draft = unfinished_draft(request.user)
    if draft is None:
        return _no_draft(request)
    if draft.state == DraftState.COMMITTING:
        return _running(request, draft)
    return _page(request, draft)


@require_GET
def changes(request: HttpRequest) -> HttpResponse:
    """One page of the diff, filtered by kind."""
    draft = unfinished_draft(request.user)
    if draft is None or draft.state == DraftState.COMMITTING:
        return _no_draft(request)
    if not wants_partial(request):
        return _page(request, draft)
    try:
        return render(request, "channels_app/drafts/exit/_changes.html", {"diff": _diff(request, look(draft))})
    except DraftUnusable:
        return _page(request, draft)


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Leave edit mode: a draft without changes is no longer needed, one with changes is kept for later."""
    draft = _open_draft(request)
    if draft is not None and draft.state == DraftState.OPEN:
        try:
            empty = not look(draft).changes
        except DraftUnusable:
            empty = False
        if empty:
            discard(draft)
        else:
            put_aside(draft)
            messages.info(request, "There are changes in the draft. It is kept for later.")
    return _leave_edit_mode(request)


@require_POST
@_usable
def leave_change_out(request: HttpRequest) -> HttpResponse:
    """Keep single things in the draft when it is applied, or take them in again."""
    draft = _open_draft(request)
    key = read_key(request.POST.get("key"))
    if draft is not None and key is not None:
        leave_out(draft, [key], out=request.POST.get("out") == "1")
    return _again(request, draft)


@require_POST
@_usable
def choose(request: HttpRequest) -> HttpResponse:
    """Decide one conflict, or all of them."""
    draft = _open_draft(request)
    choice = request.POST.get("choice")
    if draft is None or choice not in ("mine", "theirs"):
        return _again(request, draft)
    keys = None if request.POST.get("all") == "1" else request.POST.getlist("key")
    try:
        decided = resolve(draft, "mine" if choice == "mine" else "theirs", keys)
    except DraftBusy as error:
        messages.error(request, str(error))
        return _again(request, draft)
    if not decided:
        messages.info(request, "This was decided already, or is no conflict any more.")
    return _again(request, draft)


@require_POST
@_usable
def drop_failed(request: HttpRequest) -> HttpResponse:
    """Give up what the last commit could not apply."""
    draft = _open_draft(request)
    if draft is not None:
        try:
            dropped = drop(draft, failed_keys(draft))
        except DraftBusy as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"Gave up {counted(dropped, 'change')}. Undo brings them back into the draft.")
    return _again(request, draft)


@require_POST
@_usable
def apply(request: HttpRequest) -> HttpResponse:
    """Apply the draft; small ones are done when this answers."""
    draft = _open_draft(request)
    if draft is None:
        return _no_draft(request)
    try:
        run = start_commit(draft, apply_rest=request.POST.get("rest") == "1").run
    except EditRefused as error:
        return _page(request, draft, problem=str(error), status=422)
    draft.refresh_from_db()
    if run.status in ACTIVE_STATUSES:
        return _running(request, draft)
    return _outcome(request, draft, run)


@require_GET
def progress(request: HttpRequest, draft_id: int) -> HttpResponse:
    """How far the commit of one's draft is; asked again and again by the dialog until it has ended."""
    draft = Draft.objects.filter(pk=draft_id, owner_id=request.user.pk).first()
    if draft is None:
        return _no_draft(request)
    run = TaskRun.objects.filter(pk=draft.run_id).first() if draft.run_id else None
    if draft.state == DraftState.COMMITTING and run is not None and run.status in ACTIVE_STATUSES:
        return _running(request, draft, run)
    current = unfinished_draft(request.user)  # heals a commit that was interrupted
    if current is not None and current.pk == draft.pk and current.state == DraftState.COMMITTING:
        return _running(request, current)
    draft.refresh_from_db()
    return _outcome(request, draft, run)


@require_POST
def later(request: HttpRequest) -> HttpResponse:
    """Leave edit mode and keep the draft."""
    draft = _open_draft(request)
    if draft is not None:
        put_aside(draft)
        messages.success(request, "The draft is kept. The page shows the lineup as it is; edit mode goes on where you left.")
    return _leave_edit_mode(request)


@require_http_methods(["GET", "POST"])
def throw_away(request: HttpRequest) -> HttpResponse:
    """Ask, then drop everything."""
    draft = _open_draft(request)
    if draft is None:
        return _no_draft(request)
    if request.method == "POST":
        if discard(draft):
            messages.success(request, "The draft was discarded. The lineup is as it was.")
        else:
            messages.error(request, "The draft is being applied and cannot be discarded now.")
        return _leave_edit_mode(request)
    try:
        count = len(look(draft).changes)
    except DraftUnusable:
        count = None
    context = {"count": count, "back": reverse("channels:draft_exit")}
    return dialog(request, "channels_app/drafts/exit/_discard.html", "Discard the draft?", context)


# --- answers ----------------------------------------------------------------------------------------------------------


def _open_draft(request: HttpRequest) -> Draft | None:
    return unfinished_draft(request.user)


def _page(request: HttpRequest, draft: Draft, *, problem: str = "", status: int = 200) -> HttpResponse:
    try:
        found = look(draft)
        page = exit_page(draft, found)
        context: dict[str, Any] = {"page": page, "diff": _diff(request, found), "sentence": in_short(page), "problem": problem}
    except DraftUnusable as error:
        context = {"unusable": str(error)}
        status = 409
    return dialog(request, "channels_app/drafts/exit/_exit.html", _TITLE, context, status)


def _diff(request: HttpRequest, found: Review) -> ChangesPage:
    values = request.POST if request.method == "POST" else request.GET
    text = values.get("page", "1")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 1
    return changes_page(found, kind=values.get("kind", ""), number=number)


def _again(request: HttpRequest, draft: Draft | None) -> HttpResponse:
    """The dialog as it is after a decision; without htmx by way of its address."""
    if draft is None:
        return _no_draft(request)
    if not wants_partial(request):
        return redirect("channels:draft_exit")
    draft.refresh_from_db()
    return _page(request, draft)


def _running(request: HttpRequest, draft: Draft, run: TaskRun | None = None) -> HttpResponse:
    run = run or (TaskRun.objects.filter(pk=draft.run_id).first() if draft.run_id else None)
    context = {"draft": draft, "run": run}
    return dialog(request, "channels_app/drafts/exit/_running.html", "Applying the draft", context)


def _outcome(request: HttpRequest, draft: Draft, run: TaskRun | None) -> HttpResponse:
    """What a commit that has ended came to."""
    if draft.state != DraftState.COMMITTED:
        reason = run.message if run is not None and run.message else "The commit was interrupted. Nothing was applied."
        if draft.state == DraftState.OPEN:
            return _page(request, draft, problem=reason, status=200 if request.method == "GET" else 422)
        return _no_draft(request)
    result = draft.result if isinstance(draft.result, dict) else {}
    tags = f"undo-batch:{result['batch_id']}" if result.get("applied") else ""
    rest = unfinished_draft(request.user)
    if rest is None:
        messages.success(request, str(result.get("message", "Applied.")), extra_tags=tags)
        return _leave_edit_mode(request)
    (messages.warning if result.get("failed") else messages.success)(request, str(result.get("message", "")), extra_tags=tags)
    if not result.get("failed"):
        return _leave_edit_mode(request)
    failed = [{"message": message, "count": count, "example": example} for message, count, example in result["failed"]]
    context = {"result": result, "failed": failed, "failed_count": sum(entry["count"] for entry in failed)}
    return dialog(request, "channels_app/drafts/exit/_partly.html", "Applied in part", context)


def _leave_edit_mode(request: HttpRequest) -> HttpResponse:
    """The whole page anew: panes, bar and buttons all show something else now."""
    return HttpResponseClientRefresh() if wants_partial(request) else redirect(MANAGER)


def _no_draft(request: HttpRequest) -> HttpResponse:
    messages.info(request, "There is no draft: it was applied or discarded already.")
    return _leave_edit_mode(request)
