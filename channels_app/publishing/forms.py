"""Forms of the publishing page."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from channels_app.publishing.base_address import BASE_ADDRESS
from channels_app.publishing.output_tokens import LABEL_LENGTH
from ecm_site.conf import EcmSettings


class OutputForm(forms.Form):
    """Fields are named as in the settings record."""

    output_access = forms.ChoiceField(
        label="Who may fetch the lineup",
        choices=[
            ("lan", "Devices in the local network"),
            ("token", "Whoever has a token in the address"),
            ("open", "Everybody who reaches this server"),
        ],
        widget=forms.RadioSelect,
        help_text="“Everybody” also means strangers, if this server can be reached from the internet.",
    )
    public_base_url = forms.CharField(
        label="Public address",
        required=False,
        max_length=200,
        help_text="How players reach this server, such as http://192.168.1.10:6100. Empty = the address they used.",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": "url", "placeholder": "http://"}
        ),
    )
    output_tvg_id_source = forms.ChoiceField(
        label="Guide id of channels",
        choices=[
            ("tvg_id", "TVG-ID of the channel"),
            ("channel_number", "Channel number"),
            ("gracenote", "Gracenote station id"),
        ],
        help_text="Joins playlist and guide. Where a channel has none, its TVG-ID, number or own id is used.",
    )
    output_direct_urls = forms.BooleanField(
        label="Allow playlists with provider addresses",
        required=False,
        help_text="With ?direct=true a playlist then holds the providers' addresses, your logins included.",
    )

    def __init__(self, *args: Any, current: EcmSettings, **kwargs: Any) -> None:
        kwargs["initial"] = {name: getattr(current, name) for name in self.base_fields}
        super().__init__(*args, **kwargs)

    def clean_public_base_url(self) -> str:
        text: str = self.cleaned_data["public_base_url"].strip().rstrip("/")
        if text and not BASE_ADDRESS.fullmatch(text):
            raise ValidationError(
                "Use a form such as http://192.168.1.10:6100 or https://tv.example.org, without user or query."
            )
        return text


class TokenForm(forms.Form):
    label = forms.CharField(
        label="Who or what uses it",
        max_length=LABEL_LENGTH,
        help_text="For example “Kodi, living room”. Each device its own token: it can then be revoked alone.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
        error_messages={"required": "Give the token a name, so that you know later who uses it."},
    )
