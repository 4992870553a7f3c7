"""Streams of a channel for programs (10 §9.1, §9.4, §21.2)."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from channels_app.api.reading import address
from channels_app.api.values import LARGEST_ID
from channels_app.arrange_streams import StreamsOutcome, add_streams, remove_streams, reorder_streams, stream_ids_of
from channels_app.commands import AddStreams, RemoveStreams, ReorderStreams
from channels_app.errors import EditRefused, NotThere
from channels_app.sort_streams import current_rules
from m3u_app.models import Stream
from m3u_app.stream_facts import facts_of
from m3u_app.stream_order import SMART, SortableStream, UnknownMode, criteria_of, sorted_streams
from tasks_app.views.api.answers import Refused, body_of, only_known

MOST_CHANNELS = 20_000
_IDS_AT_ONCE = 20_000


def _add_one(request: HttpRequest, channel_id: int) -> HttpResponse:
    return _add(channel_id, (_id(_body(request, "stream_id"), "stream_id"),))


def _add_many(request: HttpRequest, channel_id: int) -> HttpResponse:
    return _add(channel_id, _ids(_body(request, "stream_ids"), "stream_ids"))


def _add(channel_id: int, stream_ids: tuple[int, ...]) -> HttpResponse:
    """Append; what is there already is skipped. A stream that does not exist refuses all of them (§14.3)."""
    known = set(Stream.objects.filter(pk__in=stream_ids).values_list("pk", flat=True))
    missing = [pk for pk in stream_ids if pk not in known]
    if missing:
        raise Refused(404, f"There is no stream {missing[0]}.", stream_ids=missing)
    outcome = _told(lambda: add_streams(AddStreams(channel_id, stream_ids)))
    return JsonResponse(
        {
            "added": outcome.added,
            "skipped": outcome.skipped,
            "total_streams": outcome.total,
            "streams": stream_ids_of(channel_id),
        }
    )


def _remove(request: HttpRequest, channel_id: int) -> HttpResponse:
    command = RemoveStreams(channel_id, (_id(_body(request, "stream_id"), "stream_id"),))
    outcome = _told(lambda: remove_streams(command))
    return JsonResponse({"total_streams": outcome.total, "streams": stream_ids_of(channel_id)})


def _reorder(request: HttpRequest, channel_id: int) -> HttpResponse:
    """The whole list in its new order; unknown or omitted ids are refused, so that no stream is ever lost (§9.1)."""
    command = ReorderStreams(channel_id, _ids(_body(request, "stream_ids"), "stream_ids"))
    _told(lambda: reorder_streams(command))
    return JsonResponse({"streams": stream_ids_of(channel_id)})


def _compute_sort(request: HttpRequest) -> HttpResponse:
    """The order that sorting would give: ``{"channels": [{"channel_id": 1, "stream_ids": […]}], "mode": "smart"}``.

    Nothing is stored. An unknown mode is a 400.
    """
    sent = body_of(request)
    only_known(sent, {"channels", "mode"})
    mode = sent.get("mode", SMART)
    rules = current_rules()
    try:
        criteria_of(str(mode), rules)
    except UnknownMode as error:
        raise Refused(400, str(error)) from None
    channels = sent.get("channels")
    if not isinstance(channels, list) or len(channels) > MOST_CHANNELS or not all(isinstance(row, dict) for row in channels):
        sentence = f"channels must be a list of at most {MOST_CHANNELS:,} objects."
        raise Refused(422, sentence, errors={"channels": [sentence]})
    lists = [(_id(row, "channel_id"), _ids(row, "stream_ids")) for row in channels]
    wanted = sorted({stream_id for _, ids in lists for stream_id in ids})
    facts = facts_of(wanted)
    accounts: dict[int, int | None] = {}
    for start in range(0, len(wanted), _IDS_AT_ONCE):
        portion = Stream.objects.filter(pk__in=wanted[start : start + _IDS_AT_ONCE])
        accounts.update(portion.values_list("pk", "account_id"))
    results = []
    for channel_id, ids in lists:
        streams = [SortableStream(pk, accounts.get(pk), facts.get(pk)) for pk in dict.fromkeys(ids)]
        order = sorted_streams(streams, rules, str(mode))
        results.append({"channel_id": channel_id, "sorted_stream_ids": order, "changed": order != list(ids)})
    return JsonResponse({"mode": mode, "results": results})


add_stream = address(POST=_add_one)
add_several = address(POST=_add_many)
remove_stream = address(POST=_remove)
reorder = address(POST=_reorder)
compute_sort = address(POST=_compute_sort)


def _told(act: Any) -> StreamsOutcome:
    try:
        outcome: StreamsOutcome = act()
    except NotThere as error:
        raise Refused(404, str(error)) from None
    except EditRefused as error:
        raise Refused(422, str(error), errors={"stream_ids": [str(error)]}) from None
    return outcome


def _body(request: HttpRequest, name: str) -> dict[str, Any]:
    sent = body_of(request)
    only_known(sent, {name})
    return sent


def _id(sent: Mapping[str, Any], name: str) -> int:
    value = sent.get(name)
    if type(value) is not int or not 0 < value <= LARGEST_ID:
        raise Refused(422, f"{name} must be an id.", errors={name: [f"{name} must be an id."]})
    return value


def _ids(sent: Mapping[str, Any], name: str) -> tuple[int, ...]:
    ids = sent.get(name)
    if not isinstance(ids, list) or not all(type(pk) is int and 0 < pk <= LARGEST_ID for pk in ids):
        raise Refused(422, f"{name} must be a list of ids.", errors={name: [f"{name} must be a list of ids."]})
    return tuple(ids)
