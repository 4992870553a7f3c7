"""The dialog that merges the selection into a new channel, or into one of the selection (10 §15.2, §15.3)."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from channels_app.errors import EditRefused
from channels_app.forms import refuse_in
from channels_app.forms_merge import FIELD_NAMES, MergeForm
from channels_app.merging.merge_into import MergeGroup, merge_groups, merged_streams
from channels_app.merging.merge_new import MergeChannels, StaleSources, TooFew, merge_into_new, proposed_fields, sources_of
from channels_app.models import ChannelProfile
from channels_app.outcomes import Outcome
from channels_app.snapshots import Snapshot
from channels_app.targets import read_target
from channels_app.views.answers import dialog, edited, refusals_told
from channels_app.views.posted import parameters
from ecm_site.wording import counted
from m3u_app.models import Stream

MOST_MERGED = 200
_STREAMS_SHOWN = 60


@require_http_methods(["GET", "POST"])
@refusals_told
def merge(request: HttpRequest) -> HttpResponse:
    """Show what the merged channel would be, then merge."""
    values = parameters(request)
    target = read_target(values)
    channel_ids = target.ids()
    try:
        _refuse_too_many(channel_ids)
        sources = sources_of(channel_ids)
    except StaleSources as error:
        return _cannot(request, str(error), 422)
    except TooFew as error:
        return _cannot(request, str(error), 400)
    except EditRefused as error:
        return _cannot(request, str(error), 422)
    is_sent = request.method == "POST" and values.get("confirmed") == "1"
    form = MergeForm(sources, proposed_fields(sources), request.POST if is_sent or "into" in values else None)
    if is_sent and form.is_valid():
        try:
            outcome = _merge(form, sources)
            return edited(request, outcome, deleted=[pk for pk in sources if pk != form.keeps])
        except EditRefused as error:
            refuse_in(form, error, FIELD_NAMES)
    streams = merged_streams([snapshot["streams"] for snapshot in sources.values()])
    context = {
        "target": target,
        "form": form,
        "sources": [{"pk": pk, "count": len(item["streams"]), **_shown(item)} for pk, item in sources.items()],
        "streams": _streams(streams[:_STREAMS_SHOWN]),
        "stream_count": len(streams),
        "more_streams": max(0, len(streams) - _STREAMS_SHOWN),
        "repeated": sum(len(item["streams"]) for item in sources.values()) - len(streams),
        "profiles": _profiles(sources),
        "keeps": form.keeps,
        "button": "Merge",
        "action": reverse("channels:merge"),
    }
    status = 422 if form.is_bound and form.errors and is_sent else 200
    return dialog(request, "channels_app/names/_merge.html", f"Merge {counted(len(sources), 'channel')}", context, status)


def _merge(form: MergeForm, sources: Mapping[int, Snapshot]) -> Outcome:
    if form.keeps is None:
        return merge_into_new(MergeChannels(tuple(sources), form.fields_of_new()))
    outcome = merge_groups([MergeGroup(form.keeps, tuple(pk for pk in sources if pk != form.keeps))])
    if outcome.failed:
        raise EditRefused(outcome.failed[0].error)
    return outcome


def _refuse_too_many(channel_ids: Sequence[int]) -> None:
    if len(channel_ids) > MOST_MERGED:
        raise EditRefused(f"At most {MOST_MERGED} channels can become one. Use “Find duplicates” for a whole lineup.")


def _shown(snapshot: Snapshot) -> dict[str, Any]:
    return {"name": snapshot["name"], "number": snapshot["number"] or "", "group": snapshot["group"] or "Uncategorized"}


def _streams(stream_ids: list[int]) -> list[Stream]:
    found = Stream.objects.select_related("account").only("name", "account__name").in_bulk(stream_ids)
    return [found[pk] for pk in stream_ids if pk in found]


def _profiles(sources: Mapping[int, Snapshot]) -> list[str]:
    ids = {pk for snapshot in sources.values() for pk in snapshot["profile_ids"]}
    return list(ChannelProfile.objects.filter(pk__in=ids).order_by("name").values_list("name", flat=True)) if ids else []


def _cannot(request: HttpRequest, sentence: str, status: int) -> HttpResponse:
    return dialog(request, "channels_app/names/_problem.html", "Merge channels", {"sentence": sentence}, status)
