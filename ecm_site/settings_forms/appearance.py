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
    hide_auto_sync_groups = forms.BooleanField(
        label="Leave groups of auto-sync out of the channel manager",
        required=False,
        help_text="Everybody can show them again with the filter of the channel list.",
    )
    hide_ungrouped_streams = forms.BooleanField(
        label="Leave streams without a group out of the stream list",
        required=False,
        help_text="Only where the provider has groups as well. A search finds these streams anyway.",
    )
    cache_logos = forms.BooleanField(
        label="Keep small copies of logos",
        required=False,
        help_text="Pages load them from here, quickly. Off: each browser loads the originals from where providers put them.",
    )
    hide_m3u_urls = forms.BooleanField(label="Hide playlist addresses on the M3U pages", required=False)
    hide_epg_urls = forms.BooleanField(label="Hide guide addresses on the Guide pages", required=False)
