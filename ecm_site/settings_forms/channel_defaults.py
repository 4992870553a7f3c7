"""Settings → Channel Defaults (50 §5.2, 10 §1.3)."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from ecm_site.settings_form import SettingChoice, SettingsForm

NUMBER_SEPARATORS = {"-": "dash: 101 - News", ":": "colon: 101: News", "|": "bar: 101 | News"}
COUNTRY_SEPARATORS = {"-": "dash: US - News", ":": "colon: US: News", "|": "bar: US | News"}
EDITIONS = {"both": "make a channel of each", "east": "use East", "west": "use West"}


class ChannelDefaultsForm(SettingsForm):
    include_channel_number_in_name = forms.BooleanField(label="Put the channel number in front of new names", required=False)
    channel_number_separator = SettingChoice("channel_number_separator", NUMBER_SEPARATORS, label="Between number and name")
    auto_rename_channel_number = forms.BooleanField(
        label="Renumbering a channel also changes the number inside its name", required=False
    )
    remove_country_prefix = forms.BooleanField(
        label="Take country prefixes off new names", required=False, help_text="US: News → News"
    )
    include_country_in_name = forms.BooleanField(
        label="Keep the country, spelt the same everywhere", required=False, help_text="[US] News and US - News → US | News"
    )
    country_separator = SettingChoice("country_separator", COUNTRY_SEPARATORS, label="Between country and name")
    timezone_preference = SettingChoice("timezone_preference", EDITIONS, label="When a station has an East and a West edition")
    custom_network_prefixes = forms.CharField(
        label="More words to take off the beginning of names",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="One a line.",
    )
    custom_network_suffixes = forms.CharField(
        label="More words to take off the end of names",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="One a line.",
    )
    longest_list: ClassVar[int] = 200

    @staticmethod
    def to_form(name: str, value: Any) -> Any:
        return "\n".join(value) if name.startswith("custom_") else value

    def clean_custom_network_prefixes(self) -> tuple[str, ...]:
        return self._lines("custom_network_prefixes")

    def clean_custom_network_suffixes(self) -> tuple[str, ...]:
        return self._lines("custom_network_suffixes")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("remove_country_prefix") and values.get("include_country_in_name"):
            self.add_error("include_country_in_name", "Either take the country off or keep it; both cannot be.")
        return values

    def _lines(self, name: str) -> tuple[str, ...]:
        lines = tuple(dict.fromkeys(line.strip() for line in self.cleaned_data[name].splitlines() if line.strip()))
        if len(lines) > self.longest_list:
            raise ValidationError(f"At most {self.longest_list} lines; there are {len(lines)}.")
        if any(len(line) > 50 for line in lines):
            raise ValidationError("A line may have at most 50 characters.")
        return lines
