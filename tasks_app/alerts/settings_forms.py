"""The forms of Settings → Notification Settings that change the settings record (50 §4.5, §5.7)."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from ecm_site.conf import EcmSettings
from ecm_site.settings_form import SecretSetting, SettingNumber, SettingsForm
from tasks_app.alerts import mail_server
from tasks_app.alerts.addresses import is_address
from tasks_app.alerts.channel import InvalidMethod
from tasks_app.alerts.channels.discord import checked_webhook
from tasks_app.alerts.channels.telegram import checked_chat, checked_token
from tasks_app.alerts.check_server import checked_server

SECTION = "Notification Settings"
_PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}


class MailServerForm(SettingsForm):
    """One choice for the encryption; the record has two switches, of which never both are on."""

    smtp_host = forms.CharField(
        label="Server",
        required=False,
        max_length=253,
        widget=forms.TextInput(attrs={**_PLAIN, "placeholder": "smtp.example.org"}),
    )
    smtp_port = SettingNumber("smtp_port", label="Port")
    security = forms.ChoiceField(label="Encryption", choices=mail_server.SECURITY)
    smtp_use_tls = forms.BooleanField(required=False)
    smtp_use_ssl = forms.BooleanField(required=False)
    smtp_user = forms.CharField(
        label="User", required=False, max_length=255, widget=forms.TextInput(attrs=_PLAIN), help_text="Empty = no login."
    )
    smtp_password = SecretSetting(label="Password", max_length=500)
    smtp_from_email = forms.CharField(
        label="Sender's address",
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={**_PLAIN, "placeholder": "ecm@example.org"}),
    )
    smtp_from_name = forms.CharField(label="Sender's name", required=False, max_length=100)
    recipient = forms.CharField(
        label="Send the test to",
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={**_PLAIN, "placeholder": "you@example.org"}),
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, current: EcmSettings) -> None:
        super().__init__(data, current=current)
        self.initial["security"] = (
            mail_server.SSL if current.smtp_use_ssl else mail_server.STARTTLS if current.smtp_use_tls else mail_server.NONE
        )

    def clean(self) -> dict[str, Any]:
        security = self.cleaned_data.get("security")
        self.cleaned_data["smtp_use_tls"] = security == mail_server.STARTTLS
        self.cleaned_data["smtp_use_ssl"] = security == mail_server.SSL
        self.cleaned_data["smtp_host"] = self.cleaned_data.get("smtp_host", "").lower()
        values = super().clean()
        if not self.errors:
            try:
                checked_server(self.server())
            except InvalidMethod as error:
                self.add_error(error.field, str(error))
        if values.get("smtp_user") and not (values.get("smtp_password") or self.is_configured("smtp_password")):
            self.add_error(
                "smtp_password", "A user without a password is not logged in. Enter the password, or remove the user."
            )
        return values

    def clean_recipient(self) -> str:
        recipient: str = self.cleaned_data["recipient"].strip()
        if recipient and not is_address(recipient):
            raise ValidationError("This is not an e-mail address. Write it as name@example.org.")
        return recipient

    def server(self) -> mail_server.MailServer:
        """The server as it would be saved; also for testing it unsaved (A-8)."""
        values = self.cleaned_data
        removed = values.get("remove_smtp_password")
        return mail_server.MailServer(
            host=values.get("smtp_host", ""),
            port=values.get("smtp_port") or 0,
            security=values.get("security", ""),
            user=values.get("smtp_user", ""),
            password="" if removed else values.get("smtp_password") or self.current.smtp_password,
            from_email=values.get("smtp_from_email", ""),
            from_name=values.get("smtp_from_name", ""),
        )


class DiscordForm(SettingsForm):
    discord_webhook_url = SecretSetting(
        label="Webhook address",
        max_length=500,
        help_text="In Discord: channel settings → Integrations → Webhooks → Copy webhook URL.",
    )

    def clean_discord_webhook_url(self) -> str:
        return _checked(checked_webhook, self.cleaned_data["discord_webhook_url"])


class TelegramForm(SettingsForm):
    telegram_bot_token = SecretSetting(label="Bot token", max_length=200, help_text="From @BotFather in Telegram.")
    telegram_chat_id = forms.CharField(
        label="Chat",
        required=False,
        max_length=64,
        widget=forms.TextInput(attrs={**_PLAIN, "placeholder": "-1001234567890"}),
        help_text="The number of the chat or group, or @name of a public channel.",
    )

    def clean_telegram_bot_token(self) -> str:
        return _checked(checked_token, self.cleaned_data["telegram_bot_token"])

    def clean_telegram_chat_id(self) -> str:
        return _checked(checked_chat, self.cleaned_data["telegram_chat_id"])


class DigestForm(SettingsForm):
    alert_digest_seconds = SettingNumber(
        "alert_digest_seconds",
        label="Collect alerts for (seconds)",
        help_text="Alerts of this long become one message. 0 sends each at once. At most one message goes out in 5 seconds,"
        " and 30 an hour, to each method; what is more is put together.",
    )


class RecipientsForm(forms.Form):
    to_emails = forms.CharField(
        label="Addresses",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(
            attrs={**_PLAIN, "rows": 2, "data-recipients": "", "placeholder": "you@example.org, me@example.org"}
        ),
        help_text="With commas between; semicolons and line breaks are turned into commas. Empty = no e-mail alerts.",
    )


def _checked(check: Any, value: str) -> str:
    try:
        return str(check(value)) if value else ""
    except InvalidMethod as error:
        raise ValidationError(str(error)) from error
