"""Settings → General (50 §5.1)."""

import zoneinfo
from functools import cache

from django import forms
from django.core.exceptions import ValidationError

from ecm_site.settings_form import SettingsForm


@cache
def time_zones() -> tuple[str, ...]:
    """All names of the zone database, for suggestions."""
    return tuple(sorted(zoneinfo.available_timezones()))


class GeneralForm(SettingsForm):
    time_zone = forms.CharField(
        label="Time zone",
        required=False,
        max_length=64,
        help_text="Pages show times in this zone. Empty means UTC. Stored times stay UTC.",
        widget=forms.TextInput(attrs={"list": "time-zones", "autocomplete": "off", "placeholder": "Europe/Berlin"}),
    )

    @property
    def suggestions(self) -> dict[str, tuple[str, ...]]:
        """Lists that text fields of this page suggest from, by the id that the fields name."""
        return {"time-zones": time_zones()}

    def clean_time_zone(self) -> str:
        name: str = self.cleaned_data["time_zone"].strip()
        if name and name not in time_zones():
            raise ValidationError("There is no such time zone. Choose one from the list, such as Europe/Berlin.")
        return name
