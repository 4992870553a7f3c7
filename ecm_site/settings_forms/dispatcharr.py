"""Settings → Dispatcharr (50 §5.1): where the server is and who ECM is to it."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html

from ecm_site.conf import EcmSettings, is_same_address, value_problem
from ecm_site.dispatcharr.credentials import API_KEY, PASSWORD, Credentials
from ecm_site.settings_form import REMOVE, SecretSetting, SettingChoice, SettingNumber, SettingsForm
from tasks_app.mirror.state import is_connected

AUTH_WORDS = {"password": "A user with a password", "api_key": "An API key"}
SECRET_OF = {PASSWORD: "dispatcharr_password", API_KEY: "dispatcharr_api_key"}
TRIED = ("dispatcharr_url", "dispatcharr_auth", "dispatcharr_user", "dispatcharr_password", "dispatcharr_api_key")
"""The fields that a test is about."""
WITHOUT_SCHEME = re.compile(r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::\d+)?(?:/\S*)?", re.ASCII)
"""A host as people read it off their router: "192.168.1.10:9191"."""


class DispatcharrForm(SettingsForm):
    """A stored password or key goes with the address, the user and the method that it was entered for, and with no others: when
    one of these changes it has to be entered again. That holds for trying as well as for saving."""

    dispatcharr_url = forms.CharField(
        label="Address",
        required=False,
        max_length=500,
        help_text="As you open it in the browser. Empty means that there is no server; one that is mirrored is let go first.",
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
        help_text=(
            "5 to 300. The server is asked only while somebody has the dashboard, the channel manager or the page Being watched"
            " open."
        ),
    )

    def clean_dispatcharr_url(self) -> str:
        url: str = self.cleaned_data["dispatcharr_url"].strip().rstrip("/")
        if WITHOUT_SCHEME.fullmatch(url):
            url = f"http://{url}"  # what a server at home speaks
        problem = value_problem("dispatcharr_url", url)
        if problem:
            raise ValidationError(f"The address {problem}.")
        if "@" in url:
            raise ValidationError("Enter the user and the password below, not in the address.")
        if not url and is_connected():
            raise ValidationError(
                format_html(
                    'ECM mirrors a server and needs its address. <a class="text-decoration-underline" href="{}">Go back to'
                    " standalone</a> first; then it can be emptied.",
                    reverse("settings_switch", args=["leave"]),
                )
            )
        return url

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        name = SECRET_OF.get(values.get("dispatcharr_auth", ""))
        if name and not self.errors.keys() & set(TRIED):
            problem = self._secret_problem(name, values)
            if problem:
                self.add_error(name, problem)
        return values

    @property
    def tried(self) -> Credentials:
        """What a test uses: what was typed, and the stored secret where none was. Ask it of a form without errors in
        :data:`TRIED`."""
        values = self.cleaned_data
        auth = values["dispatcharr_auth"]
        secret = {name: values[name] or self._kept(name) for name in SECRET_OF.values()}
        return Credentials(
            auth=auth,
            user=values["dispatcharr_user"] if auth == PASSWORD else "",
            password=secret["dispatcharr_password"] if auth == PASSWORD else "",
            api_key=secret["dispatcharr_api_key"] if auth == API_KEY else "",
        )

    @property
    def is_as_stored(self) -> bool:
        """Whether what is tried is what is saved."""
        stored = Credentials.from_settings(self.current)
        same = self.cleaned_data["dispatcharr_url"] == self.current.dispatcharr_url
        if self.cleaned_data["dispatcharr_auth"] == API_KEY:
            return same and stored.auth == API_KEY and self.tried.api_key == stored.api_key
        return same and stored.auth == PASSWORD and (self.tried.user, self.tried.password) == (stored.user, stored.password)

    def tried_errors(self) -> dict[str, list[str]]:
        """What keeps the test from being made, by field."""
        return {name: [str(words) for words in self.errors[name]] for name in TRIED if name in self.errors}

    def _secret_problem(self, name: str, values: dict[str, Any]) -> str:
        """Why the secret ``name`` has to be entered, "" when it has not."""
        if not values["dispatcharr_url"] or values[name] or values.get(REMOVE.format(name)):
            return ""
        is_key = name == "dispatcharr_api_key"
        if not is_key and not values["dispatcharr_user"]:
            return ""  # an address alone: people sign in with it, ECM itself does not
        words = "API key" if is_key else "password"
        if not self.is_configured(name):
            return f"Enter the {words}."
        if not is_same_address(self.current.dispatcharr_url, values["dispatcharr_url"]):
            return f"Enter the {words} again: the address changed, and what is stored is not sent to another server."
        if self.current.dispatcharr_auth != values["dispatcharr_auth"]:
            return f"Enter the {words}: the way to sign in changed, and what is stored may be out of date."
        if not is_key and self.current.dispatcharr_user != values["dispatcharr_user"]:
            return "Enter the password: the user changed, and what is stored is that of another one."
        return ""

    def _kept(self, name: str) -> str:
        """The stored secret, unless it is to be removed. :meth:`clean` has made sure that it may be used."""
        if self.cleaned_data.get(REMOVE.format(name)):
            return ""
        return str(getattr(self.current, name))


class FirstConnectionForm(DispatcharrForm):
    """The same, where somebody connects for the first time: an address has to be given, and nothing else is asked."""

    stats_poll_interval = None  # type: ignore[assignment]  # Django's way to leave an inherited field out

    def __init__(self, data: Mapping[str, Any] | None = None, *, current: EcmSettings) -> None:
        super().__init__(data, current=current)
        self.fields["dispatcharr_url"].help_text = "As you open it in the browser."

    def clean_dispatcharr_url(self) -> str:
        url = super().clean_dispatcharr_url()
        if not url:
            raise ValidationError("Enter the address of the server.")
        return url

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if values.get("dispatcharr_auth") == PASSWORD and not values.get("dispatcharr_user") and "dispatcharr_user" in values:
            self.add_error("dispatcharr_user", "Enter the user.")
        return values
