"""Settings → Playlists (20 §3.7)."""

from collections.abc import Mapping
from typing import Any

from django import forms

from ecm_site.conf import IDENTITY_FIELDS, EcmSettings
from ecm_site.settings_form import SettingNumber, SettingsForm
from m3u_app.models import Stream

IDENTITY_WORDS = {
    "name": "Name",
    "url": "Address",
    "tvg_id": "Guide id (tvg-id)",
    "m3u_id": "Provider's own id",
    "group": "Group",
}


class PlaylistForm(SettingsForm):
    stream_identity = forms.MultipleChoiceField(
        label="A stream is the same one when these are the same",
        choices=[(name, IDENTITY_WORDS[name]) for name in IDENTITY_FIELDS],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one; otherwise all streams would be the same."},
        help_text="Decides whether a refresh recognises a stream and keeps it on its channels. Xtream accounts use the "
        "provider's own id in place of the address.",
    )
    fetch_max_megabytes = SettingNumber("fetch_max_megabytes", label="Largest download (MB)")
    extracted_max_megabytes = SettingNumber(
        "extracted_max_megabytes",
        label="Largest unpacked file (MB)",
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
