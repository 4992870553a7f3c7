"""The library of logos for programs (10 §16, §21.2)."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from channels_app.api.reading import address, only_filters
from channels_app.errors import EditRefused, NotThere
from channels_app.logos.edit_logos import add_logo, delete_logos, edit_logo, upload_logo
from channels_app.logos.library import SORTS, LogoFilter, logo_page, usage
from channels_app.logos.pictures import LARGEST_FILE
from channels_app.logos.thumbnails import shown_address
from channels_app.models import Logo
from tasks_app.api_shapes import moment
from tasks_app.views.api.answers import Refused, body_of, only_known, whole

LARGEST_PAGE = 1000


def _list(request: HttpRequest) -> HttpResponse:
    """``?page&page_size&search&sort&used=true|false``."""
    only_filters(request, "page", "page_size", "search", "sort", "used")
    sort = request.GET.get("sort", "name")
    if sort not in SORTS:
        raise Refused(422, f"sort must be one of {', '.join(SORTS)}.")
    used = request.GET.get("used", "")
    if used not in ("", "false"):
        raise Refused(422, "used may only be false: the logos that no channel shows.")
    wanted = LogoFilter(
        text=request.GET.get("search", "").replace("\x00", "").strip()[:200],
        only="unused" if used == "false" else "",
        sort=sort,
        size=whole(request, "page_size", 100, 1, LARGEST_PAGE),
        page=whole(request, "page", 1, 1, 1_000_000),
    )
    page = logo_page(wanted)
    return JsonResponse(
        {
            "results": [_shape(row.logo, row.used) for row in page.rows],
            "count": page.total,
            "page": page.page,
            "page_size": page.size,
            "total_pages": page.pages,
        }
    )


def _create(request: HttpRequest) -> HttpResponse:
    """Add by address; one that is known is returned with 200 (25.7 #109)."""
    sent = body_of(request)
    only_known(sent, {"name", "url"})
    try:
        logo, outcome = add_logo(sent.get("name"), sent.get("url"))
    except EditRefused as error:
        raise _unusable(error) from None
    return JsonResponse(_with_use(logo), status=201 if outcome.changed else 200)


def _upload(request: HttpRequest) -> HttpResponse:
    """Multipart: ``file``, and ``name`` if it shall not be the file's. Anything but a picture is 400."""
    file = request.FILES.get("file")
    if file is None:
        raise Refused(422, "Send the picture as file.", errors={"file": ["Send the picture as file."]})
    try:
        logo, outcome = upload_logo(file.read(LARGEST_FILE + 1), file.name or "", name=request.POST.get("name", ""))
    except EditRefused as error:
        if "file" in error.problems:
            raise Refused(400, str(error), errors={"file": [str(error)]}) from None
        raise _unusable(error) from None
    return JsonResponse(_with_use(logo), status=201 if outcome.changed else 200)


def _show(_request: HttpRequest, logo_id: int) -> HttpResponse:
    return JsonResponse(_with_use(_logo(logo_id)))


def _change(request: HttpRequest, logo_id: int) -> HttpResponse:
    sent = body_of(request)
    only_known(sent, {"name", "url"})
    logo = _logo(logo_id)
    try:
        edit_logo(logo_id, sent.get("name", logo.name), sent.get("url", logo.url))
    except NotThere as error:
        raise Refused(404, str(error)) from None
    except EditRefused as error:
        raise _unusable(error) from None
    return JsonResponse(_with_use(_logo(logo_id)))


def _delete(_request: HttpRequest, logo_id: int) -> HttpResponse:
    """Channels that show it lose their logo."""
    _logo(logo_id)
    outcome = delete_logos([logo_id])
    return JsonResponse({"status": "deleted", "channels": len(outcome.channel_ids), "batch_id": outcome.batch_id})


def _with_use(logo: Logo) -> dict[str, Any]:
    return _shape(logo, usage([logo.url]).get(logo.url, 0))


def _shape(logo: Logo, used: int) -> dict[str, Any]:
    return {
        "id": logo.pk,
        "name": logo.name,
        "url": logo.url,
        "cache_url": shown_address(logo.url),
        "channel_count": used,
        "is_used": used > 0,
        "problem": logo.problem,
        "checked_at": moment(logo.checked_at),
        "created_at": moment(logo.created_at),
    }


def _logo(logo_id: int) -> Logo:
    logo = Logo.objects.filter(pk=logo_id).first()
    if logo is None:
        raise Refused(404, "There is no such logo.")
    return logo


def _unusable(error: EditRefused) -> Refused:
    return Refused(422, str(error), errors={name: [sentence] for name, sentence in error.problems.items()})


collection = address(GET=_list, POST=_create)
single = address(GET=_show, PATCH=_change, DELETE=_delete)
upload = address(POST=_upload)
