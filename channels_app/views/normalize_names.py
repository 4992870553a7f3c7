"""The dialog that brings names of the selection in line with today's knowledge (10 §11.1)."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from channels_app.errors import EditRefused
from channels_app.normalizing.proposals import Proposal, mark_of, proposals_for
from channels_app.normalizing.rename_channels import rename_channels
from channels_app.targets import read_target
from channels_app.views.answers import dialog, edited, refusals_told
from channels_app.views.paged_choices import ROWS, page_of, read_choices
from channels_app.views.posted import parameters

CHANGED_SINCE = (
    "The list below is newer than the one you saw: names, or the rules, have changed since. Look at it, then confirm."
)


@require_http_methods(["GET", "POST"])
@refusals_told
def normalize(request: HttpRequest) -> HttpResponse:
    """Rows whose name changes, ticked and editable; confirming renames those that are ticked, as one step."""
    values = parameters(request)
    target = read_target(values)
    proposals = proposals_for(target.ids())
    choices = read_choices(values).without_proposed({item.channel_id: item.proposed for item in proposals})
    chosen = {
        item.channel_id: choices.value(item.channel_id, item.proposed) for item in proposals if choices.is_on(item.channel_id)
    }
    problems: dict[str, str] = {}
    notice = ""
    if request.method == "POST" and values.get("confirmed") == "1":
        if values.get("mark") != mark_of(proposals):
            notice = CHANGED_SINCE
        else:
            try:
                return edited(request, rename_channels(chosen))
            except EditRefused as error:
                problems = error.problems
    wanted = values.copy()
    if problems:
        wanted["page"] = _page_of_first(problems, proposals)
    page = page_of(proposals, wanted)
    rows = [
        {
            "item": item,
            "is_on": choices.is_on(item.channel_id),
            "value": choices.value(item.channel_id, item.proposed),
            "problem": problems.get(f"value-{item.channel_id}", ""),
        }
        for item in page.rows
    ]
    context = {
        "target": target,
        "page": page,
        "rows": rows,
        "hidden": choices.hidden([item.channel_id for item in page.rows]),
        "mark": mark_of(proposals),
        "chosen": len(chosen),
        "notice": notice,
        "problem_count": len(problems),
        "size": "lg",
        "action": reverse("channels:normalize_names"),
    }
    status = 422 if problems or notice else 200
    return dialog(request, "channels_app/names/_normalize.html", "Normalize names", context, status)


def _page_of_first(problems: dict[str, str], proposals: list[Proposal]) -> str:
    places = [place for place, item in enumerate(proposals) if f"value-{item.channel_id}" in problems]
    return str(places[0] // ROWS + 1 if places else 1)
