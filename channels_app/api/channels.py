"""Channels for programs: the list, one of them, its streams, and numbers for many (10 §7, §8.2, §21.2)."""

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse

from channels_app.api.channel_values import CHANGEABLE, CREATABLE, SentChannel, read_channel
from channels_app.api.reading import (
    address,
    choice_filter,
    flag_filter,
    only_filters,
    page_answer,
    page_filter,
    text_filter,
)
from channels_app.api.shapes import channel_shapes, number_shape, stream_shape
from channels_app.api.values import id_list, wrong
from channels_app.arrange_streams import set_streams, stream_ids_of
from channels_app.channel_fields import clean_number
from channels_app.chunks import chunked
from channels_app.commands import AssignNumbers, CreateChannel, DeleteChannels, UpdateChannel
from channels_app.edit_channels import create_channel, delete_channels, update_channel
from channels_app.finding.channel_pages import CHANNEL_ORDERS, ChannelList, channel_page
from channels_app.finding.stream_pages import streams_by_id
from channels_app.models import Channel
from channels_app.naming.normalizing import normalize
from channels_app.normalize_rules import current_rules
from channels_app.outcomes import Outcome
from channels_app.renumbering.assign_numbers import assign_numbers
from tasks_app import journal
from tasks_app.models import JournalEntry
from tasks_app.views.api.answers import Refused, body_of, only_known

MOST_NUMBERED = 50_000


def _list(request: HttpRequest) -> HttpResponse:
    """``?page&page_size&search&channel_group&sort``; ``channel_group`` is an id (0 = Uncategorized) or a name."""
    only_filters(request, "page", "page_size", "search", "channel_group", "sort")
    page, size = page_filter(request)
    wanted = ChannelList(
        text=text_filter(request, "search"),
        group=text_filter(request, "channel_group"),
        sort=choice_filter(request, "sort", tuple(CHANNEL_ORDERS)),
        page=page,
        size=size,
    )
    channels, total = channel_page(wanted)
    return page_answer(request, channel_shapes(channels), total, page, size)


def _create(request: HttpRequest) -> HttpResponse:
    """``normalize`` sends the name through the rules first; a name that they leave nothing of stays as it is (10 §7.1)."""
    sent = read_channel(body_of(request), CREATABLE)
    name = sent.fields.get("name")
    if sent.normalize and isinstance(name, str):
        sent.fields["name"] = normalize(name, current_rules()) or name
    outcome = create_channel(CreateChannel(sent.fields, sent.streams or (), sent.profiles))
    return JsonResponse({**_shape(outcome.channel_ids[0]), **_told(outcome)}, status=201)


def _show(request: HttpRequest, channel_id: int) -> HttpResponse:
    only_filters(request)
    return JsonResponse(_shape(channel_id))


def _change(request: HttpRequest, channel_id: int) -> HttpResponse:
    """What is sent and differs is changed, all of it or nothing; ``streams`` is the whole list in its order."""
    body = body_of(request)
    if not Channel.objects.filter(pk=channel_id).exists():
        raise _no_channel()
    outcome = _changed(channel_id, read_channel(body, CHANGEABLE))
    return JsonResponse({**_shape(channel_id), **_told(outcome)})


def _changed(channel_id: int, sent: SentChannel) -> Outcome:
    batch_id = journal.new_batch_id() if sent.fields and sent.streams is not None else ""
    done = Outcome("Nothing has changed.", batch_id)
    with transaction.atomic():
        if sent.fields:
            done = update_channel(UpdateChannel(channel_id, sent.fields), batch_id=batch_id)
        if sent.streams is not None:
            arranged = set_streams(channel_id, sent.streams, batch_id=batch_id)
            if not done.changed:
                done.message = arranged.message
            done.warnings += arranged.warnings
    return done


def _delete(request: HttpRequest, channel_id: int) -> HttpResponse:
    """``?move_up=true`` closes the gap. One that was deleted before is a success (10 §7.3), one that never was a 404."""
    only_filters(request, "move_up")
    move_up = flag_filter(request, "move_up")
    outcome = delete_channels(DeleteChannels((channel_id,), move_up=move_up))
    if channel_id in outcome.channel_ids:
        return JsonResponse({"status": "deleted", **_told(outcome)})
    deleted = JournalEntry.objects.filter(category="channel", entity_id=channel_id, action_type="delete")
    if not deleted.exists():
        raise _no_channel()
    return JsonResponse({"status": "already_deleted", "message": "This channel was deleted before.", "warnings": []})


def _streams(request: HttpRequest, channel_id: int) -> HttpResponse:
    """The streams of a channel in the order in which players try them."""
    only_filters(request)
    if not Channel.objects.filter(pk=channel_id).exists():
        raise _no_channel()
    return JsonResponse([stream_shape(stream) for stream in streams_by_id(stream_ids_of(channel_id))], safe=False)


def _assign(request: HttpRequest) -> HttpResponse:
    """``{"channel_ids": […], "starting_number": 100}``: start, start + 1, … in this order (25.2 #13).

    Without a start behind the highest number. An id that leads to nothing refuses all of them.
    """
    sent = body_of(request)
    only_known(sent, {"channel_ids", "starting_number"})
    ids = list(dict.fromkeys(id_list(sent, "channel_ids", most=MOST_NUMBERED)))
    if not ids:
        raise wrong("channel_ids", "Name at least one channel.")
    start = _start(sent.get("starting_number"))
    known = set(_numbers(ids))
    missing = [pk for pk in ids if pk not in known]
    if missing:
        raise Refused(404, f"There is no channel {missing[0]}.", channel_ids=missing)
    outcome = assign_numbers(AssignNumbers(tuple(ids), start))
    after = _numbers(ids)
    rows = [{"id": pk, "name": after[pk][0], "channel_number": number_shape(after[pk][1])} for pk in ids if pk in after]
    return JsonResponse({"updated": len(outcome.channel_ids), "channels": rows, **_told(outcome)})


def _start(sent: object) -> Decimal | None:
    if isinstance(sent, bool) or not isinstance(sent, int | float | str | None):
        raise wrong("starting_number", "starting_number must be a number or null.")
    try:
        return clean_number(sent)
    except ValueError as error:
        raise wrong("starting_number", str(error)) from None


def _numbers(ids: list[int]) -> dict[int, tuple[str, Any]]:
    found: dict[int, tuple[str, Any]] = {}
    for portion in chunked(ids):
        rows = Channel.objects.filter(pk__in=portion).values_list("pk", "name", "number")
        found.update((pk, (name, number)) for pk, name, number in rows)
    return found


def _shape(channel_id: int) -> dict[str, Any]:
    channel = Channel.objects.select_related("group", "auto_created_by").filter(pk=channel_id).first()
    if channel is None:
        raise _no_channel()
    return channel_shapes([channel])[0]


def _told(outcome: Outcome) -> dict[str, Any]:
    """What was done, for people, and the batch under which the journal takes it back."""
    return {"message": outcome.message, "warnings": outcome.warnings, "batch_id": outcome.batch_id or None}


def _no_channel() -> Refused:
    return Refused(404, "There is no such channel.")


collection = address(GET=_list, POST=_create)
single = address(GET=_show, PATCH=_change, DELETE=_delete)
streams = address(GET=_streams)
assign = address(POST=_assign)
