"""The settings pages: one form a page, each field named as in the settings record (50 §5)."""

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from ecm_site.conf import IDENTITY_FIELDS, RANGES, EcmSettings
from m3u_app.models import Stream

IDENTITY_WORDS = {
    "name": "Name",
    "url": "Address",
    "tvg_id": "Guide id (tvg-id)",
    "m3u_id": "Provider's own id",
    "group": "Group",
}
SEPARATOR_CHOICES = [("-", "dash: 101 - News"), (":", "colon: 101: News"), ("|", "bar: 101 | News")]


@cache
def time_zones() -> tuple[str, ...]:
    """All names of the zone database, for suggestions."""
    return tuple(sorted(zoneinfo.available_timezones()))


class SettingsForm(forms.Form):
    """Filled from the record; only the fields of the form are saved, so no other setting can change (50 S-1)."""

    def __init__(self, data: Mapping[str, Any] | None = None, *, current: EcmSettings) -> None:
        super().__init__(data, initial={name: self.shown(name, getattr(current, name)) for name in self.base_fields})

    @staticmethod
    def shown(name: str, value: Any) -> Any:
        return "\n".join(value) if name.startswith("custom_") else value

    def changes(self) -> dict[str, Any]:
        """What to save, in the types of the record."""
        return {name: value for name, value in self.cleaned_data.items() if not self.fields[name].disabled}


class GeneralForm(SettingsForm):
    time_zone = forms.CharField(
        label="Time zone",
        required=False,
        max_length=64,
        help_text="Pages show times in this zone. Empty means UTC. Stored times stay UTC.",
        widget=forms.TextInput(attrs={"list": "time-zones", "autocomplete": "off", "placeholder": "Europe/Berlin"}),
    )
    show_stream_urls = forms.BooleanField(
        label="Show stream addresses in the channel manager",
        required=False,
        help_text="Switch it off before taking screenshots.",
    )
    hide_m3u_urls = forms.BooleanField(label="Hide playlist addresses on the M3U page", required=False)
    hide_epg_urls = forms.BooleanField(label="Hide guide addresses on the Guide page", required=False)

    def clean_time_zone(self) -> str:
        name: str = self.cleaned_data["time_zone"].strip()
        if name and name not in time_zones():
            raise ValidationError("There is no such time zone. Choose one from the list, such as Europe/Berlin.")
        return name


class GuideForm(SettingsForm):
    epg_keep_past_hours = forms.IntegerField(
        label="Keep past programmes for (hours)",
        min_value=RANGES["epg_keep_past_hours"][0],
        max_value=RANGES["epg_keep_past_hours"][1],
        help_text="Players with catch-up show what was on. 24 is enough for most.",
    )
    epg_keep_future_days = forms.IntegerField(
        label="Keep coming programmes for (days)",
        min_value=RANGES["epg_keep_future_days"][0],
        max_value=RANGES["epg_keep_future_days"][1],
        help_text="More days make the guide file larger and imports longer.",
    )


class PlaylistForm(SettingsForm):
    stream_identity = forms.MultipleChoiceField(
        label="A stream is the same one when these are the same",
        choices=[(name, IDENTITY_WORDS[name]) for name in IDENTITY_FIELDS],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one; otherwise all streams would be the same."},
        help_text="Decides whether a refresh recognises a stream and keeps it on its channels. Xtream accounts use the "
        "provider's own id in place of the address.",
    )
    fetch_max_megabytes = forms.IntegerField(
        label="Largest download (MB)", min_value=RANGES["fetch_max_megabytes"][0], max_value=RANGES["fetch_max_megabytes"][1]
    )
    extracted_max_megabytes = forms.IntegerField(
        label="Largest unpacked file (MB)",
        min_value=RANGES["extracted_max_megabytes"][0],
        max_value=RANGES["extracted_max_megabytes"][1],
        help_text="A small archive can unpack to something enormous; reading stops here.",
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, current: EcmSettings) -> None:
        super().__init__(data, current=current)
        if Stream.objects.exists():
            field = self.fields["stream_identity"]
            field.disabled = True
            field.help_text = (
                "Fixed while there are streams: with another choice the next refresh would take every stream for a new one "
                "and the channels would lose them. To change it, delete the accounts, choose, and add them again."
            )


class NamingForm(SettingsForm):
    include_channel_number_in_name = forms.BooleanField(label="Put the channel number in front of new names", required=False)
    channel_number_separator = forms.ChoiceField(label="Between number and name", choices=SEPARATOR_CHOICES)
    auto_rename_channel_number = forms.BooleanField(
        label="Renumbering a channel also changes the number inside its name", required=False
    )
    remove_country_prefix = forms.BooleanField(
        label="Take country prefixes off new names", required=False, help_text="US: News → News"
    )
    include_country_in_name = forms.BooleanField(
        label="Keep the country, spelt the same everywhere", required=False, help_text="[US] News and US - News → US | News"
    )
    country_separator = forms.ChoiceField(
        label="Between country and name", choices=[("-", "dash: US - News"), (":", "colon: US: News"), ("|", "bar: US | News")]
    )
    timezone_preference = forms.ChoiceField(
        label="When a station has an East and a West edition",
        choices=[("both", "make a channel of each"), ("east", "use East"), ("west", "use West")],
    )
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


@dataclass(frozen=True)
class SettingsPage:
    slug: str
    title: str
    icon: str
    form: type[SettingsForm]
    note: str = ""

    @property
    def url_name(self) -> str:
        return f"settings_{self.slug.replace('-', '_')}"


PAGES = (
    SettingsPage("general", "General", icon="adjustments", form=GeneralForm),
    SettingsPage(
        "channel-defaults",
        "Channel Defaults",
        icon="tag",
        form=NamingForm,
        note="What the bulk create dialog proposes. It can be changed there for one go; existing channels stay as they are.",
    ),
    SettingsPage(
        "guide", "Guide", icon="calendar-time", form=GuideForm, note="Takes effect with the next refresh of each guide source."
    ),
    SettingsPage("playlists", "Playlists", icon="playlist", form=PlaylistForm),
)


def find_page(slug: str) -> SettingsPage | None:
    return next((page for page in PAGES if page.slug == slug), None)
