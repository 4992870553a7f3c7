"""Dialogs of the channel manager. They collect text; what is allowed is decided by the use cases, whose sentences come back."""

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
    no_epg = forms.BooleanField(label="This channel has no guide", required=False)
    epg_locked = forms.BooleanField(label="Automatic matching must not change the guide entry", required=False)
    is_hidden = forms.BooleanField(
        label="Hidden", required=False, help_text="A hidden channel stays in the lineup here but is not published."
    )

    @classmethod
    def for_channel(cls, channel: Channel) -> "ChannelForm":
        return cls(
            initial={
                "number": format_number(channel.number),
                "name": channel.name,
                "group": channel.group.name if channel.group else "",
                "tvg_id": channel.tvg_id,
                "gracenote_id": channel.gracenote_id,
                "logo_url": channel.logo_url,
                "guide_entry": channel.guide_entry_id or "",
                "no_epg": channel.no_epg,
                "epg_locked": channel.epg_locked,
                "is_hidden": channel.is_hidden,
            }
        )

    def changes(self) -> dict[str, object]:
        """The values as a use case takes them, except the group."""
        values: dict[str, Any] = {name: self.cleaned_data[name] for name in _SAME_NAME}
        values["guide_entry_id"] = None if values["no_epg"] else self.cleaned_data["guide_entry"]
        return values


_SAME_NAME = ("number", "name", "tvg_id", "gracenote_id", "logo_url", "no_epg", "epg_locked", "is_hidden")
CHANNEL_FORM_NAMES = {"group_id": "group", "guide_entry_id": "guide_entry"}


class NewChannelForm(forms.Form):
    """The few fields of a channel made by hand (10 §7.1)."""

    name = forms.CharField(required=False, widget=forms.TextInput(attrs={**_PLAIN, "autofocus": True, "required": True}))
    number = forms.CharField(required=False, widget=forms.TextInput(attrs={**_PLAIN, "inputmode": "decimal"}))
    group = forms.CharField(
        required=False, help_text=GROUP_HELP, widget=forms.TextInput(attrs={**_PLAIN, "list": "group-names"})
    )
    number_in_name = forms.BooleanField(label="Put the number into the name", required=False)


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
