"""Settings → Normalization → Apply to all channels: dry run, review, confirm, result (10 §11.3)."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from channels_app.normalizing.apply_to_channels import ApplyResult, Decision, apply_to_channels
from channels_app.normalizing.one_at_a_time import AnotherRuns, TooManyRuns
from channels_app.normalizing.plan_apply import Action, ApplyPlan, ApplyRow, plan_apply
from channels_app.views.normalize_names import CHANGED_SINCE
from channels_app.views.paged_choices import Choices, page_of, read_choices

PROBLEMS_SHOWN = 200
SHOW = {"all": "All", "collisions": "Name taken", "conflicts": "Same new name", "skipped": "Skipped"}


@dataclass(frozen=True)
class Review:
    """The decisions so far. ``waiting`` are numbers of conflict groups without a winner, ``crowded`` those with several."""

    actions: dict[int, Action | None]
    waiting: list[int]
    crowded: list[int]

    def count(self, action: Action) -> int:
        return sum(1 for found in self.actions.values() if found is action)

    @property
    def problem(self) -> str:
        if self.crowded:
            return f"Only one channel can get the same new name. Look at {_numbers(self.crowded)}."
        if self.waiting:
            return f"Choose which channel gets the name, or skip all of them: {_numbers(self.waiting)}."
        return ""


@never_cache
@require_http_methods(["GET", "POST"])
def apply_names(request: HttpRequest) -> HttpResponse:
    """Everything of one address: what was decided travels in the form."""
    if not request.user.is_staff:
        raise PermissionDenied("Only administrators may rename all channels at once.")
    values = request.POST if request.method == "POST" else request.GET
    plan = plan_apply()
    choices = _choices(values, plan)
    review = _review(plan, choices)
    notice, status = "", 200
    step = "review"
    if request.method == "POST" and ("ask" in values or values.get("confirmed") == "1"):
        if values.get("mark") != plan.mark:
            notice, status = CHANGED_SINCE, 422
        elif review.problem:
            notice, status = review.problem, 422
        elif "ask" in values:
            step = "confirm"
        else:
            try:
                result = apply_to_channels({pk: Decision(action) for pk, action in review.actions.items() if action})
            except AnotherRuns as error:
                notice, status = str(error), 409
            except TooManyRuns as error:
                notice, status = str(error), 429
            else:
                return render(request, "channels_app/names/applied.html", _told(result))
    return render(
        request,
        "channels_app/names/apply.html",
        _context(values, plan, choices, review, step=step, notice=notice),
        status=status,
    )


def _choices(values: QueryDict, plan: ApplyPlan) -> Choices:
    """``every=on`` accepts all rows whose name is free, ``every=off`` skips all; both forget single decisions."""
    choices = read_choices(values)
    if values.get("every") == "off":
        return Choices(default="off")
    if values.get("every") == "on":
        kept = {row.channel_id for row in plan.rows if row.default is not Action.RENAME}
        return Choices(values={pk: value for pk, value in choices.values.items() if pk in kept})
    decided = Choices(default=choices.default, values=choices.values)
    return decided.without_proposed({row.channel_id: str(_preset(row, decided) or "") for row in plan.rows})


def _preset(row: ApplyRow, choices: Choices) -> Action | None:
    return Action.SKIP if choices.default == "off" else row.default


def _review(plan: ApplyPlan, choices: Choices) -> Review:
    actions: dict[int, Action | None] = {}
    for row in plan.rows:
        typed = choices.value(row.channel_id)
        allowed = typed in set(Action) and not (typed == Action.MERGE and not row.collision_id)
        actions[row.channel_id] = Action(typed) if allowed else _preset(row, choices)
    waiting, crowded = [], []
    for number, rows in plan.conflict_groups.items():
        winners = [row.channel_id for row in rows if actions[row.channel_id] is Action.RENAME]
        undecided = [row.channel_id for row in rows if actions[row.channel_id] is None]
        if len(winners) > 1:
            crowded.append(number)
        elif undecided and not winners:
            waiting.append(number)
        else:
            actions.update(dict.fromkeys(undecided, Action.SKIP))  # one was chosen: the others keep their names
    return Review(actions, waiting, crowded)


def _context(values: QueryDict, plan: ApplyPlan, choices: Choices, review: Review, *, step: str, notice: str) -> dict[str, Any]:
    show = values.get("show", "all")
    rows = [row for row in plan.rows if _is_shown(row, review, show)]
    page = page_of(rows, values)
    shown = [] if step == "confirm" else page.rows
    return {
        "plan": plan,
        "page": page,
        "step": step,
        "notice": notice,
        "review": review,
        "rows": [{"row": row, "action": review.actions[row.channel_id], "options": _options(row)} for row in shown],
        "hidden": [pair for pair in choices.hidden([row.channel_id for row in shown]) if pair[0] != "shown"],
        "mark": plan.mark,
        "show": show,
        "show_choices": SHOW.items(),
        "counts": {str(action): review.count(action) for action in Action},
    }


def _is_shown(row: ApplyRow, review: Review, show: str) -> bool:
    if show == "collisions":
        return bool(row.collision_id)
    if show == "conflicts":
        return bool(row.conflict)
    if show == "skipped":
        return review.actions[row.channel_id] is Action.SKIP
    return True


def _options(row: ApplyRow) -> list[tuple[str, str]]:
    options = [] if row.collision_id else [(str(Action.RENAME), "Rename")]
    if row.collision_id:
        options.append((str(Action.MERGE), "Merge into it"))
    options.append((str(Action.SKIP), "Skip"))
    return [("", "Choose…"), *options] if row.default is None else options


def _told(result: ApplyResult) -> dict[str, Any]:
    return {
        "result": result,
        "errors": result.errors[:PROBLEMS_SHOWN],
        "more_errors": max(0, len(result.errors) - PROBLEMS_SHOWN),
    }


def _numbers(numbers: list[int]) -> str:
    named = ", ".join(str(number) for number in numbers[:10])
    return f"conflict {named}" if len(numbers) == 1 else f"conflicts {named}{' …' if len(numbers) > 10 else ''}"
