"""Streams for programs: found, sorted and paged over all of them; by id; their groups with counts (10 §3, §21.2)."""

from django.http import HttpRequest, HttpResponse, JsonResponse

from channels_app.api.reading import (
    LARGEST_PAGE,
    address,
    choice_filter,
    flag_filter,
    id_filter,
    only_filters,
    page_answer,
    page_filter,
    text_filter,
)
from channels_app.api.shapes import stream_shape
from channels_app.api.values import id_list, wrong
from channels_app.finding.stream_pages import (
    STREAM_ORDERS,
    StreamList,
    stream_group_counts,
    stream_page,
    streams_by_id,
)
from tasks_app.views.api.answers import body_of, only_known


def _list(request: HttpRequest) -> HttpResponse:
    """``?page&page_size&search&channel_group_name&m3u_account&sort``; ``bypass_cache`` is taken: nothing here is cached."""
    only_filters(request, "page", "page_size", "search", "channel_group_name", "m3u_account", "sort", "bypass_cache")
    flag_filter(request, "bypass_cache")
    page, size = page_filter(request)
    wanted = StreamList(
        text=text_filter(request, "search"),
        accounts=id_filter(request, "m3u_account"),
        group=text_filter(request, "channel_group_name"),
        sort=choice_filter(request, "sort", STREAM_ORDERS),
        page=page,
        size=size,
    )
    streams, total = stream_page(wanted)
    return page_answer(request, [stream_shape(stream) for stream in streams], total, page, size)


def _by_ids(request: HttpRequest) -> HttpResponse:
    """``{"ids": […]}`` or ``{"stream_ids": […]}``: in the order of the ids; those that are gone are named."""
    sent = body_of(request)
    only_known(sent, {"ids", "stream_ids"})
    if len(sent) != 1:
        raise wrong("ids", "Send the ids of the streams, as ids or as stream_ids.")
    ids = id_list(sent, next(iter(sent)), most=LARGEST_PAGE)
    streams = streams_by_id(ids)
    found = {stream.pk for stream in streams}
    missing = [pk for pk in dict.fromkeys(ids) if pk not in found]
    return JsonResponse({"results": [stream_shape(stream) for stream in streams], "not_found": missing})


def _groups(request: HttpRequest) -> HttpResponse:
    """``?m3u_account&search``: counts are those of the accounts and matches asked for; empty groups are left out."""
    only_filters(request, "m3u_account", "search", "bypass_cache")
    flag_filter(request, "bypass_cache")
    rows = stream_group_counts(id_filter(request, "m3u_account"), text_filter(request, "search"))
    return JsonResponse([{"name": row.name, "count": row.count, "m3u_accounts": row.account_ids} for row in rows], safe=False)


collection = address(GET=_list)
by_ids = address(POST=_by_ids)
groups = address(GET=_groups)
