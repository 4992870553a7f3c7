"""The bulk edit dialog: collects texts and choices; what they mean and whether they make sense, the use case says."""

from typing import Any

from django import forms

from channels_app.bulk_editing.command import BulkEdit
from channels_app.models import ChannelProfile, StreamProfile
from channels_app.number_changes import renames_with_numbers

MOST_TEXT = 20_000  # characters of a box that are looked at; the use case then says what is too long
_PLAIN = {"autocomplete": "off", "spellcheck": "false"}
_LEAVE = ("", "Leave as is")


def _text(label: str, **attributes: str) -> forms.CharField:
    widget = forms.TextInput(attrs={**_PLAIN, "class": "form-control", **attributes})
    return forms.CharField(label=label, required=False, strip=False, max_length=MOST_TEXT, widget=widget)


def _choice(label: str, *choices: tuple[str, str]) -> forms.ChoiceField:
    widget = forms.Select(attrs={"class": "form-select"})
    return forms.ChoiceField(label=label, required=False, choices=[_LEAVE, *choices], widget=widget)


def _check(label: str) -> forms.BooleanField:
    widget = forms.CheckboxInput(attrs={"class": "form-check-input"})
    return forms.BooleanField(label=label, required=False, widget=widget)


class BulkEditForm(forms.Form):
    """Fields are called like those of :class:`BulkEdit`; ``profile_<id>`` is "on" or "off"."""

    find = _text("Find", autofocus="autofocus")
    replacement = _text("Replace with")
    is_pattern = _check("Regular expression; $1 is what the first brackets found")
    match_case = _check("Match case")
    letters = _choice("Letters", ("upper", "ALL CAPITALS"), ("lower", "all small"), ("title", "Each Word Begins Large"))
    tidy = _check("Remove double spaces")
    front = _text("Put in front")
    behind = _text("Put behind")

    group = _choice("Group", ("set", "Move to"), ("none", "Uncategorized"))
    group_value = _text("Group to move to", list="group-names", placeholder="Choose, or type a new name")
    number = _choice("Number", ("start", "Count up from"), ("shift", "Shift by"), ("clear", "Remove"))
    number_value = _text("Number or distance", inputmode="text", placeholder="101, or +100, or -5")
    update_names = _check("Update numbers in names")

    tvg_id = _choice("TVG-ID", ("set", "Set to"), ("clear", "Clear"))
    tvg_id_value = _text("New TVG-ID", placeholder="{compact}.uk")
    guide = _choice(
        "Guide entry", ("tvg_id", "Find by TVG-ID"), ("clear", "Clear"), ("none", "Clear: these channels have no guide")
    )
    lock = _choice("Automatic guide matching", ("on", "Must not change the entry"), ("off", "May change the entry"))
    gracenote_id = _choice("Gracenote id", ("set", "Set to"), ("clear", "Clear"))
    gracenote_id_value = _text("New Gracenote id")

    logo = _choice("Logo", ("set", "Set to"), ("stream", "Take from the first stream that has one"), ("clear", "Clear"))
    logo_value = _text("New logo address", inputmode="url", placeholder="https://")
    stream_profile = _choice("Stream profile")
    hidden = _choice("Players", ("on", "Hide from players"), ("off", "Show to players"))

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        self.initial.setdefault("update_names", renames_with_numbers())
        stream_profiles = StreamProfile.objects.filter(is_active=True).order_by("name").values_list("pk", "name")
        known = [(str(pk), name) for pk, name in stream_profiles]
        self.fields["stream_profile"].choices = [_LEAVE, ("default", "Default"), *known]  # type: ignore[attr-defined]
        self.profile_names: dict[str, str] = {}
        for pk, name in ChannelProfile.objects.order_by("name").values_list("pk", "name"):
            self.profile_names[f"profile_{pk}"] = name
            self.fields[f"profile_{pk}"] = _choice(name, ("on", "Enable"), ("off", "Disable"))
        for name, field in self.fields.items():  # every field has a place for what is wrong with it
            field.widget.attrs["aria-describedby"] = f"be-error-{name}"

    @property
    def profile_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.profile_names]

    def command(self) -> BulkEdit:
        """What was asked for. A choice that is not in its list stays as it was sent, for the use case to refuse."""
        values: dict[str, Any] = {}
        for name in BulkEdit.__dataclass_fields__:
            if name in self.fields:
                values[name] = self.cleaned_data[name] if name in self.cleaned_data else self[name].value() or ""
        for switch, state in (("enable", "on"), ("disable", "off")):
            chosen = (name for name in self.profile_names if self.cleaned_data.get(name) == state)
            values[switch] = tuple(int(name.removeprefix("profile_")) for name in chosen)
        return BulkEdit(**values)
