"""Stream profiles (10 §17): list and dialogs."""

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from channels_app.errors import EditRefused
from channels_app.forms import refuse_in
from channels_app.models import Channel, StreamProfile
from channels_app.outcomes import Outcome
from channels_app.profiles.queries import stream_profile_rows
from channels_app.profiles.stream_profiles import create_stream_profile, delete_stream_profile, update_stream_profile
from channels_app.views.answers import dialog, tell
from ecm_site.htmx import done, render_page
from ecm_site.wording import shortened

_PLAIN = {"autocomplete": "off", "spellcheck": "false"}


class StreamProfileForm(forms.Form):
    """What is allowed is decided by the use cases, whose sentences come back."""

    name = forms.CharField(
        label="Name", required=False, widget=forms.TextInput(attrs={**_PLAIN, "autofocus": True, "required": True})
    )
    command = forms.CharField(
        label="Command", required=False, widget=forms.TextInput(attrs={**_PLAIN, "placeholder": "ffmpeg"})
    )
    parameters = forms.CharField(
        label="Parameters",
        required=False,
        widget=forms.Textarea(attrs={**_PLAIN, "rows": 4, "class": "font-monospace"}),
        help_text="Line breaks become spaces.",
    )
    is_active = forms.BooleanField(
        label="Active", required=False, help_text="Only active profiles are offered in the dialog of a channel."
    )


@never_cache
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """All stream profiles: name, active, locked, used by."""
    context = {"rows": stream_profile_rows()}
    return render_page(
        request, "channels_app/profiles/stream_profiles.html", "channels_app/profiles/_stream_profiles.html", context
    )


@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """A new one."""
    action = reverse("profiles:add_stream_profile")
    if request.method == "GET":
        return _form(request, StreamProfileForm(initial={"is_active": True}), "New stream profile", action)
    form = StreamProfileForm(request.POST)
    form.is_valid()
    try:
        _, outcome = create_stream_profile(form.cleaned_data)
    except EditRefused as error:
        refuse_in(form, error)
        return _form(request, form, "New stream profile", action, status=422)
    return _answered(request, outcome)


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Change one; a locked one is only shown."""
    profile = _profile(profile_id)
    action = reverse("profiles:edit_stream_profile", args=[profile_id])
    if request.method == "GET":
        values = {name: getattr(profile, name) for name in ("name", "command", "parameters", "is_active")}
        return _form(request, StreamProfileForm(initial=values), profile.name, action, locked=profile.locked)
    form = StreamProfileForm(request.POST)
    form.is_valid()
    try:
        outcome = update_stream_profile(profile_id, form.cleaned_data)
    except EditRefused as error:
        refuse_in(form, error)
        return _form(request, form, profile.name, action, status=422, locked=profile.locked)
    return _answered(request, outcome)


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Ask, then delete; its channels go back to the default."""
    problem = ""
    if request.method == "POST":
        try:
            return _answered(request, delete_stream_profile(profile_id))
        except EditRefused as error:
            problem = str(error)
    profile = _profile(profile_id)
    context = {
        "profile": profile,
        "count": Channel.objects.filter(stream_profile=profile).count(),
        "problem": problem,
        "is_stream_profile": True,
        "action": reverse("profiles:delete_stream_profile", args=[profile_id]),
        "back": reverse("profiles:stream_profiles"),
    }
    title = f"Delete {shortened(profile.name)}"
    return dialog(request, "channels_app/profiles/_delete.html", title, context, 422 if problem else 200)


def _form(
    request: HttpRequest, form: StreamProfileForm, title: str, action: str, *, status: int = 200, locked: bool = False
) -> HttpResponse:
    if locked:
        for field in form.fields.values():
            field.disabled = True
    context = {"form": form, "action": action, "locked": locked, "back": reverse("profiles:stream_profiles")}
    return dialog(request, "channels_app/profiles/_stream_profile_form.html", title, context, status)


def _answered(request: HttpRequest, outcome: Outcome) -> HttpResponse:
    tell(request, outcome)
    return done(request, reverse("profiles:stream_profiles"), "profiles:changed")


def _profile(profile_id: int) -> StreamProfile:
    profile = StreamProfile.objects.filter(pk=profile_id).first()
    if profile is None:
        raise Http404
    return profile
