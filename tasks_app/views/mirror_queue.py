"""What waits for the server: the list, one change, the answers to conflicts, and giving up or trying again."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from ecm_site.htmx import done, render_page
from ecm_site.toasts import UNDO_BATCH_TAG
from tasks_app.engine import AlreadyRunning
from tasks_app.mirror import answers
from tasks_app.mirror.answers import Answered
from tasks_app.mirror.kinds import all_kinds
from tasks_app.mirror.queue import QueueRow, queue_page, queue_row, queue_summary
from tasks_app.mirror.state import mirror_state
from tasks_app.mirror_pages.answering import KINDS, carry_out, outcome, told
from tasks_app.mirror_pages.chosen import SHOWN, ChoiceRefused, Chosen, read_choice, read_filter
from tasks_app.mirror_pages.header import server_mark
from tasks_app.mirror_pages.way_back import has_way_back
from tasks_app.models import OutboxEntry, OutboxState
from tasks_app.views.mirror import CHANGED_EVENT
from tasks_app.views.parameters import number_from

_FIELD = "field-"


@never_cache
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    wanted = read_filter({key: request.GET.get(key, "") for key in ("state", "kind", "q")})
    mark = server_mark(request)
    context = {
        "wanted": wanted,
        "page": queue_page(wanted, number_from(request, "page", 1)),
        "summary": queue_summary(),
        "state": mirror_state(),
        "stopped": mark.stopped if mark else "",
        "kinds": [(kind.name, kind.label) for kind in all_kinds()],
        "answers": list(KINDS.values()),
        "chosen": Chosen(wanted, is_all=True),
        "own_query": urlencode([(k, v) for k, v in (("state", wanted.state), ("kind", wanted.kind), ("q", wanted.text)) if v]),
    }
    return render_page(request, "tasks_app/mirror/queue.html", "tasks_app/mirror/_queue.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def entry(request: HttpRequest, pk: int) -> HttpResponse:
    """One change: what differs, and – where both sides changed it – the question whose value is to stay."""
    try:
        row = queue_row(pk)
    except OutboxEntry.DoesNotExist:
        return _gone(request)
    if request.method != "POST":
        return _entry(request, row)
    if row.state != OutboxState.CONFLICT:
        return _entry(request, row, problem="This was answered already, or nothing is in conflict any more.")
    chosen = _answers_for(request, row)
    if not chosen:
        return _entry(request, row, problem="Choose a side for at least one field.")
    try:
        answered = answers.answer_conflict(pk, chosen)
    except OutboxEntry.DoesNotExist:
        return _gone(request)
    except ValueError:  # answered or overtaken between looking and writing
        return _entry(request, queue_row(pk), problem="The conflict is another one by now. Look again.")
    left = len(_open_fields(row)) - len(chosen)
    _tell(request, f"{row.name or row.kind_label}: {'answered' if not left else f'{left} still to answer'}.", answered)
    return done(request, reverse("mirror:queue"), CHANGED_EVENT)


@never_cache
@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, name: str = "") -> HttpResponse:
    """Try again, take the server's, or drop: GET shows what would happen to which changes, POST does it."""
    key = name or request.GET.get("answer", "")
    if key not in KINDS:
        raise Http404("There is no such answer.")
    chosen = read_choice(request.POST if request.method == "POST" else request.GET)
    if request.method != "POST":
        return _confirm(request, key, chosen)
    try:
        result = carry_out(key, chosen)
    except (ChoiceRefused, AlreadyRunning) as refusal:
        return _confirm(request, key, chosen, problem=str(refusal))
    if isinstance(result, Answered):
        _tell(request, told(key, result), result)
    else:
        messages.success(request, f"{result.title}: begun.", extra_tags=f"run:{result.pk}")
    return done(request, reverse("mirror:queue"), CHANGED_EVENT, "runs:changed")


def _open_fields(row: QueueRow) -> list[str]:
    return [answers.DELETED] if row.deleted else [each.field for each in row.differences if each.in_conflict]


def _answers_for(request: HttpRequest, row: QueueRow) -> dict[str, str]:
    """Field → "mine" or "theirs". A button for all of them wins over what is chosen one by one."""
    sides = (answers.MINE, answers.THEIRS)
    names = _open_fields(row)
    for_all = request.POST.get("all", "")
    if for_all in sides:
        return dict.fromkeys(names, for_all)
    given = {name: request.POST.get(f"{_FIELD}{name}", "") for name in names}
    return {name: side for name, side in given.items() if side in sides}


def _entry(request: HttpRequest, row: QueueRow, *, problem: str = "") -> HttpResponse:
    context = {"row": row, "problem": problem, "chosen": request.POST.dict() if problem else {}, "prefix": _FIELD}
    page, partial = "tasks_app/mirror/entry.html", "tasks_app/mirror/_entry.html"
    return render_page(request, page, partial, context, status=422 if problem else 200)


def _confirm(request: HttpRequest, key: str, chosen: Chosen, *, problem: str = "") -> HttpResponse:
    rows = chosen.rows()
    total = chosen.count
    context = {
        "answer": KINDS[key],
        "rows": [(row, outcome(key, row)) for row in rows],
        "total": total,
        "more": max(0, total - SHOWN),
        "pairs": chosen.pairs(),
        "problem": problem,
    }
    page, partial = "tasks_app/mirror/answer.html", "tasks_app/mirror/_answer.html"
    return render_page(request, page, partial, context, status=422 if problem else 200)


def _gone(request: HttpRequest) -> HttpResponse:
    """Delivered or answered meanwhile, which is what everybody wants: no error."""
    context = {"row": None}
    return render_page(request, "tasks_app/mirror/entry.html", "tasks_app/mirror/_entry.html", context)


def _tell(request: HttpRequest, words: str, answered: Answered) -> None:
    undo = f"{UNDO_BATCH_TAG}{answered.batch_id}" if has_way_back(answered.batch_id) else ""
    messages.success(request, words, extra_tags=undo)
    for sentence in answered.refused[:3]:
        messages.warning(request, sentence)
