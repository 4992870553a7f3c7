"""Dialogs of the channel manager. They collect text; what is allowed is decided by the use cases, whose sentences come back."""

from collections.abc import Mapping
from typing import Any

from django import forms

from channels_app.errors import EditRefused
from channels_app.models import Channel
from channels_app.numbering import format_number

_PLAIN = {"autocomplete": "off", "spellcheck": "false"}
GROUP_HELP = "Choose a group or type a new name. Empty means Uncategorized."


def refuse_in(form: forms.Form, error: EditRefused, names: dict[str, str] | None = None) -> None:
    """Put the sentences of a refusal beside their fields; ``names`` maps field names of use cases to those of the form."""
    for name, sentence in error.problems.items():
        field = (names or {}).get(name, name)
        form.add_error(field if field in form.fields else None, sentence)


class ChannelForm(forms.Form):
    """One channel, for creating and editing. The group is a text: a new name makes a new group."""

    number = forms.CharField(required=False, widget=forms.TextInput(attrs={**_PLAIN, "inputmode": "decimal"}))
    name = forms.CharField(required=False, widget=forms.TextInput(attrs={**_PLAIN, "autofocus": True, "required": True}))
    group = forms.CharField(
        required=False, help_text=GROUP_HELP, widget=forms.TextInput(attrs={**_PLAIN, "list": "group-names"})
    )
    tvg_id = forms.CharField(label="TVG-ID", required=False, widget=forms.TextInput(attrs=_PLAIN))
    gracenote_id = forms.CharField(label="Gracenote id", required=False, widget=forms.TextInput(attrs=_PLAIN))
    logo_url = forms.CharField(
        label="Logo address",
        required=False,
        widget=forms.TextInput(attrs={**_PLAIN, "inputmode": "url", "placeholder": "https://"}),
    )
    guide_entry = forms.CharField(required=False, widget=forms.HiddenInput)
    stream_profile = forms.CharField(
        label="Stream profile", required=False, widget=forms.Select, help_text="How the streams of this channel are played."
    )
    no_epg = forms.BooleanField(label="This channel has no guide", required=False)
    epg_locked = forms.BooleanField(label="Automatic matching must not change the guide entry", required=False)
    is_hidden = forms.BooleanField(
        label="Hidden", required=False, help_text="A hidden channel stays in the lineup here but is not published."
    )

    @classmethod
    def for_channel(cls, channel: Channel) -> "ChannelForm":
        return cls(initial=shown_values(channel))

    def differs(self, name: str, base: Mapping[str, object]) -> bool:
        """Whether the field holds something else than the dialog showed at first; True when that is not known."""
        if name not in base:
            return True
        value, shown = self.cleaned_data[name], base[name]
        return value is not shown if isinstance(value, bool) else value.strip() != str(shown).strip()

    def changes(self, base: Mapping[str, object]) -> dict[str, object]:
        """The values that differ from ``base`` (:func:`shown_values`), as a use case takes them, except the group.

        Only these: what somebody else changed meanwhile is not put back by a dialog that shows the old value (10 §7.2).
        """
        values: dict[str, Any] = {name: self.cleaned_data[name] for name in _SAME_NAME if self.differs(name, base)}
        if self.differs("guide_entry", base) or self.differs("no_epg", base):
            values["guide_entry_id"] = None if self.cleaned_data["no_epg"] else self.cleaned_data["guide_entry"]
        if "stream_profile" in self.data and self.differs("stream_profile", base):
            values["stream_profile_id"] = self.cleaned_data["stream_profile"]
        return values


def shown_values(channel: Channel) -> dict[str, str | bool]:
    """What the dialog of a channel shows at first, field by field."""
    return {
        "number": format_number(channel.number),
        "name": channel.name,
        "group": channel.group.name if channel.group else "",
        "tvg_id": channel.tvg_id,
        "gracenote_id": channel.gracenote_id,
        "logo_url": channel.logo_url,
        "guide_entry": str(channel.guide_entry_id or ""),
        "stream_profile": str(channel.stream_profile_id or ""),
        "no_epg": channel.no_epg,
        "epg_locked": channel.epg_locked,
        "is_hidden": channel.is_hidden,
    }


_SAME_NAME = ("number", "name", "tvg_id", "gracenote_id", "logo_url", "no_epg", "epg_locked", "is_hidden")
CHANNEL_FORM_NAMES = {"group_id": "group", "guide_entry_id": "guide_entry", "stream_profile_id": "stream_profile"}


class NewChannelForm(forms.Form):
    """The few fields of a channel made by hand (10 §7.1)."""

    name = forms.CharField(required=False, widget=forms.TextInput(attrs={**_PLAIN, "autofocus": True, "required": True}))
    number = forms.CharField(required=False, widget=forms.TextInput(attrs={**_PLAIN, "inputmode": "decimal"}))
    group = forms.CharField(
        required=False, help_text=GROUP_HELP, widget=forms.TextInput(attrs={**_PLAIN, "list": "group-names"})
    )
    number_in_name = forms.BooleanField(label="Put the number into the name", required=False)
    normalize = forms.BooleanField(
        label="Normalize the name", required=False, help_text="As chosen under Settings, Normalization."
    )


class GroupForm(forms.Form):
    name = forms.CharField(
        label="Group name", required=False, widget=forms.TextInput(attrs={**_PLAIN, "autofocus": True, "required": True})
    )


class MoveForm(forms.Form):
    """Move between groups (10 §8.5)."""

    group = forms.ChoiceField(label="To")
    numbers = forms.ChoiceField(
        label="Numbers",
        widget=forms.RadioSelect,
        choices=[
            ("keep", "Keep the current numbers"),
            ("suggested", "Suggested"),
            ("custom", "Start from a number of your own"),
        ],
    )
    start = forms.CharField(
        label="Starting number", required=False, widget=forms.TextInput(attrs={**_PLAIN, "inputmode": "decimal"})
    )
    close_gaps = forms.BooleanField(label="Close the gaps in the source group", required=False)


class RenumberForm(forms.Form):
    """Renumber a selection (10 §8.8)."""

    start = forms.CharField(
        label="Starting number",
        required=False,
        widget=forms.TextInput(attrs={**_PLAIN, "inputmode": "decimal", "autofocus": True}),
    )
    push_others = forms.BooleanField(label="Move others that are in the way right behind", required=False)
    update_names = forms.BooleanField(label="Update numbers in names", required=False)
