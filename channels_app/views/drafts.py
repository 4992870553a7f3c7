"""The edit-mode bar and what its buttons do: begin, go on, undo, redo, checkpoints (10 §2.1, §13.4, §13.6)."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh, trigger_client_event

from channels_app.drafts import answers, moving
from channels_app.drafts.bar import bar_of
from channels_app.drafts.catching_up import catch_up
from channels_app.drafts.checkpoints import checkpoints, delete_checkpoint, find_checkpoint, set_checkpoint
from channels_app.drafts.lives import DraftNotOpened, active_draft, open_draft, unfinished_draft
from channels_app.drafts.redone_over import changed_meanwhile, sentence_about
from channels_app.drafts.steps import DraftBusy
from channels_app.drafts.storage import DraftUnusable
from channels_app.drafts.switching import working_in
from channels_app.errors import EditRefused
from channels_app.models import Draft, DraftStep
from channels_app.views.answers import dialog
from ecm_site.htmx import wants_partial
from ecm_site.wording import counted

MANAGER = "channels:manager"
MOST_STEPS = 100_000


@require_GET
def bar(request: HttpRequest) -> HttpResponse:
    """The bar as it is now; plain requests are for the page that holds it."""
    if not wants_partial(request):
        return redirect(MANAGER)
    found = bar_of(unfinished_draft(request.user))
    if answers.shows_another_draft(request, found.draft_id):
        return answers.edit_mode_changed(request)
    return render(request, "channels_app/drafts/_bar.html", {"bar": found})


@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Begin editing, or go on with a draft that was put aside."""
    try:
        open_draft(request.user)
    except DraftNotOpened as error:
        messages.error(request, str(error))
    return _page_again(request)


@require_POST
def undo(request: HttpRequest, step_id: int | None = None) -> HttpResponse:
    """Take back the last step, or ``steps`` of them; with an id (a toast's button) only while that one is the last."""

    def act(draft: Draft) -> None:
        steps = moving.undo(_count(request), newest=step_id)
        if not steps and step_id is not None and _last_step_id() is not None:
            raise EditRefused("This is undone already, or something else was changed since: use Undo above the lists.")
        if not steps:
            raise EditRefused("There is nothing to undo.")
        what = f"Undid: {steps[0].description}" if len(steps) == 1 else f"Undid {counted(len(steps), 'step')}"
        messages.success(request, f"{what}.")

    return _moved(request, act)


@require_POST
def redo(request: HttpRequest) -> HttpResponse:
    """Do the next undone step again, or ``steps`` of them."""

    def act(draft: Draft) -> None:
        steps = moving.redo(_count(request))
        if not steps:
            raise EditRefused("There is nothing to redo.")
        what = f"Redid: {steps[0].description}" if len(steps) == 1 else f"Redid {counted(len(steps), 'step')}"
        messages.success(request, f"{what}.")
        _tell_changed_meanwhile(request, steps)

    return _moved(request, act)


@require_http_methods(["GET", "POST"])
def show_checkpoints(request: HttpRequest) -> HttpResponse:
    """The checkpoints of the draft, and a form for one more."""
    if request.method == "GET":
        return _with_draft(request, lambda draft: _checkpoint_dialog(request))
    name = request.POST.get("name", "")

    def act(draft: Draft) -> None:
        step = set_checkpoint(name)
        messages.success(request, f"“{step.checkpoint}” is where you can come back to.")

    return _moved(request, act, dialog_on_refusal=True)


@require_http_methods(["GET", "POST"])
def revert(request: HttpRequest, step_id: int) -> HttpResponse:
    """Go back to a checkpoint; more than five steps are asked for first (10 §13.6)."""

    def ask(draft: Draft) -> HttpResponse:
        found = find_checkpoint(step_id)
        if found is None:
            raise EditRefused("This checkpoint no longer exists.")
        action = reverse("channels:draft_revert", args=[step_id])
        context = {"checkpoint": found, "action": action}
        return dialog(request, "channels_app/drafts/_revert.html", "Go back to the checkpoint?", context)

    def act(draft: Draft) -> HttpResponse | None:
        found = find_checkpoint(step_id)
        if found is None:
            raise EditRefused("This checkpoint no longer exists.")
        if found.needs_consent and "confirmed" not in request.POST:
            return ask(draft)
        undone, redone = moving.go_to(step_id)
        moved = counted(undone, "step") + " undone" if undone else counted(redone, "step") + " redone"
        messages.success(request, f"Back at “{found.name}”: {moved}.")
        _tell_changed_meanwhile(request, list(DraftStep.objects.filter(undone=False).order_by("-pk")[:redone]))
        return None

    if request.method == "GET":
        return _with_draft(request, ask)
    return _moved(request, act)


@require_POST
def forget_checkpoint(request: HttpRequest, step_id: int) -> HttpResponse:
    """Delete a checkpoint; what was changed before and after it stays."""

    def act(draft: Draft) -> HttpResponse | None:
        delete_checkpoint(step_id)
        return _checkpoint_dialog(request) if wants_partial(request) else None

    response = _moved(request, act)
    return trigger_client_event(response, "draft:changed", {}) if wants_partial(request) else response


# --- helpers ----------------------------------------------------------------------------------------------------------


def _tell_changed_meanwhile(request: HttpRequest, redone: Sequence[DraftStep]) -> None:
    """Say what the server, too, changed while these steps were undone."""
    if told := sentence_about(changed_meanwhile(redone)):
        messages.warning(request, told)


def _moved(
    request: HttpRequest, act: Callable[[Draft], HttpResponse | None], *, dialog_on_refusal: bool = False
) -> HttpResponse:
    """Change something in the draft; what ``act`` returns is the answer, else the page is told to look again."""

    def carried_out(draft: Draft) -> HttpResponse:
        try:
            response = act(draft)
        except EditRefused as error:
            if dialog_on_refusal:
                return _checkpoint_dialog(request, error)
            messages.info(request, str(error))
            response = None
        if response is not None:
            return response
        if not wants_partial(request):
            return redirect(MANAGER)
        answer = trigger_client_event(HttpResponse(status=204), "dialog:close", {})
        return trigger_client_event(answer, "lineup:changed", {})

    return _with_draft(request, carried_out)


def _with_draft(request: HttpRequest, act: Callable[[Draft], HttpResponse]) -> HttpResponse:
    """Act in the draft that is being edited, or say why that cannot be."""
    draft = active_draft(request.user)
    if answers.is_for_another_draft(request, draft):
        return answers.edit_mode_changed(request)
    if draft is None:
        messages.warning(request, "Edit mode is off. Nothing was changed.")
        return _page_again(request)
    try:
        with working_in(draft):
            catch_up(patiently=request.method == "POST")
            return act(draft)
    except EditRefused as error:
        messages.info(request, str(error))
        return _page_again(request)
    except DraftUnusable as error:
        return answers.unusable(request, draft, str(error))
    except DraftBusy as error:
        return answers.busy(request, str(error))


def _checkpoint_dialog(request: HttpRequest, error: EditRefused | None = None) -> HttpResponse:
    context: dict[str, Any] = {
        "checkpoints": checkpoints(),
        "action": reverse("channels:draft_checkpoints"),
        "name": request.POST.get("name", ""),
        "errors": error,
        "has_steps": _last_step_id() is not None,
    }
    status = 422 if error is not None else 200
    return dialog(request, "channels_app/drafts/_checkpoints.html", "Checkpoints", context, status)


def _last_step_id() -> int | None:
    return DraftStep.objects.filter(undone=False).order_by("-pk").values_list("pk", flat=True).first()


def _count(request: HttpRequest) -> int:
    text = request.POST.get("steps", "1")
    return max(1, min(int(text), MOST_STEPS)) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def _page_again(request: HttpRequest) -> HttpResponse:
    return HttpResponseClientRefresh() if wants_partial(request) else redirect(MANAGER)
