"""Add and edit an account, in a dialog or on a page of its own; try the source before saving (20 §1.3, §1.4)."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from ecm_site.htmx import done, wants_partial
from m3u_app.account_values import AccountLocked, AccountRefused
from m3u_app.create_account import create_account
from m3u_app.edit_account import edit_account
from m3u_app.forms import AccountForm, initial_values
from m3u_app.models import Account
from m3u_app.request_refresh import refresh_after_change
from m3u_app.try_source import try_source
from m3u_app.views._answers import account_or_404, dialog, say
from m3u_app.views.feed_form import tried, typed_again

_TYPED_KEPT = ("name", "username", "max_streams", "refresh_interval", "priority", "user_agent")


def add(request: HttpRequest) -> HttpResponse:
    """GET shows the form (``type`` preselects a kind); POST saves, tries the source, or switches the kind."""
    return _form_view(request, None)


def edit(request: HttpRequest, account_id: int) -> HttpResponse:
    """As :func:`add` for a stored account; what is not typed again stays as it was."""
    account = account_or_404(account_id)
    if account.locked:
        return say(request, account_id, messages.WARNING, str(AccountLocked(account)))
    return _form_view(request, account)


def _form_view(request: HttpRequest, current: Account | None) -> HttpResponse:
    if request.method != "POST":
        return _show(request, AccountForm(current=current, account_type=request.GET.get("type", "")))
    if "switch_type" in request.POST:
        return _switch_type(request, current)
    form = AccountForm(request.POST, request.FILES, current=current)
    form.is_valid()
    if "test" in request.POST:
        show = partial(_show, request, form)
        return tried(request, form, lambda: try_source(form.values(), current), show)
    if form.errors:
        return _show(request, form, status=422)
    return _save(request, form, current)


def _save(request: HttpRequest, form: AccountForm, current: Account | None) -> HttpResponse:
    try:
        text = _created(create_account(form.values())) if current is None else _edited(current.pk, form)
    except AccountRefused as refusal:
        form.refuse(refusal)
        return _show(request, form, status=422)
    messages.success(request, text)
    return done(request, reverse("m3u:accounts"), "accounts:changed")


def _created(account: Account) -> str:
    if account.is_active and refresh_after_change(account.pk):
        return f"Added “{account.name}”. Its first refresh has been started."
    return f"Added “{account.name}”. Switch it on to import its streams."


def _edited(account_id: int, form: AccountForm) -> str:
    edited = edit_account(account_id, form.values())
    if not edited.changed:
        return f"“{edited.account.name}” stays as it was."
    text = f"Saved “{edited.account.name}”."
    if edited.source_changed and form.cleaned_data["refresh_now"] and refresh_after_change(account_id):
        text += " A refresh has been started."
    return text


def _switch_type(request: HttpRequest, current: Account | None) -> HttpResponse:
    """Show the fields of another kind."""
    initial = typed_again(request, initial_values(current), _TYPED_KEPT, AccountForm.url_box)
    form = AccountForm(current=current, account_type=request.POST["switch_type"], initial=initial)
    if wants_partial(request):
        return render(request, "m3u_app/_connection_fields.html", {"form": form})
    return _show(request, form)


def _show(request: HttpRequest, form: AccountForm, tested: dict[str, Any] | None = None, *, status: int = 200) -> HttpResponse:
    current = form.current
    context = {
        "form": form,
        "account": current,
        "action": reverse("m3u:edit", args=[current.pk]) if current else reverse("m3u:add"),
        "tested": tested,
    }
    title = "Edit account" if current else "Add account"
    return dialog(request, "m3u_app/_account_form.html", context, title=title, status=status)
