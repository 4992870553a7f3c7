"""Logos for many channels (10 §16): taken from streams or guide, mended where broken; and the picker of the edit dialog."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from channels_app.errors import EditRefused
from channels_app.forms import refuse_in
from channels_app.logos.assign_logos import SOURCES, LogoSource, Repair, assign_logos, found_logos, offer, repair_logos
from channels_app.logos.edit_logos import add_logo, name_from_address, upload_logo
from channels_app.logos.forms import RepairForm
from channels_app.logos.library import LogoFilter, channels_using, logo_page, usage
from channels_app.logos.pictures import LARGEST_FILE
from channels_app.models import Channel, Logo
from channels_app.targets import read_target
from channels_app.views.answers import dialog, edited, refusals_told
from channels_app.views.logos import answered
from channels_app.views.posted import ids_in, parameters
from ecm_site.wording import counted, shortened

_PICKED_PER_PAGE = 48
_LISTED = 50


@require_http_methods(["GET", "POST"])
@refusals_told
def assign(request: HttpRequest) -> HttpResponse:
    """Set the logos of a selection from their streams or guide entries: shows what would happen, then does it."""
    values = parameters(request)
    target = read_target(values)
    wanted = values.get("from") or request.GET.get("from")  # a long selection asks by POST, with this in the address
    source = cast(LogoSource, wanted if wanted in SOURCES else "stream")
    only_missing = values.get("only_missing") == "on"
    ids = target.ids()
    if request.method == "POST" and values.get("confirmed") == "1":
        return edited(request, assign_logos(ids, source, only_missing=only_missing))
    context = {
        "target": target,
        "source": source,
        "only_missing": only_missing,
        "offer": offer(ids, source, only_missing=only_missing),
        "count": len(ids),
        "action": reverse("channel_logos:assign"),
    }
    name = "M3U" if source == "stream" else "guide"
    return dialog(request, "channels_app/logos/_assign.html", f"Set logo from {name}", context)


@require_http_methods(["GET", "POST"])
def repair(request: HttpRequest) -> HttpResponse:
    """Give the channels of broken logos another picture, or none."""
    values = parameters(request)
    ids = ids_in(values, "logo")
    logos = list(Logo.objects.filter(pk__in=ids).order_by("name", "pk"))
    data = values if "how" in values else None
    form = RepairForm(data, initial={"how": "either", "delete": True})
    if len(logos) != 1:
        form.fields["how"].choices = [one for one in form.fields["how"].choices if one[0] != "url"]  # type: ignore[attr-defined]
    if request.method == "POST" and values.get("confirmed") == "1" and form.is_valid():
        try:
            outcome = repair_logos(
                [logo.pk for logo in logos],
                cast(Repair, form.cleaned_data["how"]),
                address=form.cleaned_data["url"],
                delete=form.cleaned_data["delete"],
            )
        except EditRefused as error:
            refuse_in(form, error)
        else:
            return answered(request, outcome)
    return _repair_form(request, form, logos)


@require_GET
def picker(request: HttpRequest) -> HttpResponse:
    """Logos to choose from, in the edit dialog."""
    return _picker(request, request.GET.get("logo_find", ""), request.GET.get("logo_page", ""))


@require_POST
def picker_add(request: HttpRequest) -> HttpResponse:
    """Add a picture from within the edit dialog, by address or as a file; it is chosen at once."""
    file = request.FILES.get("new_logo_file")
    address = request.POST.get("new_logo_url", "").strip()
    try:
        if file is not None:
            logo, _ = upload_logo(file.read(LARGEST_FILE + 1), file.name or "")
        else:
            name = request.POST.get("new_logo_name", "").strip() or name_from_address(address)
            logo, _ = add_logo(name, address)
    except EditRefused as error:
        return _picker(request, "", "", problem=" ".join(error.problems.values()), status=422)
    return _picker(request, logo.name[:200], "", chosen=logo)


def _picker(
    request: HttpRequest, find: str, page: str, *, chosen: Logo | None = None, problem: str = "", status: int = 200
) -> HttpResponse:
    text = find.replace("\x00", "").strip()[:200]
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 9 else 1
    context = {
        "page": logo_page(LogoFilter(text=text, size=_PICKED_PER_PAGE, page=number)),
        "find": text,
        "chosen": chosen,
        "problem": problem,
    }
    return render(request, "channels_app/logos/_picker.html", context, status=status)


def _repair_form(request: HttpRequest, form: RepairForm, logos: list[Logo]) -> HttpResponse:
    addresses = [logo.url for logo in logos]
    ids = list(Channel.objects.filter(logo_url__in=addresses).values_list("pk", flat=True))
    broken = set(Logo.objects.exclude(problem="").values_list("url", flat=True)) | set(addresses)
    guide, stream = found_logos(ids, "guide", without=broken), found_logos(ids, "stream", without=broken)
    used = usage(addresses)
    channels = channels_using(addresses, limit=10)
    context: dict[str, Any] = {
        "form": form,
        "logos": [(logo, used.get(logo.url, 0)) for logo in logos[:_LISTED]],
        "ids": ",".join(str(logo.pk) for logo in logos),
        "more_logos": max(0, len(logos) - _LISTED),
        "channels": channels,
        "more": max(0, len(ids) - len(channels)),
        "count": len(ids),
        "guide": len(guide),
        "stream": len(stream),
        "either": len(guide.keys() | stream.keys()),
        "action": reverse("logos:repair"),
        "back": reverse("logos:library"),
        "nothing": not logos,
    }
    title = f"Replace {shortened(logos[0].name)}" if len(logos) == 1 else f"Replace {counted(len(logos), 'logo')}"
    status = 422 if form.is_bound and form.errors and request.method == "POST" else 200
    return dialog(request, "channels_app/logos/_repair.html", title, context, status)
