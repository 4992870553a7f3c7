"""Settings → Dispatcharr (50 §5.1): where the server is and who ECM is to it."""

from django import forms
from django.core.exceptions import ValidationError

from ecm_site.conf import value_problem
from ecm_site.settings_form import SecretSetting, SettingChoice, SettingNumber, SettingsForm

AUTH_WORDS = {"password": "A user with a password", "api_key": "An API key"}


class DispatcharrForm(SettingsForm):
    dispatcharr_url = forms.CharField(
        label="Address",
        required=False,
        max_length=500,
        help_text="As you open it in the browser. Empty means that there is no server.",
        widget=forms.TextInput(
            attrs={"inputmode": "url", "autocomplete": "off", "placeholder": "http://192.168.1.10:9191", "spellcheck": "false"}
        ),
    )
    dispatcharr_auth = SettingChoice("dispatcharr_auth", AUTH_WORDS, label="Sign in with", widget=forms.RadioSelect)
    dispatcharr_user = forms.CharField(
        label="User",
        required=False,
        max_length=150,
        help_text="An administrator of Dispatcharr. Others may only read.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    dispatcharr_password = SecretSetting(label="Password", max_length=500)
    dispatcharr_api_key = SecretSetting(
        label="API key",
        max_length=500,
        help_text="From the user's page in Dispatcharr. It does not run out, and making a new one ends the old one.",
    )
    stats_poll_interval = SettingNumber(
        "stats_poll_interval",
        label="Look at what is being watched every (seconds)",
        help_text="5 to 300. The server is asked only while somebody has the dashboard or the channel manager open.",
    )

    def clean_dispatcharr_url(self) -> str:
        url: str = self.cleaned_data["dispatcharr_url"].strip().rstrip("/")
        problem = value_problem("dispatcharr_url", url)
        if problem:
            raise ValidationError(f"The address {problem}.")
        if "@" in url:
            raise ValidationError("Enter the user and the password below, not in the address.")
        return url
