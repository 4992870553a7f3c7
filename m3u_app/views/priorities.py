"""The form that sets the priorities of all accounts together (20 §9). Works as a page too, and without scripts."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from ecm_site.htmx import done
from ecm_site.typed_numbers import number_in
from m3u_app.models import Account
from m3u_app.priorities import (
    HIGHEST,
    PrioritiesRefused,
    Wish,
    accounts_by_priority,
    is_fixed,
    moved,
    number_problem,
    save_priorities,
)
from m3u_app.views._answers import dialog

_LONGEST = 20  # characters of a box that are shown again


@dataclass
class Row:
    """An account as the form shows it. ``typed`` may be anything; ``shown`` is what is compared with when it is saved."""

    account: Account
    typed: str
    shown: int
    problem: str = ""

    @property
    def is_fixed(self) -> bool:
        return is_fixed(self.account)

    @property
    def wanted(self) -> int:
        """The number that was typed; 0 for an empty box, -1 for what is none."""
        text = self.typed.strip()
        if not text:
            return 0
        number = number_in(text, figures=9)
        return -1 if number is None else number


@require_http_methods(["GET", "POST"])
def priorities(request: HttpRequest) -> HttpResponse:
    """GET shows all accounts, the most preferred first. POST saves; ``up`` or ``down`` (an id) only moves one a place."""
    if request.method == "GET":
        return _show(request, _rows(QueryDict()))
    rows = _rows(request.POST)
    for step in ("up", "down"):
        if step in request.POST:
            return _move(request, rows, request.POST[step], up=step == "up")
    for row in rows:
        row.problem = "" if row.is_fixed else number_problem(row.wanted)
    if any(row.problem for row in rows):
        return _show(request, rows, status=422)
    try:
        saved = save_priorities({row.account.pk: Wish(row.wanted, row.shown) for row in rows if not row.is_fixed})
    except PrioritiesRefused as refusal:
        return _refused(request, rows, refusal.problems)
    undo = f"undo-batch:{saved.batch_id}" if saved.batch_id else f"undo:{saved.entry_id}"
    (messages.success if saved.changed else messages.info)(request, saved.message, extra_tags=undo if saved.changed else "")
    return done(request, reverse("m3u:accounts"), "accounts:changed")


def _rows(values: QueryDict) -> list[Row]:
    """All accounts with what was typed for them, in the order in which they were shown."""
    rows = [_row(account, values) for account in accounts_by_priority()]
    place = {text: number for number, text in enumerate(values.get("order", "").split(",")[:10_000])}
    return sorted(rows, key=lambda row: place.get(str(row.account.pk), len(place)))


def _row(account: Account, values: QueryDict) -> Row:
    typed, shown = values.get(f"priority-{account.pk}"), values.get(f"shown-{account.pk}", "")
    if typed is None or is_fixed(account):
        return Row(account, str(account.priority) if account.priority else "", account.priority)
    known = number_in(shown, figures=4)
    return Row(account, typed.replace("\x00", "")[:_LONGEST], account.priority if known is None else known)


def _move(request: HttpRequest, rows: list[Row], typed_id: str, *, up: bool) -> HttpResponse:
    """Show the form again with one account a place higher or lower; nothing is saved yet."""
    for row in rows:
        row.problem = number_problem(row.wanted)
    if any(row.problem for row in rows):
        return _show(request, rows, status=422)
    numbers = {row.account.pk: row.wanted for row in rows}
    rows.sort(key=lambda row: -row.wanted)  # stable: what was typed since decides, equal ones stay as they are
    order = [row.account.pk for row in rows]
    account_id = number_in(typed_id) or 0
    fixed = frozenset(row.account.pk for row in rows if row.is_fixed)
    changes = moved(order, numbers, account_id, up=up, fixed=fixed)
    if changes:
        place = order.index(account_id)
        other = place - 1 if up else place + 1
        rows[place], rows[other] = rows[other], rows[place]
    for row in rows:
        if row.account.pk in changes:
            number = changes[row.account.pk]
            row.typed = str(number) if number else ""
    return _show(request, rows, focus=account_id, direction="up" if up else "down", is_stuck=not changes)


def _refused(request: HttpRequest, rows: list[Row], problems: Mapping[int, str]) -> HttpResponse:
    """Say beside each field what is wrong; what is stored now is what the next attempt is compared with."""
    for row in rows:
        row.problem = problems.get(row.account.pk, "")
        if row.problem:
            row.shown = row.account.priority
    return _show(request, rows, status=422)


def _show(
    request: HttpRequest, rows: list[Row], *, status: int = 200, focus: int = 0, direction: str = "", is_stuck: bool = False
) -> HttpResponse:
    context = {
        "rows": rows,
        "order": ",".join(str(row.account.pk) for row in rows),
        "highest": HIGHEST,
        "focus": focus,
        "direction": direction,
        "is_stuck": is_stuck,
        "first_problem": next((row.account.pk for row in rows if row.problem), 0),
    }
    return dialog(request, "m3u_app/_priorities.html", context, title="Priorities", heading="Priorities", status=status)
