"""The dialogs that create and edit one channel (10 §7.1, §7.2), and editing in place."""

import json

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from channels_app.channel_fields import clean_fields
from channels_app.channel_from_stream import usable_logo
from channels_app.channel_queries import channel_streams
from channels_app.commands import CreateGroup, UpdateChannel
from channels_app.edit_channels import update_channel
from channels_app.edit_groups import create_group
from channels_app.errors import EditRefused
from channels_app.forms import CHANNEL_FORM_NAMES, ChannelForm, NewChannelForm, refuse_in, shown_values
from channels_app.groups.hidden import groups_in_sight
from channels_app.models import Channel, ChannelGroup, StreamProfile
from channels_app.naming import enrich
from channels_app.numbering import format_number
from channels_app.views.answers import dialog, edited
from channels_app.views.pins import pinned_fields
from epg_app.models import GuideEntry, GuideSource
from tasks_app.journal import new_batch_id


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Everything about one channel in one dialog; only what differs is stored."""
    channel = Channel.objects.select_related("group").filter(pk=channel_id).first()
    if channel is None:
        raise Http404
    if request.method == "GET":
        return edit_form(request, channel, ChannelForm.for_channel(channel))
    form = ChannelForm(request.POST)
    if not form.is_valid():  # every field may be empty: only what no text can hold gets here
        return edit_form(request, channel, form, status=422)
    batch_id = new_batch_id()
    try:
        base = _base(request)
        changes = form.changes(base)
        if changes.get("logo_url") == channel.logo_url:
            changes.pop("logo_url")  # what a provider wrote may stay, even if nobody could type it
        clean_fields(changes)  # before a group is made for them
        group, made = channel.group, False
        if form.differs("group", base):
            group, made = group_of(form, batch_id)
            changes["group_id"] = group.pk if group else None
        outcome = update_channel(UpdateChannel(channel.pk, changes), batch_id=batch_id)
    except EditRefused as error:
        refuse_in(form, error, CHANNEL_FORM_NAMES)
        return edit_form(request, channel, form, status=422)
    touched = None if made else {channel.group_id, group.pk if group else None}
    return edited(request, outcome, groups=touched)


@require_POST
def rename(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Inline: a new name. An empty one is refused here; the page does not even send it (10 §7.2)."""
    return _in_place(request, UpdateChannel(channel_id, {"name": request.POST.get("value", "")}), "name")


@require_POST
def renumber(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Inline: a new number; empty clears it."""
    return _in_place(request, UpdateChannel(channel_id, {"number": request.POST.get("value", "")}), "number")


@require_POST
def hide(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Hide a channel from the published lineup, or show it again."""
    return _in_place(request, UpdateChannel(channel_id, {"is_hidden": request.POST.get("value") == "1"}), "is_hidden")


def _in_place(request: HttpRequest, command: UpdateChannel, field: str) -> HttpResponse:
    try:
        outcome = update_channel(command)
    except EditRefused as error:
        sentence = error.problems.get(field) or str(error)
        return HttpResponse(sentence, status=422, content_type="text/plain; charset=utf-8")
    group_id = Channel.objects.filter(pk=command.channel_id).values_list("group_id", flat=True).first()
    if field == "number":
        return edited(request, outcome, groups=[group_id])
    return edited(request, outcome, channels=[command.channel_id])


def group_of(form: ChannelForm | NewChannelForm, batch_id: str) -> tuple[ChannelGroup | None, bool]:
    """The group that was typed, and whether it was made just now."""
    name = form.cleaned_data.get("group", "").strip()
    if not name:
        return None, False
    try:
        group, outcome = create_group(CreateGroup(name), batch_id=batch_id)
    except EditRefused as error:
        raise EditRefused({"group": str(error)}) from None
    return group, outcome.changed


def edit_form(request: HttpRequest, channel: Channel, form: ChannelForm, status: int = 200, *, told: str = "") -> HttpResponse:
    """The edit dialog with what ``form`` holds. ``told``: what looking up the Gracenote id found."""
    streams = [link.stream for link in channel_streams([channel.pk])[channel.pk]]
    entry = _chosen_entry(form)
    form.fields["stream_profile"].widget.choices = _stream_profiles(channel)
    context = {
        "channel": channel,
        "base": json.dumps(_base(request) or shown_values(channel)),
        "looked_up_for": channel.pk,
        "told": told,
        "form": form,
        "group_names": group_names(),
        "streams": streams,
        "stream_logo": next((logo for stream in streams if (logo := usable_logo(stream.logo_url))), ""),
        "guide_logo": usable_logo(entry.icon_url) if entry else "",
        "guide_entry": entry,
        "guide_find": enrich(channel.name).normalized_name[:60],
        "guide_sources": list(
            GuideSource.objects.filter(is_active=True).order_by("-priority", "name").values_list("pk", "name")
        ),
        "action": reverse("channels:edit", args=[channel.pk]),
        "number": format_number(channel.number),
        "pinned": pinned_fields(channel),
    }
    return dialog(request, "channels_app/_edit_channel_form.html", channel.name, context, status)


def _base(request: HttpRequest) -> dict[str, object]:
    """What the dialog showed at first, as it carries it along; empty when it does not."""
    try:
        base = json.loads(request.POST.get("base", ""))
    except (ValueError, RecursionError):
        return {}
    return base if isinstance(base, dict) else {}


def _stream_profiles(channel: Channel) -> list[tuple[str, str]]:
    """Active stream profiles, and the channel's own even if it is switched off."""
    profiles = StreamProfile.objects.filter(Q(is_active=True) | Q(pk=channel.stream_profile_id)).order_by("name")
    named = [(str(one.pk), one.name if one.is_active else f"{one.name} (switched off)") for one in profiles]
    return [("", "Default (no profile)"), *named]


def _chosen_entry(form: ChannelForm) -> GuideEntry | None:
    """The entry that the form holds, also after an error."""
    value = str(form["guide_entry"].value() or "")
    if not (value.isascii() and value.isdigit() and len(value) < 19):
        return None
    entries = GuideEntry.objects.select_related("source").only("name", "tvg_id", "icon_url", "source__name")
    return entries.filter(pk=int(value)).first()


def group_names() -> list[str]:
    return list(groups_in_sight().order_by("name").values_list("name", flat=True)[:2000])
