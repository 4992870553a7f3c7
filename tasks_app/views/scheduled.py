"""Settings → Scheduled tasks: a card per task, its editor, and the switches on them (50 §1.10)."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import trigger_client_event

from ecm_site.htmx import done, wants_partial
from ecm_site.wording import counted
from tasks_app.engine import request_cancel
from tasks_app.live_parts import read_seen
from tasks_app.models import ACTIVE_STATUSES, TaskRun
from tasks_app.scheduling.edit_task import ENTITY_TYPE, change_task
from tasks_app.task_cards import TaskCard, task_card, task_cards
from tasks_app.task_form import TaskForm
from tasks_app.task_parts import fresh_part
from tasks_app.views.going_back import back_from
from tasks_app.views.rights import check_may_manage
from tasks_app.views.undo_tag import undo_tag
from tasks_app.watchdog import problems

IDLE_PACE = 5  # seconds between looks
BUSY_PACE = 2
MOST_WATCHED = 50  # runs whose end is read out
CHANGED_EVENT = "tasks:changed"


@require_GET
def scheduled(request: HttpRequest) -> HttpResponse:
    """All cards; ``?task=<id>`` opens that task's editor."""
    now = timezone.now()
    cards = task_cards(now=now)
    opened = next((card for card in cards if card.task_id == request.GET.get("task")), None)
    context = {
        "cards": cards,
        "opened": opened,
        "form": TaskForm(None, task=opened.task, row=opened.row) if opened else None,
        "problems": problems(now),
        **_poller([run for card in cards for run in card.active]),
    }
    return render(request, "tasks_app/scheduled.html", context)


@require_GET
def scheduled_live(request: HttpRequest) -> HttpResponse:
    """The parts of the cards that changed since the page got them; 204 when none did."""
    seen = read_seen(request.GET.getlist("seen"))
    cards = {card.task_id: card for card in task_cards({part.key for part in seen})}
    found = (fresh_part(part, cards[part.key]) for part in seen if part.key in cards)
    fresh = [part for part in found if part is not None]
    active = [run for card in cards.values() for run in card.active]
    watched = [int(text) for text in request.GET.getlist("run")[:MOST_WATCHED] if text.isdecimal() and len(text) < 19]
    poller = _poller(active)
    is_same_poller = str(poller["pace"]) == request.GET.get("pace") and watched == [run.pk for run in active[:MOST_WATCHED]]
    if not fresh and is_same_poller:
        return HttpResponse(status=204)
    ended = TaskRun.objects.filter(pk__in=watched).exclude(status__in=ACTIVE_STATUSES) if watched else []
    return render(request, "tasks_app/_task_live.html", {"fresh": fresh, "ended": ended, **poller})


def _poller(active: list[TaskRun]) -> dict[str, object]:
    return {"pace": BUSY_PACE if active else IDLE_PACE, "watched": active[:MOST_WATCHED]}


@require_GET
def task_panel(request: HttpRequest, task_id: str) -> HttpResponse:
    """The editor of one task for the inside of its card; as a page, all cards with this one open."""
    card = _card_or_404(task_id)
    if not wants_partial(request):
        return redirect(_opened(task_id))
    return _panel(request, card)


@require_POST
def task_switch(request: HttpRequest, task_id: str) -> HttpResponse:
    """Turn a task on (``?on=1``) or off."""
    check_may_manage(request, task_id)
    card = _card_or_404(task_id)
    on = request.GET.get("on") == "1"
    began = timezone.now()
    row = change_task(task_id, enabled=on)
    words = "runs on schedule again" if on else "no longer runs on schedule; “Run now” still works"
    messages.success(request, f"{card.task.name} {words}.", extra_tags=undo_tag(ENTITY_TYPE, row.pk, began))
    if not wants_partial(request):
        return redirect(_opened(task_id))
    response = _panel(request, _card_or_404(task_id))
    return _telling(response)


@require_POST
def task_save(request: HttpRequest, task_id: str) -> HttpResponse:
    """Save messages, alerts and configuration."""
    check_may_manage(request, task_id)
    card = _card_or_404(task_id)
    form = TaskForm(request.POST, task=card.task, row=card.row)
    if form.is_valid():
        began = timezone.now()
        row = change_task(task_id, **form.changes())
        undo = undo_tag(ENTITY_TYPE, row.pk, began)
        messages.success(request, f"{card.task.name}: saved." if undo else "Nothing was changed.", extra_tags=undo)
        if not wants_partial(request):
            return redirect(_opened(task_id))
        card = _card_or_404(task_id)
        context = {"card": card, "form": TaskForm(None, task=card.task, row=card.row)}
        return _telling(render(request, "tasks_app/_task_form.html", context))
    if wants_partial(request):
        return render(request, "tasks_app/_task_form.html", {"card": card, "form": form}, status=422)
    cards = task_cards()
    active = [run for one in cards for run in one.active]
    context = {"cards": cards, "opened": card, "form": form, "problems": problems(timezone.now()), **_poller(active)}
    return render(request, "tasks_app/scheduled.html", context, status=422)


@require_POST
def task_cancel(request: HttpRequest, task_id: str) -> HttpResponse:
    """Ask all runs of a task that wait or work to stop (T-20)."""
    card = _card_or_404(task_id)
    asked = sum(request_cancel(run.pk) for run in card.active)
    if not asked:
        messages.info(request, f"{card.task.name} was not running any more.")
    elif len(card.active) > 1:
        messages.info(request, f"{counted(asked, 'run')} of {card.task.name} asked to stop.")
    return done(request, back_from(request, reverse("tasks:scheduled")), CHANGED_EVENT, "runs:changed")


def _card_or_404(task_id: str) -> TaskCard:
    card = task_card(task_id)
    if card is None:
        raise Http404(f"There is no task {task_id}.")
    return card


def _panel(request: HttpRequest, card: TaskCard) -> HttpResponse:
    context = {"card": card, "form": TaskForm(None, task=card.task, row=card.row)}
    return render(request, "tasks_app/_task_panel.html", context)


def _telling(response: HttpResponse) -> HttpResponse:
    return trigger_client_event(response, CHANGED_EVENT, {})


def _opened(task_id: str) -> str:
    return f"{reverse('tasks:scheduled')}?task={task_id}#task-{task_id}"
