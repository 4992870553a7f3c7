"""How edits answer: a message with an undo button, the dialog closed, and the page told which of its parts are old now."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django_htmx.http import trigger_client_event

from channels_app.drafts.staging import refuse_step
from channels_app.drafts.switching import current_session
from channels_app.errors import EditRefused
from channels_app.outcomes import Outcome
from ecm_site.htmx import render_page, wants_partial
from tasks_app.models import TaskRun

MANAGER = "channels:manager"


def edited(
    request: HttpRequest,
    outcome: Outcome,
    *,
    channels: Iterable[int] | None = None,
    groups: Iterable[int | None] | None = None,
    streams: Iterable[int] = (),
    **detail: Any,
) -> HttpResponse:
    """Answer a successful edit.

    ``channels``: only these rows changed. ``groups``: only these groups did (None = Uncategorized). Neither: anything
    may have changed. ``streams``: their "mapped" marks changed. Further values go to the page's scripts as they are.
    """
    tell(request, outcome)
    if not wants_partial(request):
        return redirect(MANAGER)
    response = HttpResponse(status=204)
    trigger_client_event(response, "dialog:close", {})
    changed: dict[str, Any] = {"streams": list(streams), **detail}
    if channels is not None:
        changed["channels"] = list(channels)
    if groups is not None:
        changed["groups"] = [group_id or 0 for group_id in groups]
    return trigger_client_event(response, "lineup:changed", changed)


def dialog(request: HttpRequest, partial: str, title: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """A dialog, or the same form on a page of its own for a plain request."""
    values = {**context, "title": title, "partial": partial}
    return render_page(request, "channels_app/dialog_page.html", partial, values, status)


def goes_on(request: HttpRequest, run: TaskRun, title: str, *, said: str = "", size: str = "") -> HttpResponse:
    """Answer a form whose work goes on in the background: its dialog shows how far it is, a plain form goes to the run."""
    if not wants_partial(request):
        return redirect("tasks:run", run.pk)
    context = {"run": run, "title": title, "said": said, "size": size}
    return render(request, "channels_app/_running.html", context)


def refused(request: HttpRequest, error: EditRefused) -> HttpResponse:
    """Answer an edit without a form (a drag, a menu) that was refused: say why and show things as they are."""
    refuse_step()
    messages.error(request, str(error))
    if not wants_partial(request):
        return redirect(MANAGER)
    response = trigger_client_event(HttpResponse(status=204), "dialog:close", {})
    return trigger_client_event(response, "lineup:changed", {})


def tell(request: HttpRequest, outcome: Outcome) -> None:
    """Put what was done, and what to look out for, into toasts."""
    tags = ""
    session = current_session()
    if session is not None:
        tags = f"undo-step:{session.step_id}" if session.step_id and outcome.changed else ""
    elif outcome.entry_id:  # an edit of several entries is one step, and taken back as one
        tags = f"undo-batch:{outcome.batch_id}" if outcome.batch_id else f"undo:{outcome.entry_id}"
    (messages.success if outcome.changed else messages.info)(request, outcome.message, extra_tags=tags)
    for warning in outcome.warnings:
        messages.warning(request, warning)


def carried_out(request: HttpRequest, act: Callable[[], HttpResponse]) -> HttpResponse:
    """Do an edit that has no form; a refusal becomes a message."""
    try:
        return act()
    except EditRefused as error:
        return refused(request, error)


def refusals_told(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view whose refusals (:class:`EditRefused`) become messages: for dialogs whose target may have changed meanwhile."""

    @wraps(view)
    def told(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return carried_out(request, lambda: view(request, *args, **kwargs))

    return told
