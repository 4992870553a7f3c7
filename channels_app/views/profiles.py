"""Channel profiles (10 §17): the list, and which channels each one has."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from channels_app.drafts.staging import live
from channels_app.errors import EditRefused
from channels_app.models import ChannelProfile, ProfileMembership
from channels_app.outcomes import Outcome
from channels_app.profiles.default_profiles import set_default
from channels_app.profiles.edit_profiles import create_profile, delete_profile, rename_profile
from channels_app.profiles.queries import (
    MemberFilter,
    enabled_counts,
    member_view,
    profile_rows,
    section_rows,
    shown_ids,
)
from channels_app.profiles.set_memberships import set_memberships
from channels_app.publishing.overview import shown_base
from channels_app.publishing.player_addresses import profile_addresses
from channels_app.targets import read_target
from channels_app.views.answers import dialog, edited, refusals_told, tell
from channels_app.views.posted import id_in, ids_in, parameters
from ecm_site.htmx import done, render_page, wants_partial
from ecm_site.wording import counted, shortened

CHANGED = ("profiles:changed", "lineup:changed")
_MOST_KEPT = 5000  # ids; beyond that hiding disabled channels hides newly enabled ones too until they are saved


@never_cache
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """All profiles, with search, counts and where players find each."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    context = {"rows": profile_rows(text), "text": text}
    return render_page(request, "channels_app/profiles/overview.html", "channels_app/profiles/_list.html", context)


@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """A new profile."""
    problem, name = "", request.POST.get("name", "")
    if request.method == "POST":
        try:
            _, outcome = create_profile(name)
            return _answered(request, outcome)
        except EditRefused as error:
            problem = str(error)
    return _name_form(request, "New channel profile", reverse("profiles:add"), name, problem)


@require_http_methods(["GET", "POST"])
def rename(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Another name: in place on the page, on a page of its own without scripts."""
    profile = _profile(profile_id)
    problem, name = "", request.POST.get("name", profile.name)
    if request.method == "POST":
        try:
            return _answered(request, rename_profile(profile_id, name))
        except EditRefused as error:
            problem = str(error)
    if wants_partial(request):
        context = {"profile": profile, "name": name, "problem": problem}
        return render(request, "channels_app/profiles/_rename.html", context, status=422 if problem else 200)
    title = f"Rename {shortened(profile.name)}"
    return _name_form(request, title, reverse("profiles:rename", args=[profile_id]), name, problem)


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Ask, then delete."""
    if request.method == "POST":
        return _answered(request, delete_profile(profile_id))
    profile = _profile(profile_id)
    context = {
        "profile": profile,
        "count": ProfileMembership.objects.filter(profile=profile).count(),
        "action": reverse("profiles:delete", args=[profile_id]),
        "back": reverse("profiles:overview"),
    }
    return dialog(request, "channels_app/profiles/_delete.html", f"Delete {shortened(profile.name)}", context)


@require_POST
def default(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Whether new channels join a profile. Settings are never staged."""
    profile = _profile(profile_id)
    joins = request.POST.get("joins") == "1"
    with live():
        entry_id = set_default(profile, joins=joins)
    verb = "join" if joins else "no longer join"
    undo = f"undo:{entry_id}" if entry_id else ""
    messages.success(request, f"New channels {verb} the profile “{shortened(profile.name)}”.", extra_tags=undo)
    return done(request, reverse("profiles:overview"), "profiles:changed")


@never_cache
@require_http_methods(["GET", "POST"])
def members(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Which channels a profile has: sections that open when asked for. POST stores switches as one operation."""
    profile = _profile(profile_id)
    values = parameters(request)
    wanted = _filter(values)
    if request.method == "POST" and values.get("save") == "1":
        return _save(request, profile, wanted)
    view = member_view(profile_id, wanted)
    opened = id_in(values, "open") if "open" in values else -1
    for section in view.sections:
        if section.pk == (opened or 0) and section.rows is None:
            part = section_rows(profile_id, section.pk, wanted, offset=_whole(values.get("offset", "")))
            section.rows, section.next_offset = part.rows, part.next_offset
    context = {"profile": profile, "view": view, "wanted": wanted, "opened": opened}
    return render_page(request, "channels_app/profiles/members.html", "channels_app/profiles/_members.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def rows(request: HttpRequest, profile_id: int) -> HttpResponse:
    """A page of one section. Asked for by POST when many ids are to stay in sight."""
    values = parameters(request)
    group_id = id_in(values, "group") or 0
    section = section_rows(profile_id, group_id, _filter(values), offset=_whole(values.get("offset", "")))
    context = {"profile": _profile(profile_id), "section": section, "wanted": _filter(values)}
    return render(request, "channels_app/profiles/_rows.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def ids(request: HttpRequest, profile_id: int) -> HttpResponse:
    """What is shown, for "enable visible" and the switch of a section: channel, group, enabled."""
    values = parameters(request)
    group_id = (id_in(values, "group") or 0) if "group" in values else None
    found = shown_ids(_profile(profile_id).pk, _filter(values), group_id)
    return JsonResponse({"channels": [[pk, group, int(on)] for pk, group, on in found]})


@require_http_methods(["GET", "POST"])
@refusals_told
def selection(request: HttpRequest) -> HttpResponse:
    """Enable or disable a selection of channels in profiles (10 §5.3)."""
    values = parameters(request)
    target = read_target(values)
    channel_ids = target.ids()
    wanted = values.get("mode") or request.GET.get("mode")  # a long selection asks by POST, with this in the address
    mode = "disable" if wanted == "disable" else "enable"
    chosen = ids_in(values, "profile")
    problem = ""
    if request.method == "POST" and values.get("confirmed") == "1":
        if chosen:
            on, off = (chosen, ()) if mode == "enable" else ((), chosen)
            return edited(request, set_memberships(channel_ids, enable=on, disable=off), channels=())
        problem = "Tick at least one profile."
    found = profile_rows()
    counts = enabled_counts([row.profile.pk for row in found], channel_ids)
    context = {
        "target": target,
        "count": len(channel_ids),
        "mode": mode,
        "rows": [(row.profile, counts[row.profile.pk], row.profile.pk in chosen) for row in found],
        "problem": problem,
        "action": reverse("profiles:selection"),
    }
    title = f"Profiles of {counted(len(channel_ids), 'channel')}"
    return dialog(request, "channels_app/profiles/_selection.html", title, context, 422 if problem else 200)


def _save(request: HttpRequest, profile: ChannelProfile, wanted: MemberFilter) -> HttpResponse:
    values = request.POST
    enable, disable = list(ids_in(values, "enable")), list(ids_in(values, "disable"))
    shown = ids_in(values, "shown")  # without scripts: the boxes of a page, of which those that are ticked come back
    if shown:
        ticked = set(ids_in(values, "on"))
        enable += [pk for pk in shown if pk in ticked]
        disable += [pk for pk in shown if pk not in ticked]
    if values.get("visible") in ("enable", "disable"):
        visible = [pk for pk, _, _ in shown_ids(profile.pk, wanted)]
        if values.get("confirmed_count") != str(len(visible)):
            messages.warning(request, f"Now {counted(len(visible), 'channel')} match. Look again.")
            return done(request, _address(profile, wanted), "profiles:changed")
        (enable if values["visible"] == "enable" else disable).extend(visible)
    done_on = set_memberships(enable, enable=[profile.pk]) if enable else None
    batch_id = done_on.batch_id if done_on else ""
    done_off = set_memberships(disable, disable=[profile.pk], batch_id=batch_id) if disable else None
    outcome = Outcome("Nothing has changed.")
    told = [one for one in (done_on, done_off) if one is not None and one.changed]
    if told:
        outcome = Outcome(" ".join(one.message for one in told), told[0].batch_id, told[0].entry_id)
        outcome.channel_ids = [pk for one in told for pk in one.channel_ids]
    outcome.warnings = [line for one in (done_on, done_off) if one is not None for line in one.warnings]
    tell(request, outcome)
    if not wants_partial(request):
        return redirect(_address(profile, wanted, opened=values.get("open", "")))
    return done(request, _address(profile, wanted), *CHANGED)


def _answered(request: HttpRequest, outcome: Outcome) -> HttpResponse:
    tell(request, outcome)
    return done(request, reverse("profiles:overview"), *CHANGED)


def _name_form(request: HttpRequest, title: str, action: str, name: str, problem: str) -> HttpResponse:
    context = {"name": name, "problem": problem, "action": action, "back": reverse("profiles:overview")}
    return dialog(request, "channels_app/profiles/_name_form.html", title, context, 422 if problem else 200)


def _filter(values: Any) -> MemberFilter:
    return MemberFilter(
        text=values.get("q", "").replace("\x00", "").strip()[:200],
        only_enabled=values.get("only") == "enabled",
        keep=frozenset(ids_in(values, "keep")[:_MOST_KEPT]),
    )


def _address(profile: ChannelProfile, wanted: MemberFilter, opened: str = "") -> str:
    pairs = {"q": wanted.text, "only": "enabled" if wanted.only_enabled else "", "open": opened}
    query = urlencode({key: value for key, value in pairs.items() if value})
    return f"{reverse('profiles:members', args=[profile.pk])}{f'?{query}' if query else ''}"


def _profile(profile_id: int) -> ChannelProfile:
    profile = ChannelProfile.objects.filter(pk=profile_id).first()
    if profile is None:
        raise Http404
    return profile


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


@never_cache
@require_GET
def addresses(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Where players find the playlist, guide and tuner of a profile."""
    profile = _profile(profile_id)
    context = {
        "profile": profile,
        "addresses": profile_addresses(shown_base(request), profile.name),
        "back": reverse("profiles:overview"),
    }
    return dialog(request, "channels_app/profiles/_addresses.html", f"Addresses of {shortened(profile.name)}", context)
