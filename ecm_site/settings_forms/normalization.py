"""Settings → Normalization: which parts of the built-in name knowledge are used (10 §11, §12)."""

from django import forms

from ecm_site.settings_form import SettingChoice, SettingsForm

COUNTRIES = {
    "leave": "leave it as it stands",
    "keep": "spell it the same everywhere: US: News → US | News",
    "strip": "take it off: US: News → News",
}


class NormalizationForm(SettingsForm):
    normalize_on_channel_create = forms.BooleanField(
        label="Normalize the names of new channels",
        required=False,
        help_text="What the dialogs that make channels are set to when they open.",
    )
    normalize_quality = forms.BooleanField(
        label="Take quality words off the end", required=False, help_text="News HD, News 1080p, News ᵁᴴᴰ → News"
    )
    normalize_network_suffix = forms.BooleanField(
        label="Take remarks off the end",
        required=False,
        help_text="News (ENGLISH), News [LIVE], News RAW → News. More words: Channel Defaults.",
    )
    normalize_network_prefix = forms.BooleanField(
        label="Take network and sports words off the beginning",
        required=False,
        help_text="NFL: Arizona Cardinals → Arizona Cardinals. More words: Channel Defaults.",
    )
    normalize_country = SettingChoice("normalize_country", COUNTRIES, label="A country in front")
