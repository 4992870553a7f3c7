"""The dialog that makes a channel by hand (10 §7.1): bulk creation without streams."""

from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from channels_app.channel_fields import clean_number
from channels_app.commands import CreateChannel
from channels_app.edit_channels import create_channel, next_number_in_group
from channels_app.errors import EditRefused
from channels_app.forms import CHANNEL_FORM_NAMES, NewChannelForm, refuse_in
from channels_app.forms_bulk import profile_choices
from channels_app.models import ChannelGroup, ChannelProfile
from channels_app.naming import compose_name, without_leading_number
from channels_app.naming.normalizing import normalize
from channels_app.normalize_rules import current_rules
from channels_app.numbering import format_number
from channels_app.profiles.set_memberships import default_profile_ids
from channels_app.views.answers import dialog, edited
from channels_app.views.channel_forms import group_names, group_of
from channels_app.views.posted import id_in, ids_in
from ecm_site.conf import get_settings
from tasks_app.journal import new_batch_id


@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """Create a channel by hand; ``?group=`` presets the group, and with it the next free number."""
    if request.method == "GET":
        group = ChannelGroup.objects.filter(pk=id_in(request.GET, "group") or 0).first()
        settings = get_settings()
        form = NewChannelForm(
            initial={
                "group": group.name if group else "",
                "number": format_number(next_number_in_group(group.pk if group else None)),
                "number_in_name": settings.include_channel_number_in_name,
                "normalize": settings.normalize_on_channel_create,
            }
        )
        return _dialog(request, form, default_profile_ids())
    form = NewChannelForm(request.POST)
    form.is_valid()
    profile_ids = ids_in(request.POST, "profiles")
    batch_id = new_batch_id()
    try:
        number = _number_of(form)
        name = _name_of(form, number)
        _refuse_lost_profiles(profile_ids)
        group, made = group_of(form, batch_id)
        fields = {"name": name, "number": number, "group_id": group.pk if group else None}
        outcome = create_channel(CreateChannel(fields, profile_ids=profile_ids or None), batch_id=batch_id)
    except EditRefused as error:
        refuse_in(form, error, CHANNEL_FORM_NAMES)
        return _dialog(request, form, profile_ids, status=422)
    return edited(request, outcome, groups=None if made else [group.pk if group else None], reveal=outcome.channel_ids[0])


def _number_of(form: NewChannelForm) -> Decimal | None:
    try:
        return clean_number(form.cleaned_data.get("number", ""))
    except ValueError as error:
        raise EditRefused({"number": str(error)}) from None


def _name_of(form: NewChannelForm, number: Decimal | None) -> str:
    """The name as it will stand. What cannot be normalized stays as it was typed, and creation goes on (10 §7.1)."""
    name = str(form.cleaned_data.get("name", "")).strip()
    if not name:
        raise EditRefused({"name": "Give the channel a name."})
    if form.cleaned_data.get("normalize"):
        name = normalize(name, current_rules())
    if not form.cleaned_data.get("number_in_name") or number is None:
        return name
    separator = get_settings().channel_number_separator
    return compose_name(without_leading_number(name), number=format_number(number), number_separator=separator)


def _refuse_lost_profiles(profile_ids: tuple[int, ...]) -> None:
    if profile_ids and ChannelProfile.objects.filter(pk__in=profile_ids).count() < len(profile_ids):
        raise EditRefused("One of these profiles no longer exists. Open this dialog again.")


def _dialog(request: HttpRequest, form: NewChannelForm, ticked: tuple[int, ...] | list[int], status: int = 200) -> HttpResponse:
    defaults = default_profile_ids()
    names = ChannelProfile.objects.filter(pk__in=defaults).order_by("name").values_list("name", flat=True)
    context = {
        "form": form,
        "group_names": group_names(),
        "profiles": [(value, name, int(value) in ticked) for value, name in profile_choices()],
        "default_profiles": ", ".join(names),
        "action": reverse("channels:create"),
    }
    return dialog(request, "channels_app/_new_channel_form.html", "New channel", context, status)
