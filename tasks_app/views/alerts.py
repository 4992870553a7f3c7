"""Settings → Notification Settings (50 §4.5): mail server, recipients, default Discord and Telegram, digest, methods."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from ecm_site.conf import get_settings
from ecm_site.htmx import wants_partial
from ecm_site.settings_form import SettingsForm
from ecm_site.wording import counted
from tasks_app.alerts.channel import InvalidMethod
from tasks_app.alerts.mail_server import configured_server
from tasks_app.alerts.method_values import stored_values
from tasks_app.alerts.queries import method_lines, recipient_list
from tasks_app.alerts.save_recipients import save_recipients
from tasks_app.alerts.settings_forms import SECTION, DigestForm, DiscordForm, MailServerForm, RecipientsForm, TelegramForm
from tasks_app.alerts.try_method import TestReport, try_mail_server, try_values
from tasks_app.change_settings import change_settings


@dataclass(frozen=True)
class Card:
    """One form of the page: the name in the context, its template, its form."""

    key: str
    template: str
    form: type[SettingsForm]


MAIL = Card("mail_form", "tasks_app/_alert_mail_server.html", MailServerForm)
DISCORD = Card("discord_form", "tasks_app/_alert_discord.html", DiscordForm)
TELEGRAM = Card("telegram_form", "tasks_app/_alert_telegram.html", TelegramForm)
DIGEST = Card("digest_form", "tasks_app/_alert_digest.html", DigestForm)


@never_cache
@require_safe
def settings(request: HttpRequest) -> HttpResponse:
    return render(request, "tasks_app/alert_settings.html", page_context())


@require_POST
def mail_server(request: HttpRequest) -> HttpResponse:
    """Save, or with the button ``test`` send a message through the values that were typed."""

    def try_it(form: Any) -> TestReport:
        recipient = form.cleaned_data["recipient"]
        if not recipient:
            form.add_error("recipient", "Enter the address that the test goes to.")
            return TestReport(success=False, message="Enter the address that the test goes to.")
        return try_mail_server(form.server(), recipient)

    return _save_or_test(request, MAIL, try_it)


@require_POST
def discord(request: HttpRequest) -> HttpResponse:
    return _save_or_test(
        request, DISCORD, lambda form: try_values("discord", {"webhook_url": form.cleaned_data["discord_webhook_url"]})
    )


@require_POST
def telegram(request: HttpRequest) -> HttpResponse:
    def try_it(form: Any) -> TestReport:
        values = form.cleaned_data
        return try_values("telegram", {"bot_token": values["telegram_bot_token"], "chat_id": values["telegram_chat_id"]})

    return _save_or_test(request, TELEGRAM, try_it)


@require_POST
def digest(request: HttpRequest) -> HttpResponse:
    return _save_or_test(request, DIGEST, None)


@require_POST
def recipients(request: HttpRequest) -> HttpResponse:
    """Save the list of people who get alerts by mail; an empty one removes it."""
    _only_administrators(request)
    form = RecipientsForm(request.POST)
    context: dict[str, Any] = {}
    if form.is_valid():
        try:
            saved = save_recipients(form.cleaned_data["to_emails"])
        except InvalidMethod as error:
            form.add_error("to_emails", str(error))
        else:
            messages.success(request, "Recipients saved." if saved.addresses else "There are no recipients any more.")
            if saved.duplicates:
                messages.info(request, f"{counted(saved.duplicates, 'duplicate')} removed.")
            if not wants_partial(request):
                return redirect("alerts:settings")
            context = {"saved_at": timezone.now(), "changed": True}
    status = 422 if form.errors else 200
    if form.errors:
        context["recipients_form"] = form
    return _card(request, "tasks_app/_alert_recipients.html", context, status)


def page_context() -> dict[str, Any]:
    """Everything that the page shows."""
    current = get_settings()
    listed = recipient_list()
    server = configured_server()
    addresses = stored_values(listed).get("to_emails", []) if listed is not None else []
    return {
        **{card.key: card.form(current=current) for card in (MAIL, DISCORD, TELEGRAM, DIGEST)},
        "recipients_form": RecipientsForm(initial={"to_emails": ", ".join(addresses)}),
        "recipient_count": len(addresses),
        "recipients_on": listed is not None and listed.enabled,
        "mail_is_configured": server.is_configured,
        "discord_is_configured": bool(current.discord_webhook_url),
        "telegram_is_configured": bool(current.telegram_bot_token and current.telegram_chat_id),
        "lines": method_lines(timezone.now()),
    }


def _save_or_test(request: HttpRequest, card: Card, try_it: Callable[[Any], TestReport] | None) -> HttpResponse:
    _only_administrators(request)
    form = card.form(request.POST, current=get_settings())
    context: dict[str, Any] = {card.key: form}
    if not form.is_valid():
        return _card(request, card.template, context, 422)
    if try_it is not None and "test" in request.POST:
        context["report"] = try_it(form)
        context["tested"] = card.key
        return _card(request, card.template, context, 422 if form.errors else 200)
    change = change_settings(SECTION, form.changes())
    undo = f"undo:{change.entry_id}" if change.entry_id else ""
    messages.success(request, f"{SECTION}: saved." if change.names else "Nothing was changed.", extra_tags=undo)
    if not wants_partial(request):
        return redirect("alerts:settings")
    return _card(request, card.template, {"saved_at": timezone.now(), "changed": True}, 200)


def _card(request: HttpRequest, template: str, context: dict[str, Any], status: int) -> HttpResponse:
    """The card alone for htmx, the whole page for everybody else."""
    whole = {**page_context(), **context}
    return render(request, template if wants_partial(request) else "tasks_app/alert_settings.html", whole, status=status)


def _only_administrators(request: HttpRequest) -> None:
    if not request.user.is_staff:
        raise PermissionDenied("Settings are for administrators.")
