"""The profiles of an account (20 §6): list, form with a live example of a rewritten address, delete."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from ecm_site.htmx import done, render_page
from ecm_site.typed_numbers import number_in
from m3u_app.account_profiles import default_profile
from m3u_app.account_values import AccountLocked
from m3u_app.edit_profiles import ProfileRefused, add_profile, change_profile, remove_profile
from m3u_app.models import Account, AccountProfile
from m3u_app.profile_forms import ProfileForm
from m3u_app.profile_list import preview_effect, profile_page
from m3u_app.views._answers import account_or_404, dialog
from tasks_app.mirror_pages.waits import waiting_rows

EVENTS = ("profiles:changed", "accounts:changed")


@require_safe
def profiles(request: HttpRequest, account_id: int) -> HttpResponse:
    """The list; htmx asks for it again whenever a profile changed."""
    account = account_or_404(account_id)
    page = profile_page(account)
    ids = [row.profile.pk for row in page.rows if row.profile.pk is not None]
    context = {"account": account, "page": page, "waits": waiting_rows({"account_profile": ids})}
    return render_page(request, "m3u_app/profiles.html", "m3u_app/_profiles.html", context)


def add(request: HttpRequest, account_id: int) -> HttpResponse:
    """GET shows the form, POST saves."""
    account = account_or_404(account_id)
    return _form_view(request, account, AccountProfile(account=account))


def edit(request: HttpRequest, account_id: int, profile_id: int) -> HttpResponse:
    """As :func:`add` for a stored profile."""
    account = account_or_404(account_id)
    return _form_view(request, account, _profile_or_404(account, profile_id))


def edit_default(request: HttpRequest, account_id: int) -> HttpResponse:
    """Name, notes and expiry of the profile that stands for the account itself."""
    account = account_or_404(account_id)
    return _form_view(request, account, default_profile(account))


@require_POST
def preview(request: HttpRequest, account_id: int) -> HttpResponse:
    """Show an address before and after, as patterns are typed; logins in it stay hidden."""
    account = account_or_404(account_id)
    stored = account.profiles.filter(pk=number_in(request.POST.get("profile_id")) or 0, is_default=False).first()
    form = ProfileForm(request.POST, account=account, profile=stored or AccountProfile(account=account))
    form.is_valid()
    search, replace = form.patterns()
    search = search or (stored.search_pattern if stored else "")
    replace = replace or (stored.replace_pattern if stored else "")
    effect = preview_effect(account, search, replace) if search and replace else None
    return render(request, "m3u_app/_profile_preview.html", {"effect": effect})


def delete(request: HttpRequest, account_id: int, profile_id: int) -> HttpResponse:
    """GET asks, POST deletes."""
    account = account_or_404(account_id)
    profile = _profile_or_404(account, profile_id)
    if request.method != "POST":
        context = {"account": account, "profile": profile}
        heading = f"Profiles of {account.name}"
        return dialog(request, "m3u_app/_profile_delete.html", context, title="Delete profile", heading=heading)
    try:
        name, entry_id = remove_profile(account_id, profile_id)
    except (AccountLocked, ProfileRefused) as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, f"Deleted the profile “{name}”.", extra_tags=f"undo:{entry_id}" if entry_id else "")
    return done(request, reverse("m3u:profiles", args=[account_id]), *EVENTS)


def _form_view(request: HttpRequest, account: Account, profile: AccountProfile) -> HttpResponse:
    if request.method != "POST":
        return _show(request, ProfileForm(account=account, profile=profile))
    form = ProfileForm(request.POST, account=account, profile=profile)
    if not form.is_valid():
        return _show(request, form, status=422)
    is_new = profile._state.adding and not profile.is_default
    try:
        if is_new:
            saved, entry_id = add_profile(account.pk, form.values())
        else:
            saved, entry_id = change_profile(account.pk, None if profile.is_default else profile.pk, form.values())
    except ProfileRefused as refusal:
        form.refuse(refusal)
        return _show(request, form, status=422)
    except AccountLocked as refusal:
        messages.warning(request, str(refusal))
        return done(request, reverse("m3u:profiles", args=[account.pk]), *EVENTS)
    verb = "Added" if is_new else "Saved" if entry_id else "Nothing changed in"
    messages.success(request, f"{verb} the profile “{saved.name}”.", extra_tags=f"undo:{entry_id}" if entry_id else "")
    return done(request, reverse("m3u:profiles", args=[account.pk]), *EVENTS)


def _show(request: HttpRequest, form: ProfileForm, *, status: int = 200) -> HttpResponse:
    profile, account = form.profile, form.account
    if profile.is_default:
        action = reverse("m3u:profile_default", args=[account.pk])
    elif profile._state.adding:
        action = reverse("m3u:profile_add", args=[account.pk])
    else:
        action = reverse("m3u:profile_edit", args=[account.pk, profile.pk])
    context = {"account": account, "profile": profile, "form": form, "action": action}
    heading = f"Profiles of {account.name}"
    return dialog(request, "m3u_app/_profile_form.html", context, title="Profile", heading=heading, status=status)


def _profile_or_404(account: Account, profile_id: int) -> AccountProfile:
    try:
        return account.profiles.get(pk=profile_id)
    except AccountProfile.DoesNotExist:
        raise Http404("There is no such profile.") from None
