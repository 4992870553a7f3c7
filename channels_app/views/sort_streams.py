"""The dialog that sorts the streams of one channel, a group, the selection or all channels (10 §9.4)."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from channels_app.drafts.staging import live
from channels_app.errors import EditRefused
from channels_app.models import Channel, ChannelGroup
from channels_app.sort_streams import current_rules, plan_sorting, sort_streams
from channels_app.sort_streams_task import SortStreamsTask, parameters_of
from channels_app.targets import Target, read_target
from channels_app.views.answers import dialog, edited, goes_on
from channels_app.views.posted import parameters
from ecm_site.wording import counted
from m3u_app.stream_order import LABELS, SMART, Criterion, UnknownMode
from tasks_app.engine import AlreadyRunning, start_run

IN_BACKGROUND_ABOVE = 4000  # channels that change; about a second of work


@require_http_methods(["GET", "POST"])
def sort(request: HttpRequest) -> HttpResponse:
    """Choose how, see how many channels it changes, sort. ``of_group`` (0 = Uncategorized) or ``scope=all`` instead of a
    selection."""
    values = parameters(request)
    mode = values.get("mode") or SMART
    problem = ""
    title = "Sort streams"
    hidden: list[tuple[str, str]] = []
    ids: tuple[int, ...] = ()
    try:
        ids, what, hidden = _scope(request)
        title = f"Sort streams of {what}"
        if request.method == "POST" and values.get("confirmed") == "1":
            changing = len(plan_sorting(ids, mode).changes)
            if changing > IN_BACKGROUND_ABOVE:
                return _start_run(request, ids, mode, changing)
            outcome = sort_streams(ids, mode)
            return edited(request, outcome, channels=outcome.channel_ids if len(outcome.channel_ids) <= 1 else None)
        plan = plan_sorting(ids, mode)
    except (EditRefused, UnknownMode, AlreadyRunning) as error:
        problem, mode = str(error), SMART
        plan = plan_sorting((), SMART)
    criteria = current_rules().criteria
    offered = criteria if Criterion.M3U_PRIORITY in criteria else (*criteria, Criterion.M3U_PRIORITY)  # needs no probing
    context = {
        "plan": plan,
        "mode": mode,
        "hidden": hidden,
        "problem": problem,
        "criteria": [(criterion.value, LABELS[criterion]) for criterion in offered],
        "smart": ", ".join(LABELS[criterion].lower() for criterion in criteria),
        "nothing": not plan.changes,
        "action": reverse("channels:sort_streams"),
    }
    return dialog(request, "channels_app/sorting/_dialog.html", title, context, status=422 if problem else 200)


def _start_run(request: HttpRequest, ids: tuple[int, ...], mode: str, count: int) -> HttpResponse:
    values = parameters_of(ids, mode)
    with live():
        run = start_run(SortStreamsTask.task_id, values, user_id=request.user.pk)
    return goes_on(request, run, f"Sorting the streams of {counted(count, 'channel')}")


def _scope(request: HttpRequest) -> tuple[tuple[int, ...], str, list[tuple[str, str]]]:
    """The channels, what they are called, and the hidden fields that say so again. Raises :class:`EditRefused`."""
    values = parameters(request)
    group = values.get("of_group", "")
    if group.isascii() and group.isdigit() and len(group) < 19:
        found = ChannelGroup.objects.filter(pk=int(group)).first() if int(group) else None
        if int(group) and found is None:
            raise EditRefused("This group no longer exists. Reload the page.")
        channels = Channel.objects.filter(group=found).order_by("pk")
        name = f"“{found.name}”" if found else "Uncategorized"
        return tuple(channels.values_list("pk", flat=True)), name, [("of_group", group)]
    if values.get("scope") == "all":
        ids = tuple(Channel.objects.order_by("pk").values_list("pk", flat=True))
        return ids, f"all {counted(len(ids), 'channel')}", [("scope", "all")]
    target: Target = read_target(values)
    if not target:
        raise EditRefused("Select channels first.")
    ids = target.ids()
    names = Channel.objects.filter(pk__in=ids).values_list("name", flat=True) if len(ids) == 1 else []
    name = next((f"“{name}”" for name in names), counted(len(ids), "channel"))
    return ids, name, target.pairs()
