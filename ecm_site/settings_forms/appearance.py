"""Settings → Appearance (50 §5.6)."""

from django import forms

from ecm_site.settings_form import SettingChoice, SettingsForm

THEME_WORDS = {
    "dark": "Dark",
    "light": "Light",
    "high-contrast": "High contrast",
    "system": "Like the device of whoever looks",
}


class AppearanceForm(SettingsForm):
    theme = SettingChoice(
        "theme",
        THEME_WORDS,
        label="Colours",
        widget=forms.RadioSelect(attrs={"data-theme-preview": ""}),
        help_text="For everybody who has not chosen colours in the menu at the top, and for the sign-in page.",
    )
    show_stream_urls = forms.BooleanField(
        label="Show stream addresses in the channel manager",
        required=False,
        help_text="Switch it off before taking screenshots. Hidden addresses are not in the page at all.",
    )
    hide_m3u_urls = forms.BooleanField(label="Hide playlist addresses on the M3U pages", required=False)
    hide_epg_urls = forms.BooleanField(label="Hide guide addresses on the Guide pages", required=False)
