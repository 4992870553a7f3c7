"""The form of a custom stream."""

from django import forms

from m3u_app.custom_streams import SCHEMES, CustomStream, CustomStreamRefused

_PLAIN = {"autocomplete": "off", "spellcheck": "false"}


class CustomStreamForm(forms.Form):
    name = forms.CharField(required=False, widget=forms.TextInput(attrs={**_PLAIN, "autofocus": True, "required": True}))
    url = forms.CharField(
        label="Address",
        required=False,
        help_text=f"Any of {', '.join(SCHEMES)}. A local multicast address looks like udp://@239.1.2.3:5000.",
        widget=forms.TextInput(attrs={**_PLAIN, "inputmode": "url", "required": True}),
    )
    group = forms.CharField(required=False, widget=forms.TextInput(attrs=_PLAIN), help_text="Only for telling them apart.")
    tvg_id = forms.CharField(label="TVG-ID", required=False, widget=forms.TextInput(attrs=_PLAIN))
    logo_url = forms.CharField(
        label="Logo address",
        required=False,
        widget=forms.TextInput(attrs={**_PLAIN, "inputmode": "url", "placeholder": "https://"}),
    )

    def values(self) -> CustomStream:
        """What was typed; it is checked by the use case."""
        self.is_valid()
        return CustomStream(**{name: self.cleaned_data.get(name, "") for name in self.fields})

    def refuse(self, refusal: CustomStreamRefused) -> None:
        for name, sentence in refusal.errors.items():
            self.add_error(name if name in self.fields else None, sentence)
